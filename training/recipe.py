"""The schedule of the codec as data: four stages, each with what it trains and what it minimises.

Weights are relative to the multi-resolution log-mel distance (1). Shares are parts of
``--minutes``, so a run of any length is annealed to its end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from codec.errors import SecoustiError


@dataclass(frozen=True)
class Stage:
    name: str
    share: float  # of the whole run
    path: str  # "acoustic": decode A itself; "semantic": decode A^ = connector(S, G)
    lr_start: float
    lr_end: float
    batch: int
    trains: tuple[str, ...]  # parts of the model that learn
    magnitude: float = 0.3  # fine structure between the mel bands
    phase: float = 0.3  # without it the head learns magnitudes with arbitrary phase: buzz
    constraint: float = 0.0  # A^ close to the A of stage 1, frozen
    kl: float = 0.0
    phones: float = 0.0  # tokens that name the phones: intelligible at 10 bits
    contrast: float = 0.0  # tokens that find their text, and text that finds its tokens
    lost: float = 0.0  # share of packets the receiver must do without
    adversarial: float = 0.0
    matching: float = 0.0
    loudness: float = 0.0  # imitates PESQ: declared, and left out by --without loudness

    def learning_rate(self, progress: float) -> float:
        """Cosine from ``lr_start`` to ``lr_end`` as ``progress`` of the stage goes 0 -> 1."""
        fall = 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))
        return self.lr_end + (self.lr_start - self.lr_end) * fall


ALL_PARTS = (
    "encoder", "acoustic", "tokens", "voice_encoder", "voice_condition", "connector", "decoder",
)  # fmt: skip
SENDER_FROZEN = ("connector", "decoder", "voice_condition")

CODEC_STAGES = (
    # 1. Continuous autoencoder: gives the decoder a start and the acoustic target A.
    Stage("acoustic", 0.06, "acoustic", 1e-3, 1e-3, 12, ALL_PARTS),
    # 2. Everything end to end through the tokens, held near A and near the text; the loss of
    #    loudness teaches the tokens what is heard, which no later stage can.
    Stage(
        "semantic", 0.60, "semantic", 1e-3, 2e-4, 12, ALL_PARTS,
        constraint=0.1, kl=0.01, phones=0.1, contrast=0.07, loudness=0.2,
    ),
    # 3. Naturalness: receiver only, so that tokens stay what they are; the judges are small because
    #    a discriminator step costs several generator steps on a CPU.
    Stage(
        "adversarial", 0.20, "semantic", 3e-4, 1e-4, 8, SENDER_FROZEN,
        magnitude=0.1, phase=0.1, lost=0.05, adversarial=0.07, matching=0.14, loudness=0.2,
    ),
    # 4. Annealing: the same losses while the learning rate goes to zero.
    Stage(
        "finish", 0.14, "semantic", 2e-4, 0.0, 8, SENDER_FROZEN,
        magnitude=0.1, phase=0.1, lost=0.05, adversarial=0.07, matching=0.14, loudness=0.3,
    ),
)  # fmt: skip


def stages_from(first: str) -> tuple[Stage, ...]:
    """The schedule from stage ``first`` on, shares scaled up to 1."""
    names = [stage.name for stage in CODEC_STAGES]
    if first not in names:
        raise SecoustiError(f"unknown stage {first!r}: choose one of {', '.join(names)}")
    return CODEC_STAGES[names.index(first) :]


def stage_at(progress: float, stages: tuple[Stage, ...]) -> tuple[Stage, float]:
    """The stage that ``progress`` (0-1 of the run) falls in, and how far into it (0-1)."""
    total = sum(stage.share for stage in stages)
    start = 0.0
    for stage in stages:
        end = start + stage.share / total
        if progress < end or stage is stages[-1]:
            return stage, (progress - start) / (end - start)
        start = end
    raise AssertionError("a schedule has at least one stage")
