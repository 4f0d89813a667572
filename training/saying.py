"""Fits the network of :mod:`codec.speaking` to what a corpus says and the tokens it is.

The codec stays as it is: its tokens of the training speech are the target, the phone alignment the
input, the last voice codeword of an utterance its voice. Time is CPU time of the process.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor

from codec.entropy.shares import digits_of
from codec.errors import SecoustiError
from codec.rates import HOP_SAMPLES, Rate
from codec.speaking.net import NOT_KNOWN, PhoneNet
from codec.speaking.phones import SILENCE
from codec.speaking.speaker import voice_vector
from training.checkpoint import Averaged, load_checkpoint, save_checkpoint
from training.corpus import Corpus
from training.phones import UNKNOWN, WORST_SCORE, PhoneLabels
from training.prior_tokens import TokenCorpus

SAVE_EACH_S = 120.0


@dataclass(frozen=True)
class SayConfig:
    batch: int = 12  # windows
    window_s: float = 6.4
    all_hidden: float = 0.3  # share of the windows of which nothing is known, as a line begins
    lr: float = 1e-3
    warm_up: float = 0.02  # share of the time in which the learning rate rises
    lengths: float = 0.2  # weight of the loss of durations


@dataclass(frozen=True)
class Line:
    """One utterance: phones uint8 each 10 ms, codes int32 a token, its voice codeword."""

    phones: NDArray[np.uint8]
    codes: NDArray[np.int32]
    voice: int
    speaker: str


@dataclass(frozen=True)
class Windows:
    """A batch: phones int64 ``[B, P]`` with their lengths in frames (0 behind the end), voices
    ``[B, 8]``, digits int64 ``[B, N, D]``, and which phones are whole, bool ``[B, P]``."""

    phones: Tensor
    frames: Tensor
    whole: Tensor
    voices: Tensor
    digits: Tensor


def lines_of(
    corpus: Corpus, phones: PhoneLabels, tokens: TokenCorpus, order: list[int]
) -> list[Line]:
    """The utterances ``order`` names that are aligned and long enough to have a voice.

    Raises :class:`SecoustiError` where there is none.
    """
    lines = []
    for number, (codes, voice) in zip(order, tokens.utterances(), strict=False):
        utterance = corpus.utterances[number]
        if phones.scores[number] > WORST_SCORE and len(voice):
            labels = np.array(phones.of(number, utterance.length))
            labels[labels == UNKNOWN] = SILENCE
            lines.append(Line(labels, codes, int(voice[-1]), utterance.speaker))
    if not lines:
        raise SecoustiError("no utterance has phones and a voice: run 'secousti train align' first")
    return lines


def steady_voice(lines: list[Line], speaker: str = "") -> int:
    """The commonest voice codeword of a speaker, of the one who says most if none is named."""
    names = Counter({line.speaker: 0 for line in lines})
    for line in lines:
        names[line.speaker] += len(line.codes)
    chosen = speaker or names.most_common(1)[0][0]
    if chosen not in names:
        raise SecoustiError(f"nobody is called {chosen!r} among the aligned speakers")
    return Counter(line.voice for line in lines if line.speaker == chosen).most_common(1)[0][0]


class SayTrainer:
    """One run of ``secousti train say``, resumable."""

    def __init__(self, rate: Rate, lines: list[Line], config: SayConfig | None = None) -> None:
        self.rate, self.lines, self.config = rate, lines, config or SayConfig()
        self.net = PhoneNet(rate)
        self.average = Averaged(self.net)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=1e-3, betas=(0.9, 0.98))
        self.mass = np.cumsum([len(line.codes) for line in lines])
        self.step, self.cpu_s = 0, 0.0

    def save(self, path: Path) -> None:
        """A checkpoint to resume from."""
        save_checkpoint(
            path,
            {
                "net": self.net.state_dict(), "average": self.average.values,
                "optimiser": self.optimiser.state_dict(), "step": self.step, "cpu_s": self.cpu_s,
            },
        )  # fmt: skip

    def resume(self, path: Path) -> None:
        """Goes on where the checkpoint stands."""
        content = load_checkpoint(path)
        self.net.load_state_dict(content["net"])
        self.average.values = content["average"]
        self.optimiser.load_state_dict(content["optimiser"])
        self.step, self.cpu_s = content["step"], content["cpu_s"]

    def run(
        self,
        cpu_seconds: float,
        checkpoint: Path,
        report: Callable[[float, dict[str, float]], None],
    ) -> None:
        """Trains until ``cpu_seconds`` of all legs are used up; checkpoints each two minutes."""
        began, saved = time.process_time() - self.cpu_s, time.monotonic()
        while self.cpu_s < cpu_seconds:
            done = self.cpu_s / cpu_seconds
            report(done, self.descend(self.draw(), done))
            self.cpu_s = time.process_time() - began
            if time.monotonic() - saved > SAVE_EACH_S:
                self.save(checkpoint)
                saved = time.monotonic()
        self.save(checkpoint)

    def draw(self) -> Windows:
        """The windows of this step, the same ones whenever it is this step."""
        rng = np.random.default_rng((7, self.step))
        factor = self.rate.token_samples // HOP_SAMPLES
        count = round(self.config.window_s * self.rate.token_hz)
        cuts = []
        for at in rng.random(self.config.batch):
            line = self.lines[int(np.searchsorted(self.mass, at * self.mass[-1], side="right"))]
            tokens = min(count, len(line.codes), len(line.phones) // factor)
            first = int(
                rng.integers(0, min(len(line.codes), len(line.phones) // factor) - tokens + 1)
            )
            cuts.append((line, first, tokens))
        return self._windows(cuts, factor)

    def _windows(self, cuts: list[tuple[Line, int, int]], factor: int) -> Windows:
        runs = [
            run_lengths(line.phones[first * factor : (first + tokens) * factor])
            for line, first, tokens in cuts
        ]
        longest = max(tokens for _, _, tokens in cuts)
        digits = np.zeros((len(cuts), longest, len(self.rate.levels)), np.int64)
        for row, (line, first, tokens) in enumerate(cuts):
            codes = line.codes[first : first + tokens].astype(np.int64)
            digits[row, :tokens] = digits_of(codes, len(self.rate.levels))
        most = max(len(phones) for phones, _ in runs)
        padded = np.zeros((3, len(cuts), most), np.int64)
        for row, (phones, frames) in enumerate(runs):
            padded[0, row, : len(phones)], padded[1, row, : len(phones)] = phones, frames
            padded[2, row, 1 : len(phones) - 1] = 1  # the first and last may be cut
        voices = torch.cat([voice_vector(line.voice) for line, _, _ in cuts])
        phones, frames, whole = torch.from_numpy(padded)
        return Windows(phones, frames, whole.bool(), voices, torch.from_numpy(digits))

    def descend(self, windows: Windows, done: float) -> dict[str, float]:
        """One step; ``done`` is the share of the run, for the learning rate."""
        rise = min(1.0, done / self.config.warm_up, (1 + self.step) / 50)
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.lr * rise * 0.5 * (1 + float(np.cos(np.pi * min(1.0, done))))
        self.net.train()
        torch.manual_seed(self.step)
        with torch.autocast("cpu", torch.bfloat16):
            digit, length = say_losses(self.net, windows, self.config.all_hidden)
        self.optimiser.zero_grad()
        (digit + self.config.lengths * length).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.average.update(self.net, self.step)
        self.step += 1
        return {"digit": digit.item(), "length": length.item()}

    def export(self, path: Path, voice: int, metadata: dict[str, str]) -> None:
        """The averaged network in float16 with the codeword it speaks with, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".partial")
        values = {name: value.half().contiguous() for name, value in self.average.values.items()}
        facts = {"rate": self.rate.name, "voice": str(voice), "steps": str(self.step)}
        save_file(values, aside, metadata=facts | metadata)
        aside.replace(path)


def say_losses(net: PhoneNet, windows: Windows, all_hidden: float) -> tuple[Tensor, Tensor]:
    """Cross entropy of the hidden digits (nats each), and mean |difference| of log lengths."""
    present = windows.frames > 0
    readings = net.read(windows.phones, windows.voices, present)
    spread, there = net.lay_out(readings, windows.frames)
    digits = windows.digits[:, : spread.shape[1]]
    share = torch.cos(torch.pi / 2 * torch.rand(len(digits), 1))
    share = torch.where(torch.rand(len(digits), 1) < all_hidden, 1.0, share)
    hidden = torch.rand(digits.shape[:2]) < share
    scores = net.scores(
        spread, there, windows.voices, digits.masked_fill(hidden[..., None], NOT_KNOWN)
    )
    asked = hidden & there
    digit = F.cross_entropy(scores.float()[asked].flatten(0, 1), digits[asked].flatten())
    off = net.log_lengths(readings).float() - windows.frames.clamp(min=1).float().log()
    return digit, off[windows.whole].abs().mean()


def run_lengths(labels: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Runs of equal labels ``[T]``: the labels ``[P]`` and how often each stands, ``[P]``."""
    changes = np.flatnonzero(np.diff(labels)) + 1
    starts = np.concatenate([[0], changes])
    return labels[starts].astype(np.int64), np.diff(np.append(starts, len(labels)))
