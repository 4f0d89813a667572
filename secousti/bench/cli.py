"""The words of ``secousti bench calls`` and ``secousti bench soak``."""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secousti.commands.words import Subparsers, describe

if TYPE_CHECKING:
    from secousti.bench.calls import Measured

CALLS_TEXT = """\
Starts 'secousti serve' in a process of its own, with the embedded default and the settings in
force, and calls it from this one: synthetic callers on our own wire, Twilio's and Asterisk's
AudioSocket say their lines in real time, hear the answers, and interrupt every second. First one
call on each wire, then all --sessions at once, then one call more than fit.

  secousti bench calls --sessions 8 --seconds 120 --json R.json
  secousti bench calls --sessions 1 --wires native --audio line1.wav line2.wav

--speech is the caller's share of a call. The bundled callers' turns are long: 23 to 32 words, with
two to five pauses. --turns usual has them say 8 to 23 words, with up to two: in the dialogue corpus
callers say 15 in the median, half of them 10 to 22. A figure that misses its aim is told, and
changes nothing of the exit status; a call that breaks does."""

SOAK_TEXT = """\
Starts 'secousti serve' in a process of its own and maltreats it: very many short calls, sockets
killed in a call, half-open peers, slow readers, random bytes, half handshakes, connections without
a hello, and SIGKILL in a call. After each, slots, tasks and open files must be what they were, and
the next caller on every wire must be greeted; over the last half of
the short calls, from the 200th on, memory must stay level.

  secousti bench soak --calls 1000 --json soak.json
  secousti bench soak --only 'slow readers' 'half-open peers'

The exit status is 1 when a scenario fails."""


def add_calls_parsers(subparsers: Subparsers) -> None:
    """Add the commands; each sets ``bench`` to its own function."""
    _add_calls(subparsers)
    _add_soak(subparsers)


def _add_calls(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "calls", "Measure a server under calls", CALLS_TEXT)
    parser.add_argument("--sessions", type=_positive, default=4, help="calls at once (default: 4)")
    parser.add_argument(
        "--seconds", type=_positive, default=120, help="of each load (default: 120)"
    )
    parser.add_argument(
        "--wires",
        nargs="+",
        choices=("native", "twilio", "audiosocket"),
        default=["native", "twilio", "audiosocket"],
        help="ways to call (default: all three)",
    )
    parser.add_argument("--rate", choices=("low", "high"), default="high", help="of our own wire")
    parser.add_argument(
        "--speech", type=_share, default=0.4, metavar="SHARE", help="of a call (default: 0.4)"
    )
    parser.add_argument("--slots", type=_positive, help="calls at once that the server is to take")
    parser.add_argument(
        "--audio", nargs="+", type=Path, metavar="FILE", help="what callers say (default: bundled)"
    )
    parser.add_argument(
        "--turns", choices=("long", "usual"), default="long", help="of the bundled callers"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    parser.set_defaults(bench=run_calls)


def _add_soak(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "soak", "Wear a server out", SOAK_TEXT)
    parser.add_argument("--calls", type=_positive, default=1000, help="short ones (default: 1000)")
    parser.add_argument("--only", nargs="+", metavar="SCENARIO", help="these (default: all)")
    parser.add_argument("--slots", type=_positive, default=4, help="calls at once (default: 4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers here")
    parser.set_defaults(bench=run_soak)


def run_calls(args: argparse.Namespace, _: object = None) -> int:
    """Measures, prints the table, and returns 1 where a call broke or was harmed."""
    from rich.console import Console

    from secousti.bench.calls import Plan, measure
    from secousti.bench.figure import table
    from secousti.bench.figures import NONE, figures
    from secousti.bench.turns_said import turns_said
    from secousti.recording import read_turn

    named = [read_turn(path).wav for path in args.audio or ()]
    wavs = named or turns_said(args.turns)
    plan = Plan(args.sessions, args.seconds, args.wires, args.rate, args.speech, args.slots)
    console = Console()
    found = asyncio.run(measure(plan, wavs, lambda step: console.print(f"[dim]{step}[/dim]")))
    rows = figures(found)
    console.print(table(rows))
    for tally in (tally for load in found.loads for tally in load.tallies if tally.broken):
        console.print(f"a call broke: {tally.broken}")
    if args.json is not None:
        said = {"turns": "recordings of one's own" if named else args.turns}
        told_rows = {"figures": [asdict(row) | {"met": row.met} for row in rows]}
        _write(args.json, {**_told(found), **said, **told_rows})
    return int(any(row.met is False for row in rows if row.aims == NONE))


def run_soak(args: argparse.Namespace, _: object = None) -> int:
    """Goes through the scenarios, printing each when it is done; 1 where one failed."""
    from rich.console import Console

    from codec.errors import SecoustiError
    from secousti.bench.figure import surroundings
    from secousti.bench.scenarios import Outcome
    from secousti.bench.soak import NAMES, soak

    chosen = args.only or NAMES
    if unknown := set(chosen) - set(NAMES):
        raise SecoustiError(f"no scenario {min(unknown)!r}: choose of {', '.join(NAMES)}")
    console = Console(highlight=False)

    def show(name: str, outcome: Outcome) -> None:
        numbers = ", ".join(f"{what} {value}" for what, value in outcome.numbers.items())
        console.print(f"{'passed' if outcome.passed else 'FAILED'}  {name}: {numbers}")

    outcomes = asyncio.run(soak(args.calls, chosen, args.slots, show))
    if args.json is not None:
        told = {name: asdict(outcome) for name, outcome in outcomes.items()}
        _write(args.json, {**surroundings(), "scenarios": told})
    return int(not all(outcome.passed for outcome in outcomes.values()))


def _told(found: Measured) -> dict[str, Any]:
    """What was done, for whoever reads the numbers."""
    from secousti.bench.figure import surroundings

    plan = found.plan
    return {
        **surroundings(),
        "load": {
            "sessions": plan.sessions,
            "seconds": plan.seconds,
            "wires": list(plan.wires),
            "rate": plan.rate,
            "caller_speech_share": plan.share,
            "interrupts": "every second answer, 1.5 s after it began",
        },
        "server": {"slots": found.health["slots"]},
        "broken": [t.broken for load in found.loads for t in load.tallies if t.broken],
        "refusals": {wire: asdict(refusal) for wire, refusal in found.full.refusals.items()},
    }


def _write(path: Path, told: dict[str, Any]) -> None:
    from secousti.files import replacing

    with replacing(path) as draft:
        draft.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.05 <= share <= 0.9:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: give one from 0.05 to 0.9")
    return share
