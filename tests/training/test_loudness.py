"""The loudness loss ranks faults as a listener of P.862 does, and can be descended."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.conftest import make_hum
from training.loudness import LoudnessLoss


def tensor(wave: np.ndarray) -> Tensor:
    return torch.from_numpy(wave.astype(np.float32))[None]


@pytest.fixture(scope="module")
def loss() -> LoudnessLoss:
    return LoudnessLoss()


SPEECH = make_hum(2.0)
NOISE = np.random.default_rng(0).standard_normal(len(SPEECH)) * 0.05


def test_nothing_is_lost_where_nothing_differs(loss: LoudnessLoss) -> None:
    assert loss(tensor(SPEECH), tensor(SPEECH)).item() < 0.02


def test_more_noise_loses_more(loss: LoudnessLoss) -> None:
    lost = [loss(tensor(SPEECH + k * NOISE), tensor(SPEECH)).item() for k in (0.1, 0.3, 1.0)]
    assert lost == sorted(lost)
    assert lost[0] > 0.01


def test_a_change_of_level_is_forgiven_in_great_part(loss: LoudnessLoss) -> None:
    quieter = loss(tensor(0.7 * SPEECH), tensor(SPEECH)).item()
    assert quieter < 0.3 * loss(tensor(SPEECH + 0.3 * NOISE), tensor(SPEECH)).item()


def test_added_sound_weighs_more_than_missing_sound(loss: LoudnessLoss) -> None:
    more = loss(tensor(SPEECH + NOISE), tensor(SPEECH)).item()
    less = loss(tensor(SPEECH), tensor(SPEECH + NOISE)).item()
    assert more > less


def test_it_agrees_with_pesq(loss: LoudnessLoss) -> None:
    pesq = pytest.importorskip("pesq", reason="the bench extra is not installed")
    rng = np.random.default_rng(1)
    speech = make_hum(3.0) * (0.6 + 0.4 * np.sin(np.arange(48000) / 4000))
    faults = [0.0003, 0.001, 0.003, 0.01]
    decoded = [speech + level * rng.standard_normal(len(speech)) for level in faults]
    lost = [loss(tensor(wave), tensor(speech)).item() for wave in decoded]
    scores = [pesq.pesq(16000, speech, wave.astype(np.float32), "wb") for wave in decoded]
    assert np.argsort(lost).tolist() == np.argsort(scores)[::-1].tolist()


def test_silence_has_a_finite_gradient(loss: LoudnessLoss) -> None:
    decoded = torch.zeros(1, 16000, requires_grad=True)
    loss(decoded, torch.zeros(1, 16000)).backward()
    assert decoded.grad is not None
    assert torch.isfinite(decoded.grad).all()


def test_descending_it_removes_noise(loss: LoudnessLoss) -> None:
    decoded = tensor(SPEECH + NOISE).requires_grad_()
    optimiser = torch.optim.Adam([decoded], lr=3e-3)
    before = loss(decoded, tensor(SPEECH)).item()
    for _ in range(15):
        optimiser.zero_grad()
        now = loss(decoded, tensor(SPEECH))
        now.backward()
        optimiser.step()
    assert now.item() < 0.8 * before
