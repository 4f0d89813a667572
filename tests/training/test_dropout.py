"""Dropped packets: whole, repeated from what came before, and drawn so that resuming is exact."""

from __future__ import annotations

import pytest
import torch

from codec.rates import HIGH, LOW, Rate
from training.dropout import drop_packets


def numbered(rate: Rate, packets: int = 50, batch: int = 4) -> torch.Tensor:
    """Token n of every signal is n + 1 in each dimension: ``[batch, N, dims]``."""
    count = packets * rate.tokens_per_packet
    numbers = torch.arange(1.0, count + 1)[None, :, None]
    return numbers.expand(batch, count, len(rate.levels)).clone()


@pytest.mark.parametrize("rate", [LOW, HIGH])
def test_whole_packets_repeat_the_last_token_that_came(rate: Rate) -> None:
    torch.manual_seed(0)
    before = numbered(rate)
    after = drop_packets(before, rate, 0.3)
    last = torch.zeros(len(before), len(rate.levels))
    lost = 0
    for start in range(0, before.shape[1], rate.tokens_per_packet):
        packet = slice(start, start + rate.tokens_per_packet)
        for row in range(len(before)):
            if torch.equal(after[row, packet], before[row, packet]):
                last[row] = before[row, packet][-1]
            else:
                assert torch.equal(after[row, packet], last[row].expand_as(after[row, packet]))
                lost += 1
    assert 0.2 < lost / (50 * len(before)) < 0.4


def test_before_the_first_packet_there_is_nothing() -> None:
    assert not drop_packets(numbered(LOW), LOW, 1.0).any()


def test_no_loss_changes_and_draws_nothing() -> None:
    before = numbered(HIGH)
    state = torch.get_rng_state()
    assert drop_packets(before, HIGH, 0.0) is before
    assert torch.equal(torch.get_rng_state(), state)


def test_the_same_random_state_loses_the_same_packets() -> None:
    state = torch.get_rng_state()
    first = drop_packets(numbered(LOW), LOW, 0.2)
    torch.set_rng_state(state)
    assert torch.equal(drop_packets(numbered(LOW), LOW, 0.2), first)


def test_a_last_packet_that_is_not_full_is_taken_too() -> None:
    torch.manual_seed(1)
    part = numbered(LOW)[:, :-3]
    assert drop_packets(part, LOW, 0.5).shape == part.shape


def test_repeated_tokens_learn_from_their_repetitions() -> None:
    torch.manual_seed(0)
    before = numbered(LOW).requires_grad_()
    after = drop_packets(before, LOW, 0.3)
    after.sum().backward()
    assert before.grad is not None
    held = (after.detach() > 0).sum().item()
    assert before.grad.sum().item() == held
    assert before.grad.max().item() > 1
