"""Answers that take long: the caller is told, and hears now and again that the line is open."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import numpy as np
import pytest

from server.comfort import comfort_tone
from server.settings import ServerSettings
from server.talking import TONE_EVERY_S
from server.wires import native
from server.wires.sound import PcmFormat
from server.wires.twilio import TwilioWire
from tests.server.fakes import FakeConversation, FakeListener, reply_of
from tests.server.phones import TwilioPhone
from tests.server.virtual import LOUD, SILENT, always, now, over, spend, virtually


def said(line):
    return [turn.said for turn in line.of(native.TurnInfo)]


def thinking_for(seconds):
    """An answer that takes so long."""

    def answer(turn):
        spend(seconds)
        return reply_of("Yes.")

    return answer


def test_who_waits_long_for_an_answer_is_told_once_that_it_is_thought_about():
    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        ended = now() - 0.28
        await line.until(native.Begin, 2)
        assert line.at(native.Begin)[1] - ended == pytest.approx(2.0, abs=0.1)
        await line.until(native.End, 3)
        assert line.at(native.Begin)[2] - ended == pytest.approx(5.0, abs=0.1)
        assert said(line)[1:] == ["Let me think about that for a moment.", "Yes."]

    talk = FakeConversation(answer=thinking_for(5.0))
    virtually(caller, conversation=always(talk))
    assert talk.truncated == []


def test_who_waits_longer_still_hears_now_and_again_that_the_line_is_open():
    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.until(native.End, 5)
        first, *more, last = said(line)[1:]
        assert first == "Let me think about that for a moment."
        assert more == ["One more moment."] * len(more) and len(more) in (2, 3)
        assert last == "Yes."
        begun = line.at(native.Begin)[2:-1]
        assert all(b - a >= TONE_EVERY_S for a, b in pairwise(begun))

    talk = FakeConversation(answer=thinking_for(12.0))
    virtually(caller, conversation=always(talk), settings=ServerSettings(respond_deadline_s=30.0))
    assert talk.truncated == []


def test_a_telephone_hears_a_soft_tone_instead():
    heard = []

    async def caller(phone, session):
        await phone.listen(2.0)
        await phone.turn()
        await phone.listen(14.0)
        heard.extend((at, sound_in(message)) for at, message in phone.got)

    talk = FakeConversation(answer=thinking_for(12.0))
    patient = ServerSettings(respond_deadline_s=30.0)
    over(TwilioPhone(), TwilioWire(), caller, patient, conversation=always(talk))
    # The voice of the test is louder, and all above 0.
    toned = [at for at, pcm in heard if len(pcm) and pcm.min() < -0.03 and pcm.max() < 0.1]
    assert toned
    assert toned[-1] - toned[0] >= TONE_EVERY_S


def sound_in(message):
    """The samples that a message to a Twilio phone carries."""
    payload = json.loads(message).get("media", {}).get("payload", "")
    return PcmFormat("mulaw", 8_000).decode(base64.b64decode(payload))


def test_the_tone_is_soft_and_begins_and_ends_without_a_click():
    tone = comfort_tone()
    assert np.abs(tone).max() < 0.1
    assert np.abs(np.diff(tone)).max() < 0.02
    assert abs(tone[0]) < 1e-3
    assert abs(tone[-1]) < 1e-3


def test_a_caller_who_goes_on_meanwhile_is_not_told():
    def slow(turn):
        spend(3.0)
        return reply_of(f"You said {turn.text}.")

    async def caller(line, session):
        await line.until(native.End)
        await line.turn()
        await line.speak(LOUD, 4.0)
        await line.speak(SILENT, 0.48)
        spoken = now()
        await line.until(native.End, 3)
        assert line.at(native.Begin)[1] > spoken  # and then of the second thought
        assert talk.turns == ["a b"]

    talk = FakeConversation(answer=slow)
    virtually(caller, conversation=always(talk), listener=always(FakeListener(texts=["a", "b"])))
