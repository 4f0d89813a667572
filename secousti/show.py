"""A call as a person sees it: what was heard, how it was taken, what was said, what it cost."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from secousti.meter import Meter

LABEL_COLUMNS = 10  # the longest label, "strategy", and room after it
LATENCY_WORDS = {  # in the order in which a turn passes through them
    "endpoint": "end of turn",
    "recognise": "words",
    "think": "thinking",
    "speak_first": "first speech",
}


class Show:
    """Prints a call line by line; a ``quiet`` one keeps it to itself."""

    def __init__(self, quiet: bool = False) -> None:
        self._console = Console(quiet=quiet, highlight=False)

    def title(self, rate: str, address: str, caller: str) -> None:
        """``caller`` says who is heard calling, and whether that person is synthetic."""
        self._console.print(f"[bold]A call at {address}[/], {rate} rate")
        self._console.print(f"[dim]{escape(caller)}[/]\n")

    def meter(self) -> Meter:
        """A level meter under the lines, to be entered as a context."""
        return Meter(self._console)

    def step(self, what: str) -> None:
        """Something that takes a moment, said before it happens."""
        self._console.print(f"[dim]{escape(what)}[/]")

    def agent(self, text: str) -> None:
        self._line("agent", f"[bold]{escape(text)}[/]")

    def caller(self, recording: str, seconds: float) -> None:
        self._console.print()
        self._line("caller", f"[dim]{escape(recording)}, {seconds:.1f} s[/]")

    def heard(self, text: str, stage: str, strategy: str, risk: str) -> None:
        self._line("heard", escape(text) or "[dim]nothing[/]")
        risk_colour = "green" if risk == "none" else "bold red"
        self._line("stage", f"{stage}, strategy {strategy}, risk [{risk_colour}]{risk}[/]")

    def waited(self, latency_ms: Mapping[str, float]) -> None:
        """The caller's wait and where it went; what no part explains went into codec and line."""
        total = latency_ms.get("voice_to_voice")
        if total is None:
            self._line("waited", "no answer")
            return
        spent = {words: latency_ms.get(name, 0.0) for name, words in LATENCY_WORDS.items()}
        spent["codec and line"] = max(0.0, total - sum(spent.values()))
        shares = ", ".join(f"{words} {ms:.0f}" for words, ms in spent.items())
        self._line("waited", f"[bold]{total:.0f} ms[/] from last sample to first: {shares}")

    def bits(self, uplink_bps: float, downlink_bps: float) -> None:
        self._line("bits", f"up {uplink_bps:.0f} bps, down {downlink_bps:.0f} bps")

    def farewell(self, folder: str, log: str) -> None:
        self._console.print(f"\nreplies and token log are in {escape(folder)}; hear them again:")
        self._console.print(f"  {program()} replay {escape(log)} --out again", soft_wrap=True)

    def _line(self, label: str, markup: str) -> None:
        """``markup`` beside its label, wrapped under itself."""
        grid = Table.grid()
        grid.add_column(width=LABEL_COLUMNS, style="cyan")
        grid.add_column(overflow="fold")
        grid.add_row(label, markup)
        self._console.print(grid)


def program() -> str:
    """How this program was called, so that a line it prints can be typed as it stands."""
    return sys.argv[0] if Path(sys.argv[0]).name == "secousti" else "secousti"
