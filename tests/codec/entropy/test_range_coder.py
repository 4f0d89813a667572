"""The range coder: exact for every sequence, near the entropy, and calm about nonsense."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codec.entropy.range_coder import LOOK_AHEAD_BYTES, RangeDecoder, RangeEncoder

shares = st.lists(st.integers(1, 2**14), min_size=1, max_size=6)
symbols = st.lists(st.tuples(shares, st.integers(0, 5)), max_size=80)


def encoded(sequence: list[tuple[list[int], int]]) -> bytes:
    coder = RangeEncoder()
    for sizes, symbol in sequence:
        chosen = symbol % len(sizes)
        coder.put(sum(sizes[:chosen]), sizes[chosen], sum(sizes))
    return coder.finish()


def decoded(data: bytes, sequence: list[tuple[list[int], int]]) -> list[int]:
    coder = RangeDecoder(data)
    found = [coder.get(np.cumsum(sizes).tolist()) for sizes, _ in sequence]
    assert -LOOK_AHEAD_BYTES <= coder.left <= 0
    return found


@given(symbols)
def test_what_goes_in_comes_out(sequence: list[tuple[list[int], int]]) -> None:
    expected = [symbol % len(sizes) for sizes, symbol in sequence]
    assert decoded(encoded(sequence), sequence) == expected


def test_a_carry_runs_through_many_full_bytes() -> None:
    """The upper edge again and again, then a little more: the bytes before must all roll over."""
    sequence = [([2**14 - 1, 1], 1), *[([1, 2**14], 1)] * 3000, ([1, 1], 1)]
    assert decoded(encoded(sequence), sequence) == [1] * 3002


def test_the_length_is_the_entropy_and_less_than_a_byte_more() -> None:
    draw = np.random.default_rng(3)
    sequence = [(draw.integers(1, 2000, 4).tolist(), int(draw.integers(4))) for _ in range(2000)]
    bits = sum(-math.log2(sizes[symbol] / sum(sizes)) for sizes, symbol in sequence)
    assert bits <= 8 * len(encoded(sequence)) < bits + 8 + 0.001 * len(sequence)


def test_nothing_costs_nothing() -> None:
    assert encoded([]) == b""
    assert encoded([([1], 0)] * 100) == b""


@given(st.binary(max_size=40))
def test_nonsense_gives_symbols_not_errors(data: bytes) -> None:
    coder = RangeDecoder(data)
    assert all(coder.get([3, 4, 100, 101]) in range(4) for _ in range(200))
