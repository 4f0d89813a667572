"""Lengths are learnt from a prior on: what share is longer, and how likely an end is now."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.listen.lengths import Lengths

PRIOR = Lengths.expected(4.0, 0.7, 3.0)
length = st.floats(0.01, 1_000.0)


@given(st.lists(length, max_size=20), length, length)
def test_longer_lengths_are_rarer(seen: list[float], one: float, other: float) -> None:
    known = PRIOR
    for each in seen:
        known = known.seen(each)
    shares = [known.share_longer(x) for x in sorted((one, other))]
    assert 1 >= shares[0] >= shares[1] > 0


def test_a_prior_says_what_it_was_told() -> None:
    assert PRIOR.share_longer(4.0) == pytest.approx(0.5)
    assert PRIOR.share_longer(4.0 * np.exp(0.7)) == pytest.approx(0.159, abs=0.001)


def test_many_lengths_outweigh_the_prior() -> None:
    drawn = np.exp(np.random.default_rng(0).normal(np.log(9.0), 0.3, 4_000))
    known = PRIOR
    for each in drawn:
        known = known.seen(float(each))
    assert known.share_longer(9.0) == pytest.approx(0.5, abs=0.02)
    assert known.share_longer(9.0 * np.exp(0.3)) == pytest.approx(0.159, abs=0.02)


def test_the_prior_weighs_as_much_as_so_many_lengths() -> None:
    known = PRIOR
    for _ in range(3):
        known = known.seen(16.0)
    assert known.share_longer(8.0) == pytest.approx(0.5)  # the geometric middle of 4 and 16


@pytest.mark.parametrize("at", [1.0, 3.0, 6.0])
def test_the_hazard_is_the_share_that_ends_in_the_next_moment(at: float) -> None:
    here, there = PRIOR.share_longer(at), PRIOR.share_longer(at + 1e-4)
    assert PRIOR.hazard(at) == pytest.approx((here - there) / here / 1e-4, rel=1e-3)


def test_what_was_known_before_is_kept() -> None:
    later = PRIOR.seen(30.0)
    assert later != PRIOR
    assert Lengths.expected(4.0, 0.7, 3.0) == PRIOR
