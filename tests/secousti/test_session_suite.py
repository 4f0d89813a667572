"""The suite of whole calls: what it counts, and that a call that breaks fails and nothing more.

The calls themselves take two minutes of real time: ``secousti eval session`` holds them.
"""

from __future__ import annotations

import asyncio
import base64
import json

import pytest
from websockets.asyncio.server import serve

from secousti import session_suite
from secousti.__main__ import main
from secousti.bench.far_ends import TwilioEnd
from secousti.session_suite import (
    SILENT_FRAME,
    Check,
    Stage,
    _listened,
    _safely,
    _share,
    dial,
    run_session,
)
from voice_agent.evaluate.suites.options import Options


@pytest.mark.parametrize(
    ("heard", "share"), [("I can not sleep", 1.0), ("I, can; SLEEP!", 0.75), ("", 0.0)]
)
def test_words_heard_are_a_share_of_those_said(heard, share):
    assert _share("I can not sleep.", heard) == share


def test_a_call_that_breaks_is_one_failed_check():
    async def _torn(stage):
        raise ConnectionResetError("torn")

    (check,) = asyncio.run(_safely(_torn, Stage(0, None, None, [], [])))
    assert (check.name, check.passed) == ("torn", False)
    assert "ConnectionResetError: torn" in check.told


def test_the_report_has_every_check_and_its_numbers(monkeypatch, tmp_path):
    async def held(settings):
        assert settings.llm_url == session_suite.DOWN
        return [Check("one", True, "came", {"sound, s": 2.5}), Check("two", False, "no answer")]

    monkeypatch.setattr(session_suite, "_hold", held)
    report = run_session(tmp_path, Options())
    assert report.n == 2
    values = {name: score.value for name, score in report.scores.items()}
    assert values == {"one": 1.0, "two": 0.0, "one: sound, s": 2.5}


def test_only_sound_of_a_telephone_counts(monkeypatch):
    """160 bytes are 20 ms of mu-law; 0xFF is its silence."""
    monkeypatch.setattr(session_suite, "PHONE_S", 1.0)

    async def speak(phone):
        for byte in (b"\x00", b"\xff", b"\x80"):
            payload = base64.b64encode(byte * 160).decode()
            await phone.send(json.dumps({"event": "media", "media": {"payload": payload}}))
        await phone.send(json.dumps({"event": "mark"}))
        async for _ in phone:  # unread, its silence would hold up its goodbye
            pass

    async def listen():
        async with serve(speak, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with dial(f"ws://127.0.0.1:{port}") as phone:
                return await _listened(phone, TwilioEnd().media(SILENT_FRAME))

    assert asyncio.run(listen()) == pytest.approx(0.04)


def test_it_reads_no_data_and_says_so(capsys):
    with pytest.raises(SystemExit):
        main(["eval", "session", "--data", "x"])
    assert "--data" in capsys.readouterr().err
