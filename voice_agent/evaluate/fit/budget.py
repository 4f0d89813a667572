"""Thresholds of the crisis net, set by what ordinary calls may be asked without need.

A caller sits through a whole call, so the false alarms that count are those of a call, not of a
line: a threshold that one turn in thirty passes asks every third caller about suicide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from voice_agent.think.crisis import WATCH_TURNS
from voice_agent.think.heads import Floats

# Shares of ordinary calls in which a single turn may reach a level without need ...
CALLS_REACHED = {"low": 0.07, "high": 0.02, "imminent": 0.0}
# ... and that may be asked at all, by a single turn or by two that were only watched.
CALLS_ASKED = 0.10
LEVELS = ("low", "high", "imminent")
STEP = 0.005  # of the search for the threshold of watch
LEAST = 0.05  # it does not go below this

Calls = Sequence[Floats]  # of each call the probabilities [T, 4] of its caller turns


def call_thresholds(kinds: Sequence[Calls]) -> dict[str, float]:
    """For each level, and for watch, the least probability (with graver ones) within the budget.

    Args:
        kinds: kinds of ordinary calls; the budget holds for each kind by itself. Probabilities are
            those of heads that were fitted without the call's family.
    """
    found = {level: max(_reached(calls, level) for calls in kinds) for level in LEVELS}
    steps = np.arange(LEAST, found["low"], STEP)
    within = (float(s) for s in steps if max(asked(c, found, s) for c in kinds) <= CALLS_ASKED)
    return {"watch": round(next(within, found["low"]), 4), **found}


def asked(calls: Calls, thresholds: Mapping[str, float], watch: float) -> float:
    """Share of the calls that are asked: by one turn, or by two watched within ``WATCH_TURNS``."""
    return float(np.mean([_is_asked(call, thresholds["low"], watch) for call in calls]))


def _is_asked(call: Floats, ask: float, watch: float) -> bool:
    risk = call[:, 1:].sum(axis=1)
    if (risk >= ask).any():
        return True
    gaps = np.diff(np.flatnonzero(risk >= watch))
    return bool((gaps <= WATCH_TURNS).any())


def _reached(calls: Calls, level: str) -> float:
    """The value that at most the level's share of the calls reach with their gravest turn."""
    rank = LEVELS.index(level) + 1
    gravest = [float(call[:, rank:].sum(axis=1).max()) for call in calls]
    return round(float(np.quantile(gravest, 1 - CALLS_REACHED[level])) + 1e-4, 4)
