"""What a run leaves to read: ``log.jsonl``, TensorBoard curves, and decoded samples with scores."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from codec.audio import write_wav
from codec.rates import SAMPLE_RATE_HZ

STEPS_A_LINE = 20


class Journal:
    """Keeps the run's numbers in ``out``; curves too, where TensorBoard is installed."""

    def __init__(self, out: Path, each: int = STEPS_A_LINE) -> None:
        self._samples = out / "samples"
        self._samples.mkdir(parents=True, exist_ok=True)
        self._out, self._each = out, each
        self._window: list[dict[str, Any]] = []
        self._curves = _tensorboard(out)

    def step(self, values: dict[str, Any]) -> None:
        """Takes one step's losses; writes the mean of every ``each`` steps."""
        self._window.append(values)
        if len(self._window) < self._each or values["step"] % self._each:
            return
        numbers = [key for key, value in values.items() if isinstance(value, float)]
        means = {key: self._mean(key) for key in numbers}
        self._write(values["step"], values["stage"], means)
        self._window.clear()

    def scores(self, step: int, stage: str, scores: dict[str, float]) -> None:
        """Takes the scores of the validation samples."""
        self._write(step, stage, {f"valid_{name}": value for name, value in scores.items()})

    def sample(self, step: int, name: str, wav: NDArray[np.float32]) -> None:
        """Keeps one decoded sample, float32 ``[T]`` at 16 kHz, to listen to."""
        write_wav(self._samples / f"{step:07d}-{name}.wav", torch.from_numpy(wav))
        if self._curves is not None:
            self._curves.add_audio(name, wav[None], step, SAMPLE_RATE_HZ)

    def _mean(self, key: str) -> float:
        return float(np.mean([values.get(key, 0.0) for values in self._window]))

    def _write(self, step: int, stage: str, numbers: dict[str, float]) -> None:
        line: dict[str, Any] = {"step": step, "stage": stage, "time": round(time.time())}
        line |= {name: round(value, 4) for name, value in numbers.items()}
        with (self._out / "log.jsonl").open("a") as handle:
            handle.write(json.dumps(line) + "\n")
        if self._curves is not None:
            for name, value in numbers.items():
                self._curves.add_scalar(name, value, step)


def _tensorboard(out: Path) -> Any | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out / "tensorboard"))
