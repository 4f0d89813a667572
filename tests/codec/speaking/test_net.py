"""Phones are laid out over tokens exactly, and a sequence's end is nobody else's business."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from codec.rates import HIGH, LOW, Rate
from codec.speaking.net import NOT_KNOWN, PhoneNet, PhoneNetConfig

SMALL = PhoneNetConfig(reading=32, channels=32, reading_depth=1, depth=2)


def net(rate: Rate = LOW) -> PhoneNet:
    torch.manual_seed(0)
    return PhoneNet(rate, SMALL).eval()


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_tokens_are_as_many_as_the_frames_need(frames: list[int]) -> None:
    lengths = torch.tensor([frames])
    spread, there = net().lay_out(torch.zeros(1, len(frames), 32), lengths)
    assert spread.shape[1] == there.sum() == -(-sum(frames) // 4)


def test_a_phone_is_read_where_it_lasts() -> None:
    model = net(HIGH)
    readings = torch.zeros(1, 3, 32)
    other = readings.clone()
    other[0, 1] = 1.0  # the middle phone, frames 4 to 7: tokens 2 and 3 of 20 ms
    frames = torch.tensor([[4, 4, 4]])
    moved = (model.lay_out(other, frames)[0] - model.lay_out(readings, frames)[0]).abs().sum(-1)[0]
    assert (moved > 1e-6).tolist() == [False, False, True, True, False, False]


def test_what_is_padded_changes_nothing() -> None:
    model = net()
    phones = torch.tensor([[3, 4, 5], [3, 4, 0]])
    frames = torch.tensor([[8, 8, 8], [8, 8, 0]])
    voice = torch.zeros(2, 8)
    digits = torch.full((2, 6, 5), NOT_KNOWN)
    with torch.no_grad():
        spread, there = model.lay_out(model.read(phones, voice, frames > 0), frames)
        both = model.scores(spread, there, voice, digits)
        alone_read = model.read(phones[1:, :2], voice[1:], frames[1:, :2] > 0)
        spread, there = model.lay_out(alone_read, frames[1:, :2])
        alone = model.scores(spread, there, voice[1:], digits[1:, :4])
    assert torch.allclose(both[1, :4], alone[0], atol=1e-5)


def test_a_known_token_is_heard_by_its_neighbours() -> None:
    model = net()
    spread, there = torch.zeros(1, 6, 32), torch.ones(1, 6, dtype=torch.bool)
    hidden = torch.full((1, 6, 5), NOT_KNOWN)
    known = hidden.clone()
    known[0, 2] = 3
    with torch.no_grad():
        change = model.scores(spread, there, torch.zeros(1, 8), known) - model.scores(
            spread, there, torch.zeros(1, 8), hidden
        )
    assert change[0, 3].abs().max() > 1e-5


@pytest.mark.parametrize("rate", [LOW, HIGH])
def test_scores_are_of_every_digit(rate: Rate) -> None:
    spread, there = torch.zeros(1, 4, 32), torch.ones(1, 4, dtype=torch.bool)
    digits = torch.zeros(1, 4, len(rate.levels), dtype=torch.long)
    assert net(rate).scores(spread, there, torch.zeros(1, 8), digits).shape == (*digits.shape, 4)
