"""A server that is killed while it has a call, and started again over what it kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from secousti.bench.far_ends import NativeEnd
from secousti.bench.lines import Repertoire
from secousti.bench.scenarios import Outcome
from secousti.bench.served import served
from secousti.bench.visits import short_call, visiting
from server.calllog import read_call
from server.store.place import place_of
from server.store.store import CallStore
from server.wires import native
from server.wires.closing import CloseCode
from server.wires.events import Message

ANSWER_S = 30.0
LOOK_S = 0.1


class ReturningEnd(NativeEnd):
    """A client that wants to go on with the call of ``before``."""

    def __init__(self, before: NativeEnd) -> None:
        assert before.welcome is not None, "the call has not begun"
        super().__init__(before.rate)
        self._back_to, self.wire = before.welcome, before.wire
        self.wire.broke()

    def opening(self) -> Sequence[Message]:
        welcome = self._back_to
        resume = native.Resume(session=welcome.session, token=welcome.resume, generation=1)
        return (native.encode(resume),)


async def killed_in_a_call(
    words: Sequence[str], settings: Mapping[str, str], end: NativeEnd, repertoire: Repertoire
) -> Outcome:
    """SIGKILL in a call that is on record; ``words`` name where the server keeps calls and logs.

    The next server must start over that store, refuse to go on with the call and say why, and
    greet the next caller; the log must be readable up to its end, and the call be in the store.
    """
    async with (
        served(words, settings) as server,
        visiting(server, (lambda: end, repertoire)) as visitor,
    ):
        greeted = await visitor.greeted()
        await begun(words)
        server.process.kill()
        await server.process.wait()
    logged = [read_call(path) for path in (folder(words, "--log-dir")).glob("*.jsonl")]
    kept = calls_kept(folder(words, "--store"))
    async with served(words, settings) as server:
        async with visiting(server, (lambda: ReturningEnd(end), repertoire)) as visitor:
            over = await visitor.ended(ANSWER_S)
        again = await short_call(server, (lambda: NativeEnd(end.rate), repertoire))
    refused = over is not None and over.code == CloseCode.NO_SUCH_CALL
    told = sum(len(call.lines) for call in logged)
    return Outcome(
        all((greeted, refused, again, kept == 1, len(logged) == 1, told > 0)),
        {
            "calls in the store": kept,
            "lines of its log": told,
            "to who comes back": "nothing" if over is None else f"{over.code} {over.why}",
            "greeted after": int(again),
        },
    )


async def begun(words: Sequence[str]) -> None:
    """Waits until the call is in the store and its log has begun: both are written behind it."""
    logs, store = folder(words, "--log-dir"), folder(words, "--store")
    for _ in range(round(ANSWER_S / LOOK_S)):  # what is missing then shows in the outcome
        if calls_kept(store) and any(path.stat().st_size for path in logs.glob("*")):
            return
        await asyncio.sleep(LOOK_S)


def calls_kept(store: Path) -> int:
    """How many calls are in the store of that folder."""
    found = CallStore(place_of(str(store)))
    try:
        return found.count()
    finally:
        found.close()


def folder(words: Sequence[str], flag: str) -> Path:
    """The folder that ``words`` name behind ``flag``."""
    return Path(words[words.index(flag) + 1])
