"""What a run is made of, small enough to hand to every worker process, and the workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

import torch

from codec.bench.manifest import Clip
from codec.bench.metrics.scorer import METRICS, Scorer, load_scorer
from codec.bench.metrics.words import Recognise
from codec.bench.peers import find_peers
from codec.bench.peers.base import System
from codec.bench.peers.secousti import secousti_systems
from codec.bench.runner import Original, Outcome, run_clip

Work: TypeAlias = Callable[[Clip], Outcome]
Mapper: TypeAlias = Callable[[Work, Iterable[Clip]], Iterator[Outcome]]
"""Does the work for every clip, in order, as the built-in ``map`` does."""


@dataclass(frozen=True)
class Lineup:
    """Which systems and which metrics; the fields are those of ``secousti bench codec``.

    ``recognise`` must be a module's function if there is more than one worker process.
    """

    rates: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = METRICS
    weights: Path | None = None
    lyra: Path | None = None
    recognise: Recognise | None = None


@dataclass(frozen=True)
class Cast:
    """A line-up with everything loaded, and a message for each part that is not here."""

    systems: dict[str, System]
    scorer: Scorer
    missing: tuple[str, ...]


@cache
def load_cast(lineup: Lineup) -> Cast:
    """Load a line-up, once in each process.

    Raises :class:`SecoustiError` for unknown names and for missing or damaged weights.
    """
    found = find_peers(lineup.peers, lineup.lyra)
    scorer = load_scorer(lineup.metrics, lineup.recognise)
    ours = secousti_systems(lineup.rates, lineup.weights)
    systems: list[System] = [Original(), *ours, *found.systems]
    by_name = {system.name: system for system in systems}
    return Cast(by_name, scorer, (*found.missing, *scorer.missing))


def clip_outcome(lineup: Lineup, name: str, clip: Clip) -> Outcome:
    """One clip through the line-up's system ``name``; raises SecoustiError if it is unreadable."""
    cast = load_cast(lineup)
    return run_clip(cast.systems[name], cast.scorer, clip)


@contextmanager
def workers(jobs: int) -> Iterator[Mapper]:
    """A ``map`` over ``jobs`` processes of one thread each, or over this process if one."""
    if jobs == 1:
        yield map
        return
    with ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        yield pool.map
