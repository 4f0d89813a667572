"""The operating points: what they promise in bits is what they send."""

from __future__ import annotations

import math

import pytest

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, PACKET_BITS, RATES, Rate, rate_named


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_the_codebook_fills_its_bits(rate: Rate) -> None:
    assert math.prod(rate.levels) == 2**rate.token_bits
    assert PACKET_BITS % rate.token_bits == 0


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_nominal_rate_is_what_an_hour_of_packets_holds(rate: Rate) -> None:
    packets = int(3600_000 / rate.packet_ms)
    bits = 8 * sum(rate.packet_bytes(k) for k in range(packets))
    assert bits / 3600 == pytest.approx(rate.nominal_bps, rel=1e-3)


def test_both_rates_stay_under_the_paper_s() -> None:
    assert LOW.nominal_bps <= 273
    assert HIGH.nominal_bps <= 1092


@pytest.mark.parametrize("rate", RATES.values(), ids=RATES)
def test_voice_comes_after_a_third_of_a_second_and_then_each_1_28_s(rate: Rate) -> None:
    at_ms = [k * rate.packet_ms for k in range(200) if rate.carries_voice(k)]
    assert at_ms[:3] == [320, 1600, 2880]


def test_an_unknown_rate_is_named() -> None:
    with pytest.raises(SecoustiError, match=r"'medium'.*low, high"):
        rate_named("medium")
