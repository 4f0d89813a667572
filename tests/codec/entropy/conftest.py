"""Priors with seeded random tables: coding must be exact whatever a prior believes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from codec.entropy.prior import Prior, table_shapes
from codec.entropy.shares import codes_of
from codec.rates import RATES, Rate
from codec.tokens import Tokens, tokens_needed, voices_needed


def random_prior(rate: Rate, seed: int = 0, channels: int = 16, hidden: int = 8) -> Prior:
    """A small prior that believes in nonsense, often strongly."""
    draw = np.random.default_rng(seed)
    shapes = table_shapes(rate, channels, hidden)
    tables = {name: draw.normal(0, 3000, shape).astype(np.int16) for name, shape in shapes.items()}
    for name in ("voice_first", "voice_next"):
        tables[name] = draw.integers(1, 2**14, shapes[name]).astype(np.int16)
    return Prior(rate, tables)


def sure_prior(rate: Rate) -> Prior:
    """Holds level 2 of every digit 128 times likelier than any other, and every voice alike."""
    tables = {name: np.zeros_like(t) for name, t in random_prior(rate).tables.items()}
    tables |= {name: np.ones_like(tables[name]) for name in ("voice_first", "voice_next")}
    tables["score_bias"][:, 2] = 7 << 12
    return Prior(rate, tables)


def twos(rate: Rate, samples: int) -> Tokens:
    """What :func:`sure_prior` expects, with a surprise now and then."""
    draw = np.random.default_rng(0)
    count = tokens_needed(rate.name, samples)
    digits = np.where(draw.random((1, count, len(rate.levels))) < 0.95, 2, 1)
    voice = draw.integers(0, 2**16, (1, voices_needed(rate.name, count)))
    return Tokens(torch.from_numpy(codes_of(digits)), torch.from_numpy(voice), rate.name, samples)


@pytest.fixture(scope="session", params=sorted(RATES))
def prior(request: pytest.FixtureRequest) -> Prior:
    return random_prior(RATES[request.param])
