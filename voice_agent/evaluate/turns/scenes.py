"""Calls whose pauses are known: clips of speech laid out on a time line.

A *scene* is one caller's side of a call: turns, each of one or more clips with pauses between
them, and after each turn the silence in which the agent would answer. Every caller has a pace of
their own: their pauses come from a log-normal distribution around their own median, so that ears
which learn a caller have something to learn.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.rates import SAMPLE_RATE_HZ

Pcm = NDArray[np.float32]

# Medians of a hurried, an ordinary and a hesitant caller, ms. Pauses inside spoken turns have
# medians of 400-500 ms and a long tail (Heldner & Edlund 2010; Campione & Veronis 2002); the
# hesitant caller stands for people who search for words under strain.
PACES_MS = (350.0, 600.0, 950.0)
SPREAD = 0.5  # sigma of the logarithm: one pause in twenty is 2.3 times the median
SHORTEST_MS, LONGEST_MS = 150.0, 2_500.0
ANSWER_MS = 3_500  # silence after a turn: longer than any patience of the ears
ROOM = 3e-4  # RMS of the noise under everything (-70 dB of full scale)
SPEECH_DB = 35.0  # what is within this of a clip's loudest 10 ms is speech
BLOCK = SAMPLE_RATE_HZ // 100


@dataclass(frozen=True)
class SpokenTurn:
    """Where a turn lies in its scene, in seconds; ``pauses`` are those that were put in."""

    start_s: float
    end_s: float
    pauses: tuple[tuple[float, float], ...]
    words: str


@dataclass(frozen=True)
class Scene:
    """One caller's side of a call; ``wav`` is float32 ``[T]`` at 16 kHz."""

    name: str
    kind: str
    wav: Pcm
    turns: tuple[SpokenTurn, ...]


@dataclass(frozen=True)
class TurnClips:
    """The clips that make one turn, float32 ``[T]`` each, and what is said in them."""

    clips: tuple[Pcm, ...]
    words: str = ""


def lay_out(
    name: str, kind: str, turns: Sequence[TurnClips], pace_ms: float, rng: random.Random
) -> Scene:
    """The scene of ``turns`` spoken by a caller whose pauses have the median ``pace_ms``."""
    pieces: list[Pcm] = [_silence(1_000)]
    spoken: list[SpokenTurn] = []
    at = len(pieces[0])
    for turn in turns:
        start, pauses = at, []
        for number, clip in enumerate(map(trimmed, turn.clips)):
            if number:
                pause = _silence(_pause_ms(pace_ms, rng))
                pauses.append((at / SAMPLE_RATE_HZ, (at + len(pause)) / SAMPLE_RATE_HZ))
                pieces.append(pause)
                at += len(pause)
            pieces.append(clip)
            at += len(clip)
        end = at
        pieces.append(_silence(ANSWER_MS))
        at += len(pieces[-1])
        spoken.append(
            SpokenTurn(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ, tuple(pauses), turn.words)
        )
    return Scene(name, kind, _in_a_room(np.concatenate(pieces)), tuple(spoken))


def alone(clip: Pcm) -> Pcm:
    """``clip`` with the silence around it that tells it from anything else."""
    silence = np.zeros(ANSWER_MS * SAMPLE_RATE_HZ // 1000, np.float32)
    return _in_a_room(np.concatenate([silence[:SAMPLE_RATE_HZ], trimmed(clip), silence]))


def _in_a_room(wav: Pcm) -> Pcm:
    noise = np.random.default_rng(len(wav)).normal(0.0, ROOM, len(wav)).astype(np.float32)
    return wav + noise


def trimmed(clip: Pcm) -> Pcm:
    """``clip`` from its first to its last block of speech."""
    blocks = clip[: len(clip) - len(clip) % BLOCK].reshape(-1, BLOCK)
    level = np.sqrt(np.mean(np.square(blocks), axis=1))
    loud = np.flatnonzero(level > level.max(initial=0.0) * 10 ** (-SPEECH_DB / 20))
    return clip[loud[0] * BLOCK : (loud[-1] + 1) * BLOCK] if len(loud) else clip


def _pause_ms(pace_ms: float, rng: random.Random) -> float:
    drawn = pace_ms * float(np.exp(SPREAD * rng.gauss(0.0, 1.0)))
    return min(LONGEST_MS, max(SHORTEST_MS, drawn))


def _silence(ms: float) -> Pcm:
    return np.zeros(round(ms * SAMPLE_RATE_HZ / 1000), np.float32)
