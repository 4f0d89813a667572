"""The codec room: waveform <-> tokens of one small codebook, streaming, every bit counted."""

from codec.codec import Codec, load_codec, packets_of
from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, RATES, SAMPLE_RATE_HZ, Rate, rate_named
from codec.tokens import Tokens

__all__ = [
    "HIGH",
    "LOW",
    "RATES",
    "SAMPLE_RATE_HZ",
    "Codec",
    "Rate",
    "SecoustiError",
    "Tokens",
    "load_codec",
    "packets_of",
    "rate_named",
]
