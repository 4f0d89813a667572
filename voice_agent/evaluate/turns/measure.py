"""Ears at work on a scene: where they end its turns, and how long after the caller's last sound.

The audio goes in by packets of 40 ms as on the native wire. Times are audio times, so a slow
machine measures the same; what the recogniser would add on top is its own computing time, which is
counted on its thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from codec.bench.metrics.words import word_errors
from codec.rates import SAMPLE_RATE_HZ
from voice_agent.evaluate.turns.scenes import Pcm, Scene, SpokenTurn
from voice_agent.listen.events import ListenEvent, TurnEnded
from voice_agent.listen.recognise import Hypothesis, Recogniser

PACKET = 640
QUIET = 3e-3  # RMS of a pause: ten times the scenes' room
# An answer that is prepared is heard no sooner after a turn's end: on our own wire the codec delays
# the caller and the agent by 40 ms each, and 25 ms are work and the voice's onset.
ANSWER_MS = 105.0


class Ears(Protocol):
    """:class:`voice_agent.listen.Listener`."""

    agent_speaking: bool

    def push(self, pcm: Pcm) -> list[ListenEvent]: ...


@dataclass(frozen=True)
class TurnResult:
    """One turn. ``early``: it was ended before its end; ``cut_in``: and the agent was heard, since
    the pause went on for longer than an answer takes. ``delay_ms`` is None where no end came."""

    kind: str
    pauses: int
    early: int
    cut_in: int
    delay_ms: float | None
    words: int
    errors: int


@dataclass(frozen=True)
class RemarkResult:
    """Something said over the agent, and whether it was taken for a turn."""

    takes: bool
    taken: bool


@dataclass
class TimedRecogniser:
    """A recogniser that counts the seconds of its thread, and hears the same sound only once."""

    inner: Recogniser
    seconds: list[float] = field(default_factory=list)
    known: dict[bytes, Hypothesis] = field(default_factory=dict)

    def transcribe(self, pcm: Pcm) -> Hypothesis:
        key = pcm.tobytes()
        if key not in self.known:
            began = time.thread_time()
            self.known[key] = self.inner.transcribe(pcm)
            self.seconds.append(time.thread_time() - began)
        return self.known[key]


def hear(ears: Ears, scene: Scene) -> list[TurnResult]:
    """What the ears make of every turn of ``scene``."""
    told: list[tuple[float, ListenEvent]] = []
    for at in range(0, len(scene.wav), PACKET):
        now_s = min(at + PACKET, len(scene.wav)) / SAMPLE_RATE_HZ
        told += [(now_s, event) for event in ears.push(scene.wav[at : at + PACKET])]
    starts = [turn.start_s for turn in scene.turns[1:]] + [np.inf]
    return [
        _result(scene, turn, [pair for pair in told if turn.start_s <= pair[0] < next_s])
        for turn, next_s in zip(scene.turns, starts, strict=True)
    ]


def hear_remark(ears: Ears, takes: bool, clip: Pcm) -> RemarkResult:
    """What the ears make of ``clip``, said while the agent speaks."""
    ears.agent_speaking = True
    told = [
        event for at in range(0, len(clip), PACKET) for event in ears.push(clip[at : at + PACKET])
    ]
    return RemarkResult(takes, any(isinstance(event, TurnEnded) for event in told))


def _result(scene: Scene, turn: SpokenTurn, told: list[tuple[float, ListenEvent]]) -> TurnResult:
    ends = [(now_s, event) for now_s, event in told if isinstance(event, TurnEnded)]
    early = [now_s for now_s, event in ends if now_s < turn.end_s - 0.05]
    last = next((now_s for now_s, _ in ends if now_s >= turn.end_s - 0.05), None)
    heard = " ".join(event.turn.text for _, event in ends)
    wrong = word_errors(turn.words, heard)
    return TurnResult(
        kind=scene.kind,
        pauses=len(turn.pauses),
        early=len(early),
        cut_in=sum(_heard_over(scene, at_s) for at_s in early),
        delay_ms=None if last is None else 1000 * (last - turn.end_s),
        words=wrong.words,
        errors=wrong.errors,
    )


def _heard_over(scene: Scene, at_s: float) -> bool:
    """Whether the caller is still silent when the answer begins: then it is heard as a cut-in."""
    start = round(at_s * SAMPLE_RATE_HZ)
    pause = scene.wav[start : start + round(ANSWER_MS * SAMPLE_RATE_HZ / 1000)]
    return bool(len(pause)) and float(np.sqrt(np.mean(np.square(pause)))) < QUIET
