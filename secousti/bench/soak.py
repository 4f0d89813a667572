"""``secousti bench soak``: what goes wrong on lines, done on purpose to a server of one's own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from codec.rates import HIGH
from secousti.bench.far_ends import NativeEnd
from secousti.bench.killing import killed_in_a_call
from secousti.bench.repertoires import WIRES, end_of, repertoire_of
from secousti.bench.scenarios import SCENARIOS, Field, Outcome
from secousti.bench.served import served
from secousti.bench.visits import Kinds, short_call

KILLED = "a server killed in a call"
NAMES = (*SCENARIOS, KILLED)
# Soon enough that a scenario need not wait for minutes; a flood from one address is what is wanted.
SETTINGS = {
    "IDLE_TIMEOUT_S": "6",
    "HELLO_TIMEOUT_S": "3",
    "RESUME_S": "2",
    "ADDRESS_HANDSHAKES_PER_S": "10000",
    "ADDRESS_CONNECTIONS": "10000",
    "WAITING": "10000",
}
LONGEST_WAIT_S = 20.0  # of them, the websocket's own time for a handshake and two pings


async def soak(
    calls: int,
    chosen: Sequence[str] = NAMES,
    slots: int = 4,
    told: Callable[[str, Outcome], None] = lambda name, outcome: None,
) -> dict[str, Outcome]:
    """Each of the ``chosen`` scenarios, ``calls`` of the short ones; ``told`` when each is done.

    Raises:
        SecoustiError: the server does not start.
    """
    kinds: Kinds = {wire: (end_of(wire), repertoire_of(wire, ())) for wire in WIRES}
    outcomes: dict[str, Outcome] = {}

    def note(name: str, outcome: Outcome) -> None:
        outcomes[name] = outcome
        told(name, outcome)

    with home() as words:
        async with served([*words, "--slots", str(slots)], SETTINGS) as server:
            for kind in kinds.values():  # what is loaded at the first call is no leak of the others
                await short_call(server, kind)
            place = Field(server, kinds, calls, LONGEST_WAIT_S)
            for name, scenario in SCENARIOS.items():
                if name in chosen:
                    note(name, await scenario(place))
    if KILLED in chosen:
        with home() as words:
            end = NativeEnd(HIGH)
            note(KILLED, await killed_in_a_call(words, SETTINGS, end, kinds["native"][1]))
    return outcomes


@contextmanager
def home() -> Iterator[list[str]]:
    """A folder for what a server keeps, as words of its command."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        yield ["--store", str(place / "store"), "--log-dir", str(place / "logs")]
