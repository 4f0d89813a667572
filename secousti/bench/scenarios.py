"""What goes wrong on lines, done on purpose: after each, the server holds what it held before, and
the next caller is greeted."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from secousti.bench.pipes import Line, piped
from secousti.bench.served import Reachable
from secousti.bench.standing import LOOK_S, Standing, settled, standing
from secousti.bench.visits import Kind, Kinds, Visitor, short_call, visiting
from server.wires.closing import CallEnded, Dropped

HALF_A_HANDSHAKE = b"GET /call HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
SETTLE_S = 30.0  # beyond the server's own time-outs, on a machine that is busy
WARM_CALLS = 200  # which fill what is filled once, at any of them: too few calls show no leak
GROWTH_KIB = 64.0  # a call, over the last half of many: more is a leak
SLOW_S = 10.0
TINY_BUFFER = 4096


Numbers = Mapping[str, float | int | str]


@dataclass(frozen=True)
class Field:
    """Where scenarios happen. ``waits_s`` is the longest of the server's own time-outs."""

    server: Reachable
    kinds: Kinds
    calls: int
    waits_s: float


@dataclass(frozen=True)
class Outcome:
    """Whether it went well, and the numbers by which it did."""

    passed: bool
    numbers: Numbers


async def short_calls(place: Field) -> Outcome:
    """Many short calls, as many at once as there are slots, on all wires in turn."""
    slots = (await place.server.health())["slots"]
    before, failed, memory = await standing(place.server), 0, []
    kinds = cycle(place.kinds.values())
    for begun in range(0, place.calls, slots):
        some = min(slots, place.calls - begun)
        calls = (short_call(place.server, next(kinds)) for _ in range(some))
        failed += some - sum(await asyncio.gather(*calls))
        # The next caller would else find the slots of those who are just leaving.
        _, now = await settled(place.server, before, SETTLE_S)
        memory.append((begun + some, now.resident_mib))
    calm, after = await settled(place.server, before, SETTLE_S)
    half = len(memory) // 2
    first = growth_kib(memory[:half])
    last = growth_kib([point for point in memory[half:] if point[0] > WARM_CALLS])
    growth = {"KiB a call at first": first, "KiB a call at last": last}
    return Outcome(
        calm and failed == 0 and last <= GROWTH_KIB,
        {"calls": place.calls, "failed": failed, **growth, **held(before, after)},
    )


async def killed_sockets(place: Field) -> Outcome:
    """A reset (RST) in the middle of the greeting, on every wire."""
    return await _each(place, _reset)


async def half_open(place: Field) -> Outcome:
    """Callers whose network went: they send nothing more, answer no ping, and close nothing."""
    return await _each(place, _fall_silent)


async def slow_readers(place: Field) -> Outcome:
    """Callers who go on talking and take nothing in, then reset."""
    return await _each(place, _read_nothing)


async def garbage(place: Field) -> Outcome:
    """Random bytes after a proper opening: the call is closed."""
    return await _each(place, _babble)


async def half_handshakes(place: Field) -> Outcome:
    """Connections that stop in the middle of their first line, as many as would fill a room."""
    before = await standing(place.server)
    async with AsyncExitStack() as stack:
        for _ in range(32):
            _, writer = await asyncio.open_connection("127.0.0.1", place.server.port)
            stack.callback(writer.close)
            writer.write(HALF_A_HANDSHAKE)
            await writer.drain()
        return await _judged(place, before, {"connections": 32})


async def no_hello(place: Field) -> Outcome:
    """Callers who connect and say nothing at all: closed, and no slot was theirs."""
    before = await standing(place.server)
    async with AsyncExitStack() as stack:
        ends = [make() for make, _ in place.kinds.values()]
        lines = [await stack.enter_async_context(piped(place.server, end)) for end in ends]
        used = (await standing(place.server)).slots_used - before.slots_used
        limit_s = place.waits_s + SETTLE_S
        closed = sum(await asyncio.gather(*(_closed(line, limit_s) for line in lines)))
    judged = await _judged(place, before, {"closed": f"{closed} of {len(ends)}", "slots": used})
    return Outcome(judged.passed and closed == len(ends) and used == 0, judged.numbers)


# What each caller does, once he is greeted.


async def _reset(visitor: Visitor, _: Field) -> bool:
    """RFC 9293 section 3.5.2: what a peer that has lost its state sends."""
    reset = visitor.pipe.transport.get_extra_info("socket")
    reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visitor.pipe.transport.abort()
    return True


async def _fall_silent(visitor: Visitor, place: Field) -> bool:
    """The server must notice by itself; this side stays as it is until it has."""
    visitor.speaking.cancel()
    visitor.pipe.transport.pause_reading()
    clock = asyncio.get_running_loop().time
    last = clock() + place.waits_s + SETTLE_S
    while (await standing(place.server)).slots_used:
        if clock() > last:
            return False
        await asyncio.sleep(LOOK_S)
    return True


async def _read_nothing(visitor: Visitor, place: Field) -> bool:
    plain = visitor.pipe.transport.get_extra_info("socket")
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, TINY_BUFFER)
    visitor.pipe.transport.pause_reading()
    await asyncio.sleep(SLOW_S)
    return await _reset(visitor, place)


async def _babble(visitor: Visitor, place: Field) -> bool:
    """Random bytes; whether the server closed the call."""
    visitor.speaking.cancel()
    with suppress(CallEnded, Dropped):
        for size in (333, 777, 555):
            await visitor.pipe.send(os.urandom(size))
    return await visitor.ended(place.waits_s + SETTLE_S) is not None


async def _each(place: Field, deed: Callable[[Visitor, Field], Awaitable[bool]]) -> Outcome:
    """One caller on each wire at once, who are greeted and then do so."""
    before = await standing(place.server)

    async def one(kind: Kind) -> bool:
        async with visiting(place.server, kind) as visitor:
            return await visitor.greeted() and await deed(visitor, place)

    went = sum(await asyncio.gather(*(one(kind) for kind in place.kinds.values())))
    judged = await _judged(place, before, {"as meant": f"{went} of {len(place.kinds)}"})
    return Outcome(judged.passed and went == len(place.kinds), judged.numbers)


async def _judged(place: Field, before: Standing, numbers: Numbers) -> Outcome:
    """Whether the server lets go of everything, and greets the next caller on each wire."""
    calm, after = await settled(place.server, before, place.waits_s + SETTLE_S)
    greeted = sum([await short_call(place.server, kind) for kind in place.kinds.values()])
    calm_again, _ = await settled(place.server, before, place.waits_s + SETTLE_S)
    kinds = len(place.kinds)
    told = {**numbers, "greeted after": f"{greeted} of {kinds}", **held(before, after)}
    return Outcome(calm and calm_again and greeted == kinds, told)


async def _closed(line: Line, limit_s: float) -> bool:
    """Whether the server closes it."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                await line.receive()
    except (CallEnded, Dropped):
        return True
    except TimeoutError:
        return False


def held(before: Standing, after: Standing) -> Numbers:
    """What is held, before and after."""
    pairs = {
        "tasks": (before.tasks, after.tasks),
        "files": (before.files, after.files),
        "MiB": (before.resident_mib, after.resident_mib),
    }
    return {"slots held": after.slots_used, **{n: f"{a} to {b}" for n, (a, b) in pairs.items()}}


def growth_kib(memory: Sequence[tuple[int, float]]) -> float:
    """KiB by which each call makes the server larger, by a straight line through (calls, MiB).
    Pools and caches that fill do so ever less; what leaks does so to the end."""
    if len(memory) < 2:
        return 0.0
    calls, mib = zip(*memory, strict=True)
    return round(1024 * float(np.polyfit(calls, mib, 1)[0]), 1)


SCENARIOS: dict[str, Callable[[Field], Awaitable[Outcome]]] = {
    "many short calls": short_calls,
    "sockets killed in a call": killed_sockets,
    "half-open peers": half_open,
    "slow readers": slow_readers,
    "garbage in a call": garbage,
    "half handshakes": half_handshakes,
    "connections without a hello": no_hello,
}
