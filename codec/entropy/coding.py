"""A whole token stream to few bytes and back, by the prior and the range coder.

Order of symbols: packet by packet, the voice codeword first where the packet carries one, then its
tokens; of each the digits, least significant first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import torch

from codec.entropy.prior import UNKNOWN, Exact, Ints, Prior
from codec.entropy.range_coder import LOOK_AHEAD_BYTES, RangeDecoder, RangeEncoder
from codec.entropy.shares import codes_of, digits_of
from codec.rates import Rate
from codec.tokens import Tokens, voices_needed
from codec.voice import VOICE_LEVELS

BLOCK_TOKENS = 2048  # tokens in one pass through the prior: bounds the memory of long recordings
VOICE_DIGITS = len(VOICE_LEVELS)
NO_VOICE = np.full(VOICE_DIGITS, UNKNOWN)

Share: TypeAlias = tuple[int, int, int]
"""Start, size and total of one symbol."""


def encode_stream(tokens: Tokens, prior: Prior) -> bytes:
    """The first signal of ``tokens``, range coded."""
    coder = RangeEncoder()
    for start, size, total in _shares(tokens, prior):
        coder.put(start, size, total)
    return coder.finish()


def coded_bits(tokens: Tokens, prior: Prior) -> float:
    """Bits that :func:`encode_stream` spends on the first signal, before filling the last byte."""
    return sum(math.log2(total / size) for _, size, total in _shares(tokens, prior))


def decode_stream(data: bytes, count: int, samples: int, prior: Prior) -> Tokens | None:
    """``count`` tokens from :func:`encode_stream`'s bytes; ``None`` if there are more or fewer.

    Other damage gives other tokens: a checksum over the bytes has to come first.
    """
    coder, rate = RangeDecoder(data), prior.rate
    codes = np.zeros((count, prior.digits), np.int64)
    voice = np.zeros((voices_needed(rate.name, count), VOICE_DIGITS), np.int64)
    state, before, current = prior.begin(), np.full(prior.digits, UNKNOWN), NO_VOICE
    for token, number in enumerate(voice_in_force(rate, count)):
        if _voice_begins(rate, token):
            voice[number] = current = _read_voice(coder, prior, current)
        context, state = prior.contexts(before[None], current[None], state)
        before = codes[token] = _read_token(coder, prior, context)
        if coder.left < -LOOK_AHEAD_BYTES:
            return None
    return _tokens(rate, codes, voice, samples) if coder.left <= 0 else None


def voice_in_force(rate: Rate, tokens: int) -> list[int]:
    """For each token of a stream the number of its voice codeword, -1 before the first."""
    current, found = UNKNOWN, []
    for token in range(tokens):
        current += _voice_begins(rate, token)
        found.append(current)
    return found


def _voice_begins(rate: Rate, token: int) -> bool:
    packet, within = divmod(token, rate.tokens_per_packet)
    return within == 0 and rate.carries_voice(packet)


def _shares(tokens: Tokens, prior: Prior) -> Iterator[Share]:
    """The share of every symbol of the first signal, in order."""
    codes = digits_of(tokens.codes[0].numpy(), prior.digits)
    voice = digits_of(tokens.voice[0].numpy(), VOICE_DIGITS)
    in_force = np.array(voice_in_force(prior.rate, len(codes)), np.int64)
    heard = np.concatenate([voice, NO_VOICE[None]])[in_force]  # the last row stands for -1
    before = np.concatenate([np.full((1, prior.digits), UNKNOWN), codes[:-1]])
    state = prior.begin()
    for first in range(0, len(codes), BLOCK_TOKENS):
        rows = slice(first, first + BLOCK_TOKENS)
        context, state = prior.contexts(before[rows], heard[rows], state)
        for token, shares in enumerate(_token_shares(prior, context, codes[rows]), start=first):
            if _voice_begins(prior.rate, token):
                yield from _voice_shares(prior, voice[: in_force[token] + 1])
            yield from shares


def _token_shares(prior: Prior, context: Exact, codes: Ints) -> Iterator[list[Share]]:
    """For each of T tokens, digits ``[T, D]``, the shares of its digits."""
    columns = []
    for digit in range(prior.digits):
        columns.append(_chosen(prior.shares(context, digit), codes[:, digit]))
        context = prior.told(context, digit, codes[:, digit])
    yield from (list(row) for row in zip(*columns, strict=True))


def _voice_shares(prior: Prior, voice: Ints) -> Iterator[Share]:
    """The shares of the last of the codewords ``[V, 8]`` so far, given the one before it."""
    previous = voice[-2] if len(voice) > 1 else NO_VOICE
    for digit, (level, old) in enumerate(zip(voice[-1], previous, strict=True)):
        yield from _chosen(prior.voice_shares(digit, int(old))[None], np.array([level]))


def _chosen(shares: Ints, levels: Ints) -> list[Share]:
    """(start, size, total) of ``levels`` ``[T]`` among ``shares`` ``[T, 4]``."""
    ends = shares.cumsum(axis=1)
    rows = np.arange(len(levels))
    size = shares[rows, levels]
    start = ends[rows, levels] - size
    return list(zip(start.tolist(), size.tolist(), ends[:, -1].tolist(), strict=True))


def _read_token(coder: RangeDecoder, prior: Prior, context: Exact) -> Ints:
    """The digits ``[D]`` of one token from its context ``[1, D, H]``."""
    digits = np.zeros(prior.digits, np.int64)
    for digit in range(prior.digits):
        digits[digit] = coder.get(prior.shares(context, digit)[0].cumsum().tolist())
        context = prior.told(context, digit, digits[digit : digit + 1])
    return digits


def _read_voice(coder: RangeDecoder, prior: Prior, previous: Ints) -> Ints:
    """The digits ``[8]`` of one codeword after ``previous`` ``[8]``."""
    ends = [prior.voice_shares(digit, int(old)).cumsum() for digit, old in enumerate(previous)]
    return np.array([coder.get(end.tolist()) for end in ends])


def _tokens(rate: Rate, codes: Ints, voice: Ints, samples: int) -> Tokens:
    whole = [torch.from_numpy(codes_of(digits))[None] for digits in (codes, voice)]
    return Tokens(whole[0], whole[1], rate.name, samples)
