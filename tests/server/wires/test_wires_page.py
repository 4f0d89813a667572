"""``docs/wires.md`` says what the code does: doors, limits, events."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secousti.settings import load_settings
from server.call import PERSON_DIGIT
from server.doors import DOORS
from server.settings import WIRES, ServerSettings
from server.wires import audiosocket, realtime, twilio
from server.wires.asterisk import SUBPROTOCOL
from server.wires.twilio import MARK_MS, place_name

PAGE = (Path(__file__).parents[3] / "docs" / "wires.md").read_text()


def test_every_door_is_on_the_page_and_every_path_there_is_a_door():
    assert set(re.findall(r"^\| [\w ,]+ \| `(/[\w/]+)` \|", PAGE, re.MULTILINE)) == set(DOORS)


def test_the_settings_know_the_same_doors():
    assert tuple(path.rpartition("/")[2] for path in DOORS) == WIRES == load_settings().wires


@pytest.mark.parametrize("event", list(realtime.RealtimeWire("x")._handlers))
def test_every_client_event_is_on_the_page(event):
    section = PAGE[PAGE.index("## OpenAI Realtime") :]
    assert f"`{event}`" in section or f"`{event.rpartition('.')[2]}`" in section


def test_the_numbers_are_those_of_the_code():
    limits = twilio.LIMITS
    assert limits == audiosocket.LIMITS
    assert f"over {limits.message_bytes // 1024} KiB is close 1009" in PAGE
    assert f"{limits.bytes_per_s // 1024:.0f} KiB or {limits.audio_per_s} s of sound" in PAGE
    assert f"({limits.burst_s:.0f} s saved up)" in PAGE
    assert f"every {MARK_MS} ms" in PAGE
    assert place_name(1, 200) == "1:200"
    assert f"`lead_ms` ({ServerSettings().lead_ms} ms)" in PAGE
    assert f"**Key {PERSON_DIGIT}**" in PAGE
    assert f"at most {realtime.LIMITS.message_bytes // 2**20} MiB a message" in PAGE
    assert realtime.LIMITS.audio_per_s == 10  # "ten times real time"
    assert f"protocols = {SUBPROTOCOL}" in PAGE
