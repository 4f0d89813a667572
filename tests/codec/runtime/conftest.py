"""Models whose every parameter matters: fresh ones hold zeros that would hide a missing term."""

from __future__ import annotations

import pytest
import torch

from codec.model import SecoustiModel, seeded_model
from codec.rates import RATES


def shaken(name: str) -> SecoustiModel:
    """A seeded model of one rate with noise on all parameters."""
    model = seeded_model(RATES[name]).requires_grad_(False)
    draw = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.add_(0.03 * torch.randn(parameter.shape, generator=draw))
    return model


@pytest.fixture(scope="session", params=sorted(RATES))
def model(request: pytest.FixtureRequest) -> SecoustiModel:
    return shaken(request.param)
