"""A full house: a telephone caller is told in words, others by their close code."""

from __future__ import annotations

import asyncio

import pytest

from server.settings import ServerSettings
from server.wires.audiosocket import AudioSocketWire
from server.wires.closing import CloseCode
from server.wires.realtime import RealtimeWire
from server.wires.twilio import TwilioWire
from tests.server.fakes import Broken
from tests.server.phones import AsteriskPhone, TwilioPhone
from tests.server.realtime_client import Client
from tests.server.virtual import over

NO_ROOM = ServerSettings(slots=0)
BUSY_S = 0.8 + 1.7 + 0.9  # at 0.02 s a character, in whole tenths


async def waits(phone, _):
    await phone.listen(6.0)


@pytest.mark.parametrize(
    ("phone", "wire"),
    [
        (TwilioPhone, TwilioWire),
        (AsteriskPhone, lambda: AudioSocketWire(lambda uuid: True)),
    ],
    ids=["twilio", "audiosocket"],
)
def test_a_telephone_caller_is_told_in_words(phone, wire):
    line = phone()
    ended = over(line, wire(), waits, NO_ROOM)
    assert ended.code is CloseCode.TRY_LATER
    assert line.heard_s() == pytest.approx(BUSY_S, abs=0.1)


def test_without_a_voice_the_call_is_refused_all_the_same():
    line = TwilioPhone()
    assert over(line, TwilioWire(), waits, NO_ROOM, voice=Broken()).code is CloseCode.TRY_LATER
    assert line.heard_s() == 0.0


def test_a_client_that_reads_codes_is_refused_at_once():
    client = Client(session={})

    async def work(client, _):
        await asyncio.sleep(0.1)
        [error] = client.of("error")
        assert error["error"]["code"] == "1013"

    assert over(client, RealtimeWire("sess_1"), work, NO_ROOM).code is CloseCode.TRY_LATER
    assert client.played == []
