"""Priors with seeded random tables: coding must be exact whatever a prior believes."""

from __future__ import annotations

import numpy as np
import pytest

from codec.entropy.prior import Prior, table_shapes
from codec.rates import RATES, Rate


def random_prior(rate: Rate, seed: int = 0, channels: int = 16, hidden: int = 8) -> Prior:
    """A small prior that believes in nonsense, often strongly."""
    draw = np.random.default_rng(seed)
    shapes = table_shapes(rate, channels, hidden)
    tables = {name: draw.normal(0, 3000, shape).astype(np.int16) for name, shape in shapes.items()}
    for name in ("voice_first", "voice_next"):
        tables[name] = draw.integers(1, 2**14, shapes[name]).astype(np.int16)
    return Prior(rate, tables)


@pytest.fixture(scope="session", params=sorted(RATES))
def prior(request: pytest.FixtureRequest) -> Prior:
    return random_prior(RATES[request.param])
