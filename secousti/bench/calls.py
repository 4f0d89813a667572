"""``secousti bench calls``: one call, then many, then one too many, against a server of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from codec.errors import SecoustiError
from secousti.bench.conversing import Conversation, Manner, Tally
from secousti.bench.fullness import Fullness, fill
from secousti.bench.lines import Repertoire
from secousti.bench.loudspeaker import Reply
from secousti.bench.pipes import piped
from secousti.bench.repertoires import WIRES, end_of, repertoire_of
from secousti.bench.scrape import Scrape
from secousti.bench.served import Served, served
from server.parts import Pcm

LOOK_S = 1.0  # between looks at the server's memory


@dataclass(frozen=True)
class Plan:
    """What is to be measured. ``slots`` overrules the server's own measure of what it carries."""

    sessions: int
    seconds: float
    wires: Sequence[str] = WIRES
    rate: str = "high"
    share: float = 0.4
    slots: int | None = None


@dataclass
class Load:
    """Some calls at once: what each caller has measured, and what the server counted meanwhile."""

    wires: Sequence[str]
    tallies: list[Tally] = field(default_factory=list)
    replies: list[list[Reply]] = field(default_factory=list)
    counted: Scrape = field(default_factory=lambda: Scrape({}))
    resident_bytes: float = 0.0
    seconds: float = 0.0
    waited_s: float = 0.0  # that the server's threads were ready and had no core

    @property
    def calls(self) -> int:
        return len(self.wires)

    def of(self, wire: str) -> list[Tally]:
        """The tallies of the callers on one wire."""
        return [tally for tally, on in zip(self.tallies, self.wires, strict=True) if on == wire]

    def replies_on(self, wire: str) -> list[Reply]:
        """What they heard."""
        found = [heard for heard, on in zip(self.replies, self.wires, strict=True) if on == wire]
        return [reply for replies in found for reply in replies]


@dataclass(frozen=True)
class Measured:
    """All of it: ``alone`` one call at a time on each wire, ``together`` all at once."""

    plan: Plan
    health: dict[str, Any]
    loaded_bytes: float
    alone: list[Load]
    together: Load | None
    full: Fullness

    @property
    def loads(self) -> list[Load]:
        """Everything that was loaded, in that order."""
        return self.alone if self.together is None else [*self.alone, self.together]


async def measure(plan: Plan, wavs: Sequence[Pcm], show: Callable[[str], None]) -> Measured:
    """Runs ``plan`` with the lines ``wavs``, float32 ``[T]`` at 16 kHz.

    Raises:
        SecoustiError: the server does not start, or takes fewer calls than are wanted.
    """
    show("preparing what the callers say")
    repertoires = {wire: repertoire_of(wire, wavs, plan.rate) for wire in plan.wires}
    slots = () if plan.slots is None else ("--slots", str(plan.slots))
    show("starting the server")
    async with served(slots) as server:
        health = await server.health()
        if health["slots"] < plan.sessions:
            raise SecoustiError(
                f"this server takes {health['slots']} calls here: ask for no more --sessions, "
                "or overrule it with --slots"
            )
        loaded = (await server.scrape()).value("process_resident_memory_bytes")
        alone = []
        for wire in plan.wires:
            show(f"one call, {wire}")
            alone.append(await _load(server, plan, [wire], repertoires))
        together = None
        if plan.sessions > 1:
            wires = [plan.wires[i % len(plan.wires)] for i in range(plan.sessions)]
            show(f"{plan.sessions} calls at once")
            together = await _load(server, plan, wires, repertoires)
        show(f"{health['slots']} calls, and one more on each wire")
        full = await fill(server, {w: (end_of(w, plan.rate), repertoires[w]) for w in plan.wires})
    return Measured(plan, health, loaded, alone, together, full)


async def _load(
    server: Served, plan: Plan, wires: Sequence[str], repertoires: dict[str, Repertoire]
) -> Load:
    """So many calls at once, spread over the time that one line takes, each for the same time."""
    load = Load(wires)
    before, waited_s = await server.scrape(), server.waited_s()
    begun = asyncio.get_running_loop().time()
    watching = asyncio.create_task(_watch(server, load))
    longest = max(line.last_s for line in repertoires[wires[0]].lines)
    try:
        callers = [
            _call(server, plan, wire, repertoires[wire], number, number * longest / len(wires))
            for number, wire in enumerate(wires)
        ]
        for tally, replies in await asyncio.gather(*callers):
            load.tallies.append(tally)
            load.replies.append(replies)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    load.seconds = asyncio.get_running_loop().time() - begun
    load.waited_s = server.waited_s() - waited_s
    load.counted = (await server.scrape()).since(before)
    return load


async def _call(
    server: Served, plan: Plan, wire: str, repertoire: Repertoire, number: int, after_s: float
) -> tuple[Tally, list[Reply]]:
    await asyncio.sleep(after_s)
    end = end_of(wire, plan.rate)()
    async with piped(server, end) as pipe:
        call = Conversation(pipe, end, repertoire, Manner(plan.share, first=number))
        return await call.run(plan.seconds), call.speaker.replies


async def _watch(server: Served, load: Load) -> None:
    """The most memory that the server has had."""
    while True:
        now = (await server.scrape()).value("process_resident_memory_bytes")
        load.resident_bytes = max(load.resident_bytes, now)
        await asyncio.sleep(LOOK_S)
