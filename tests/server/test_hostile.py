"""Callers that break the protocol or say nothing: closed with the right code, others untouched."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from websockets.exceptions import ConnectionClosed

from codec.rates import HIGH, RATES
from server.limits import Limits
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.fakes import FakeCodec, FakeDecoder
from tests.server.sockets import QUICK, calling, with_server

HOSTILE = {
    "text for tokens": ("AAAAAAA=", CloseCode.BAD_PAYLOAD),
    "a partial packet": (bytes(4), CloseCode.BAD_PAYLOAD),
    "a packet and a half": (bytes(7), CloseCode.BAD_PAYLOAD),
    "a second hello": ('{"type": "hello"}', CloseCode.PROTOCOL),
    "an unknown type": ('{"type": "dance"}', CloseCode.PROTOCOL),
    "too many tokens at once": (bytes(1030), CloseCode.TOO_BIG),
    "an oversize message": (bytes(100_000), CloseCode.TOO_BIG),
    "an oversize text": (" " * 100_000, CloseCode.TOO_BIG),
    "a flood of speech": (bytes(sum(map(HIGH.packet_bytes, range(96)))), CloseCode.POLICY),
}


@pytest.mark.parametrize(("message", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_caller_is_closed_and_others_are_not_touched(message, code):
    async def work(server):
        async with calling(server) as good, calling(server) as bad:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(4 if code is CloseCode.POLICY else 1):
                    await bad.socket.send(message)
            assert (await bad.closed())[0] == code
            await good.until(native.End)
            await good.turn()
            await good.until(native.End, 2)

    # bytes of zeros are packet 0 of the fake over and over; here only the amount matters
    zeros = {name: Forgiving(rate) for name, rate in RATES.items()}
    with_server(work, codecs=zeros)


class Forgiving(FakeCodec):
    """Takes packets in any place."""

    def stream_decoder(self, slots=1):
        class Decoder(FakeDecoder):
            def _level(self, packet, slot):
                return int.from_bytes(packet[-5:-3], "big", signed=True) / 10_000

        return Decoder(self.rate, slots)


def test_a_flood_of_control_messages_is_closed():
    async def work(server):
        async with calling(server) as caller:
            with contextlib.suppress(ConnectionClosed):
                for _ in range(100):
                    await caller.socket.send('{"type": "played", "generation": 1, "samples": 1}')
            assert (await caller.closed())[0] == CloseCode.POLICY

    tight = dataclasses.replace(QUICK, limits=Limits(messages_per_s=10, burst_s=2))
    with_server(work, tight)


def test_a_wrong_version_is_told():
    async def work(server):
        async with calling(server, hello=False) as caller:
            await caller.socket.send('{"type": "hello", "version": 9}')
            assert (await caller.closed())[0] == CloseCode.WRONG_VERSION
            assert "9" in caller.of(native.Failure)[0].message

    with_server(work)


def test_tokens_before_hello_are_refused():
    async def work(server):
        async with calling(server, hello=False) as caller:
            await caller.socket.send(bytes(5))
            assert (await caller.closed())[0] == CloseCode.UNSUPPORTED

    with_server(work)


def test_a_caller_that_never_says_hello_is_closed_and_takes_no_slot():
    async def work(server):
        async with calling(server, hello=False) as caller:
            assert server.calls == 0
            assert (await caller.closed())[0] == CloseCode.HELLO_TIMEOUT

    with_server(work, dataclasses.replace(QUICK, hello_timeout_s=0.3))
