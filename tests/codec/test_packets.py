"""Packets: content survives the bytes, and nothing but whole packets is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from codec.packets import Packet, pack, split_packets, unpack
from codec.rates import RATES, Rate


def contents(rate: Rate, index: int) -> st.SearchStrategy[Packet]:
    code = st.integers(0, 2**rate.token_bits - 1)
    codes = st.tuples(*[code] * rate.tokens_per_packet)
    voice = st.integers(0, 2**16 - 1) if rate.carries_voice(index) else st.none()
    return st.builds(Packet, codes, voice)


@st.composite
def placed(draw: st.DrawFn) -> tuple[Rate, int, Packet]:
    rate = draw(st.sampled_from(list(RATES.values())))
    index = draw(st.integers(0, 300))
    return rate, index, draw(contents(rate, index))


@given(placed())
def test_round_trip(case: tuple[Rate, int, Packet]) -> None:
    rate, index, packet = case
    assert unpack(rate, index, pack(rate, index, packet)) == packet


@given(st.sampled_from(list(RATES.values())), st.integers(0, 100), st.binary(max_size=12))
def test_only_the_right_length_is_read(rate: Rate, index: int, data: bytes) -> None:
    if len(data) == rate.packet_bytes(index):
        assert pack(rate, index, unpack(rate, index, data)) == data
    else:
        with pytest.raises(SecoustiError, match="out of step"):
            unpack(rate, index, data)


@given(st.sampled_from(list(RATES.values())), st.integers(0, 50), st.integers(0, 20))
def test_consecutive_packets_are_cut_apart(rate: Rate, first: int, count: int) -> None:
    sizes = [rate.packet_bytes(first + k) for k in range(count)]
    data = bytes(range(256))[: sum(sizes)]
    assert [len(p) for p in split_packets(rate, first, data)] == sizes
    with pytest.raises(SecoustiError, match="whole packets"):
        split_packets(rate, first, data + b"x")


def test_a_voice_codeword_in_the_wrong_place_is_a_fault_of_ours() -> None:
    rate = RATES["high"]
    with pytest.raises(ValueError, match="in excess"):
        pack(rate, 0, Packet((0, 0), 5))
