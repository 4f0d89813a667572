"""Text losses: they can be learnt, unknown labels cost nothing, and equal phones are equal text."""

from __future__ import annotations

import pytest
import torch

from codec.rates import HIGH, LOW, Rate
from codec.speaking.phones import PHONES
from training.phones import UNKNOWN
from training.text import TextAlignment

FACTOR = {"low": 4, "high": 2}


def moments(rate: Rate, batch: int = 3, tokens: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens that spell their phones in their levels, and the phone labels at 10 ms."""
    generator = torch.Generator().manual_seed(0)
    spoken = torch.randint(0, 16, (batch, tokens), generator=generator)
    levels = torch.stack([spoken // 4, spoken % 4], -1) / 1.5 - 1
    quantised = torch.zeros(batch, tokens, len(rate.levels))
    quantised[..., :2] = levels
    return quantised, spoken.repeat_interleave(FACTOR[rate.name], 1).to(torch.uint8)


@pytest.mark.parametrize("rate", [LOW, HIGH], ids=["low", "high"])
def test_both_losses_can_be_learnt_from_tokens_that_carry_the_phones(rate: Rate) -> None:
    torch.manual_seed(0)
    alignment = TextAlignment(rate)
    tokens, labels = moments(rate)
    optimiser = torch.optim.Adam(alignment.parameters(), lr=3e-3)
    first = alignment(tokens, labels)
    for _ in range(40):
        terms = alignment(tokens, labels)
        optimiser.zero_grad()
        (terms.phones + terms.contrast).backward()
        optimiser.step()
    assert terms.phones < 0.3 * first.phones
    assert terms.contrast < 0.3 * first.contrast
    assert terms.named > 0.9


def test_the_tokens_feel_both_losses() -> None:
    tokens, labels = moments(LOW)
    for term in ("phones", "contrast"):
        felt = tokens.clone().requires_grad_()
        getattr(TextAlignment(LOW)(felt, labels), term).backward()
        assert felt.grad is not None
        assert felt.grad.abs().sum() > 0


def test_unknown_labels_cost_nothing() -> None:
    tokens, labels = moments(HIGH)
    terms = TextAlignment(HIGH)(tokens, torch.full_like(labels, UNKNOWN))
    assert terms.phones == terms.contrast == terms.named == 0


def test_a_moment_is_not_set_against_another_with_the_same_phones() -> None:
    tokens, labels = moments(LOW)
    same = torch.full_like(labels, len(PHONES) - 1)
    assert TextAlignment(LOW)(tokens, same).contrast.abs() < 1e-4


def test_a_large_batch_is_thinned_out_evenly() -> None:
    tokens, labels = moments(LOW, batch=30, tokens=40)
    terms = TextAlignment(LOW)(tokens, labels)
    assert torch.isfinite(terms.contrast)
    assert terms.contrast > 0
