"""Losses: nothing for equals, more for worse, finite for silence."""

from __future__ import annotations

import torch

from training.discriminators import Discriminators, discriminator_loss, generator_loss
from training.losses import ReconstructionLoss, acoustic_constraint, kl_with_margin


def noise(seed: int) -> torch.Tensor:
    return 0.1 * torch.randn(2, 16000, generator=torch.Generator().manual_seed(seed))


def test_equal_waveforms_cost_nothing() -> None:
    terms = ReconstructionLoss()(noise(0), noise(0))
    assert all(term.item() == 0 for term in terms)


def test_worse_costs_more_in_every_term() -> None:
    loss, clean = ReconstructionLoss(), noise(0)
    near, far = loss(clean + 0.1 * noise(1), clean), loss(clean + noise(1), clean)
    assert all(n < f for n, f in zip(near, far, strict=True))


def test_a_shifted_phase_is_seen_by_the_phase_term_alone() -> None:
    loss, clean = ReconstructionLoss(), noise(0)
    flipped = loss(-clean, clean)
    assert flipped.mel < 1e-5
    assert flipped.phase > 0.1


def test_silence_gives_finite_losses_and_gradients() -> None:
    wav = torch.zeros(1, 8000, requires_grad=True)
    terms = ReconstructionLoss()(wav, torch.zeros(1, 8000))
    torch.stack(list(terms)).sum().backward()
    assert wav.grad is not None
    assert torch.isfinite(wav.grad).all()


def test_the_constraint_is_in_units_of_the_variance() -> None:
    acoustic = torch.randn(4, 50, 8, generator=torch.Generator().manual_seed(0))
    off = acoustic_constraint(acoustic + 1.0, acoustic)
    assert torch.isclose(off, acoustic_constraint(10 * acoustic + 10, 10 * acoustic))
    assert acoustic_constraint(acoustic, acoustic) == 0


def test_kl_within_the_margin_is_free() -> None:
    assert kl_with_margin(torch.tensor(0.4)) == 0
    assert kl_with_margin(torch.tensor(0.9)) > 0


def test_judges_learn_to_tell_noise_from_tone() -> None:
    torch.manual_seed(0)
    judges = Discriminators(channels=4)
    tone = 0.3 * torch.sin(torch.arange(8192) * 0.3)[None].repeat(4, 1)
    optimiser = torch.optim.Adam(judges.parameters(), lr=2e-3)
    first = None
    for step in range(15):
        fake = 0.1 * torch.randn(4, 8192, generator=torch.Generator().manual_seed(step))
        loss = discriminator_loss(judges(tone), judges(fake))
        first = first or loss.item()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.7 * first


def test_the_decoder_is_not_blamed_for_equal_sound() -> None:
    judges = Discriminators(channels=4)
    _, matching = generator_loss(judges(noise(0)), judges(noise(0)))
    assert matching == 0
