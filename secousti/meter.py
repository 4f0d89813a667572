"""A level meter for the terminal: whether the microphone hears, and whose turn it is."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.text import Text

from secousti.client import Pcm

CELLS = 30
FLOOR_DB = -60.0  # an empty bar; a quiet room is about -55
LOUD_DB = -6.0  # from here on the bar turns red: the microphone is close to clipping
FALL = 0.7  # per block of 20 ms, so that a bar can be seen before it falls


class Meter:
    """One line under the conversation, as a context manager; gone when the call ends."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, transient=True, refresh_per_second=15)
        self._level = 0.0

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, pcm: Pcm, agent_speaks: bool, caption: str = "") -> None:
        """The level of float32 [T], and the words heard so far."""
        rms = float(np.sqrt(np.mean(np.square(pcm)))) if len(pcm) else 0.0
        self._level = max(rms, FALL * self._level)
        whose = "agent speaks" if agent_speaks else "listening"
        self._live.update(bar(self._level) + Text(f"  {whose:<12}  {caption}", style="dim"))


def bar(rms: float) -> Text:
    """A bar of 30 cells for an RMS of full scale 1, on a decibel scale."""
    level_db = 20 * np.log10(max(rms, 1e-6))
    filled = int(np.clip(round(CELLS * (1 - level_db / FLOOR_DB)), 0, CELLS))
    style = "red" if level_db > LOUD_DB else "green"
    return Text("[") + Text("#" * filled, style=style) + Text(" " * (CELLS - filled) + "]")
