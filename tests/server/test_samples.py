"""A client without a codec: the native wire with samples instead of tokens."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from server.calllog import read_call
from server.wires import native
from server.wires.closing import CloseCode
from tests.server.sockets import LOUD, QUICK, SILENT, calling, with_server

FRAME = native.PCM.up.bytes_of(20) // 2
HELLO = native.encode(native.Hello(sound="pcm", events=True))


async def speak(caller, level, seconds):
    """At once: the server allows a few seconds ahead of real time."""
    frame = native.PCM.up.encode(np.full(FRAME, level, np.float32))
    for _ in range(round(seconds * 50)):
        await caller.socket.send(frame)


def test_a_call_in_samples_greets_hears_and_answers(tmp_path):
    async def work(server):
        async with calling(server, hello=False) as caller:
            await caller.socket.send(HELLO)
            welcome = await caller.until(native.Welcome)
            assert welcome.sound == "pcm"
            await caller.until(native.End)
            await speak(caller, LOUD, 0.52)
            await speak(caller, SILENT, 0.4)
            end = await caller.until(native.End, 2)
            assert caller.of(native.TurnInfo)[1].heard == "I feel tired"
            await caller.socket.send(native.encode(native.Bye()))
            await caller.closed()
            return caller.audio()[2], end

    pieces, end = with_server(work, dataclasses.replace(QUICK, log_dir=tmp_path))
    assert {len(piece) for piece in pieces} == {640}
    sound = native.PCM.down.decode(b"".join(pieces))
    assert len(sound) == end.samples
    assert sound.max() == pytest.approx(0.3, abs=1e-3)
    call = read_call(next(tmp_path.glob("*.jsonl")))
    np.testing.assert_array_equal(call.pcm("down", 2), sound)


def test_real_time_in_samples_is_within_the_limits():
    async def work(server):
        async with calling(server, hello=False) as caller:
            await caller.socket.send(HELLO)
            await caller.until(native.End)
            await speak(caller, SILENT, 9.0)  # more bytes than tokens may have
            await speak(caller, LOUD, 0.3)
            await speak(caller, SILENT, 0.4)
            await caller.until(native.End, 2)
            await speak(caller, SILENT, 4.0)  # and now more sound than anybody speaks
            assert (await caller.closed())[0] == CloseCode.POLICY

    with_server(work)


def test_a_full_house_tells_a_page_in_writing():
    async def work(server):
        async with calling(server), calling(server, hello=False) as caller:
            await caller.socket.send(HELLO)
            assert (await caller.closed())[0] == CloseCode.TRY_LATER
            assert caller.of(native.Failure)
            assert not caller.of(native.Begin)

    with_server(work, dataclasses.replace(QUICK, slots=1))
