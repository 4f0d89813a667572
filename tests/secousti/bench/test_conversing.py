"""The benchmark's caller on a virtual clock, against calls whose delays are known."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from codec.rates import HIGH
from secousti.bench.conversing import Conversation, Manner
from secousti.bench.far_ends import AudioSocketEnd, NativeEnd, TwilioEnd
from secousti.bench.lines import pcm_repertoire, token_repertoire
from server.settings import ServerSettings
from server.wires.audiosocket import AudioSocketWire
from server.wires.closing import CallEnded, CloseCode
from server.wires.native import ServerWire
from server.wires.twilio import MULAW, TwilioWire
from tests.server.fakes import FakeCodec, FakeConversation, FakeDecoder, reply_of
from tests.server.virtual import always, over

SAID = np.concatenate([np.full(16_000, 0.4), np.zeros(1_600)]).astype(np.float32)
ENDPOINT_S = 0.2  # the fake ears' patience


class Pipe:
    """Both sides of a connection in memory."""

    def __init__(self):
        self.up, self.down = asyncio.Queue(), asyncio.Queue()

    async def receive(self):  # the server's side, as a session sees it
        message = await self.up.get()
        if message is None:
            raise CallEnded(CloseCode.NORMAL, "the caller hung up")
        return message

    async def send(self, message):
        self.down.put_nowait(message)

    def hang_up(self):
        self.up.put_nowait(None)

    @property
    def far(self):
        """The caller's side."""
        pipe = self

        class Far:
            async def send(self, message):
                pipe.up.put_nowait(message)

            async def receive(self):
                return await pipe.down.get()

        return Far()


class AnyPlace(FakeCodec):
    """Takes packets in any place: a repertoire is said in loops."""

    def stream_decoder(self, slots=1):
        class Decoder(FakeDecoder):
            def _level(self, packet, slot):
                return int.from_bytes(packet[-5:-3], "big", signed=True) / 10_000

        return Decoder(self.rate, slots)


ENDS = {
    "native": (lambda: NativeEnd(HIGH), ServerWire),
    "twilio": (TwilioEnd, TwilioWire),
    "audiosocket": (AudioSocketEnd, lambda: AudioSocketWire(lambda _: True)),
}


def repertoire(wire):
    if wire == "native":
        return token_repertoire(FakeCodec(HIGH), HIGH, [SAID])
    return pcm_repertoire(MULAW if wire == "twilio" else AudioSocketEnd.form, 20, [SAID])


def held(wire, seconds=60, manner=None, **parts):
    """What the benchmark measures of one call."""
    make, server = ENDS[wire]
    kept = {}

    async def caller(pipe, _):
        call = Conversation(pipe.far, make(), repertoire(wire), manner or Manner(barge_every=2))
        kept["tally"], kept["speaker"] = await call.run(seconds), call.speaker

    long = always(FakeConversation(answer=lambda turn: reply_of("x" * 200)))
    parts = {"conversation": long, "codecs": {"high": AnyPlace(HIGH)}, **parts}
    ended = over(Pipe(), server(), caller, ServerSettings(), **parts)
    return kept["tally"], kept["speaker"], ended


@pytest.mark.parametrize("wire", ENDS)
def test_a_caller_measures_what_the_server_was_built_to_take(wire):
    tally, _, ended = held(wire)
    assert tally.broken is None
    assert ended.code is CloseCode.NORMAL
    assert len(tally.answers) >= 4
    frame_s = repertoire(wire).frame_ms / 1000
    for answer in tally.answers:
        assert -1e-6 <= answer - ENDPOINT_S <= 3 * frame_s
    assert tally.talked_over == tally.unanswered == 0
    assert max(tally.late) < 1e-6


@pytest.mark.parametrize("wire", ENDS)
def test_a_barge_in_is_timed_to_the_moment_of_silence(wire):
    tally, _, _ = held(wire)
    assert tally.barge_ins
    for cut in tally.barge_ins:
        assert 0.1 < cut.onset_s < 0.4  # the fake ears take 96 ms, the server's doubt 160
        assert cut.noticed_s <= (0.06 if wire == "audiosocket" else 0.1)


def test_speech_is_its_share_of_the_call():
    tally, _, _ = held("twilio", 120, Manner(share=0.1, barge_every=0))
    assert tally.spoken_s / (tally.ended - tally.began) == pytest.approx(0.1, abs=0.01)
    assert not tally.barge_ins


def test_replies_are_paced_and_have_no_drift():
    _, speaker, _ = held("audiosocket", manner=Manner(barge_every=0))
    for reply in speaker.replies:
        assert max(reply.gaps()) == pytest.approx(0.02, abs=1e-6)
        assert reply.drift(0.04) == pytest.approx(0.0, abs=1e-6)


def test_a_call_that_the_server_ends_is_broken_and_says_why():
    goodbye = FakeConversation(greeting=reply_of("Goodbye.", end_call=True))
    tally, _, _ = held("audiosocket", conversation=always(goodbye))
    assert "hung up" in tally.broken
