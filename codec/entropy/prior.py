"""The prior: how likely each digit of the next token is, given the tokens before it.

A token is its FSQ digits, least significant first, predicted one after the other: a causal
convolution stack reads the past tokens and the voice codeword in force, and a small head for each
digit reads that context and the digits of the same token that are already known.

Encoder and decoder must find the same numbers to the last bit, on any machine, with any number of
threads and in any batch. So everything is fixed-point arithmetic: weights are int16 in units of
2^-12, activations integers in units of 2^-8, clipped to 16 bits. Products are summed in float64,
which is exact for integers below 2^53 in whatever order a BLAS library adds them; the largest sum
possible here is under 2^45. Probabilities come from a table of powers of two (:mod:`.shares`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from codec.entropy.shares import LEVELS, shares_of_scores
from codec.errors import SecoustiError
from codec.rates import Rate, rate_named
from codec.voice import VOICE_LEVELS
from codec.weights import WEIGHTS_DIR

Ints = NDArray[np.int64]
Exact = NDArray[np.float64]  # integers held as float64

WEIGHT_BITS = 12
ACTIVATION_BITS = 8
CLIP = (1 << 15) - 1
DILATIONS = (1, 2, 4, 8, 16)  # with kernel 2: the last 32 tokens are seen
RECEPTIVE_TOKENS = 1 + sum(DILATIONS)
UNKNOWN = -1
# Tables that are added to products of weight and activation, and so need the unit of a product.
ADDED = {"embed", "start", "voice", "read_bias", "known", "score_bias"} | {
    f"{kind}_bias.{layer}" for kind in ("mix", "join") for layer in range(len(DILATIONS))
}


@dataclass(frozen=True)
class PriorState:
    """What the stack remembers between calls: for each layer its last inputs ``[dilation, C]``."""

    past: tuple[Exact, ...]


class Prior:
    """The integer network of one rate; see :class:`training.prior_net.PriorNet` for its float twin.

    ``tables`` maps names to int16 arrays whose shapes :func:`table_shapes` gives, with D digits, C
    channels and H values of context for each digit:

    * ``embed``, ``start``, ``voice``: vectors of a past token's digits, of "no token yet" and of
      the voice codeword's digits;
    * ``mix.L``, ``join.L`` and their biases: the two products of layer L;
    * ``read``: context of all digits; ``known``: what a known digit and its level add to it;
    * ``score``: context to scores of the four levels, in octaves;
    * ``voice_first``, ``voice_next`` (old level, new level): shares of a codeword's levels.
    """

    def __init__(self, rate: Rate, tables: Mapping[str, NDArray[np.int16]]) -> None:
        self.rate, self.tables = rate, dict(tables)
        self.digits, self.channels = len(rate.levels), len(tables["start"])
        unit = {name: 1 << ACTIVATION_BITS if name in ADDED else 1 for name in tables}
        self._exact = {
            name: unit[name] * table.astype(np.float64) for name, table in tables.items()
        }

    @cached_property
    def fingerprint(self) -> bytes:
        """32 bytes that name this prior: a file can only be read with the one that wrote it."""
        digest = hashlib.sha256(self.rate.name.encode())
        for name, table in sorted(self.tables.items()):
            digest.update(f"{name}{table.shape}".encode() + table.astype("<i2").tobytes())
        return digest.digest()

    def begin(self) -> PriorState:
        """The state before the first token."""
        return PriorState(tuple(np.zeros((d, self.channels)) for d in DILATIONS))

    def contexts(self, before: Ints, voice: Ints, state: PriorState) -> tuple[Exact, PriorState]:
        """Context ``[T, D, H]`` of the next T tokens, and the state after them.

        ``before`` ``[T, D]``: the digits of the token before each (-1: there is none);
        ``voice`` ``[T, 8]``: the digits of the codeword in force (-1: none yet). Any split of a
        stream into calls gives the same numbers.
        """
        x = _fixed(self._embedded(before, voice))
        past = []
        for layer, dilation in enumerate(DILATIONS):
            joined = np.concatenate([state.past[layer], x])
            past.append(joined[len(joined) - dilation :])
            x = self._layer(layer, joined[: len(x)], x)
        read = (x @ self._exact["read"]).reshape(len(x), self.digits, -1)
        return read + self._exact["read_bias"], PriorState(tuple(past))

    def _embedded(self, before: Ints, voice: Ints) -> Exact:
        """Sum of the digits' vectors ``[T, C]``."""
        embedded: Exact = np.where(before[:, :1] < 0, self._exact["start"], 0.0)
        for digit in range(self.digits):
            vectors = self._exact["embed"][digit, before[:, digit]]
            embedded = embedded + np.where(before[:, digit, None] < 0, 0.0, vectors)
        for digit in range(len(VOICE_LEVELS)):
            vectors = self._exact["voice"][digit, voice[:, digit]]
            embedded = embedded + np.where(voice[:, digit, None] < 0, 0.0, vectors)
        return embedded

    def _layer(self, layer: int, earlier: Exact, x: Exact) -> Exact:
        """One residual block: ``x + join(relu(mix(earlier, x)))``, all ``[T, C]``."""
        first, second = self._exact[f"mix.{layer}"]
        y = earlier @ first + x @ second + self._exact[f"mix_bias.{layer}"]
        y = np.maximum(_fixed(y), 0) @ self._exact[f"join.{layer}"]
        return np.clip(x + _fixed(y + self._exact[f"join_bias.{layer}"]), -CLIP, CLIP)

    def shares(self, context: Exact, digit: int) -> Ints:
        """Whole shares ``[T, 4]`` of the levels of ``digit``, from ``context`` ``[T, D, H]``."""
        y = np.maximum(_fixed(context[:, digit]), 0)
        return shares_of_scores(y @ self._exact["score"][digit] + self._exact["score_bias"][digit])

    def told(self, context: Exact, digit: int, levels: Ints) -> Exact:
        """``context`` ``[T, D, H]`` once ``digit`` is known to have ``levels`` ``[T]``."""
        richer: Exact = context + self._exact["known"][digit, levels]
        return richer

    def voice_shares(self, digit: int, previous: int) -> Ints:
        """Shares ``[4]`` of a codeword's digit after level ``previous``, -1 if there was none."""
        table = self.tables["voice_first"][digit]
        if previous >= 0:
            table = self.tables["voice_next"][digit, previous]
        shares: Ints = table.astype(np.int64)
        return shares


def _fixed(total: Exact) -> Exact:
    """Sums in units of 2^-20 back to activations in units of 2^-8, rounded down, in 16 bits."""
    return np.clip(np.floor(total * 2.0**-WEIGHT_BITS), -CLIP, CLIP)


def table_shapes(rate: Rate, channels: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Every table of a prior and its shape."""
    D, C, H = len(rate.levels), channels, hidden
    shapes: dict[str, tuple[int, ...]] = {
        "embed": (D, LEVELS, C),
        "start": (C,),
        "voice": (len(VOICE_LEVELS), LEVELS, C),
        "read": (C, D * H),
        "read_bias": (D, H),
        "known": (D, LEVELS, D, H),
        "score": (D, H, LEVELS),
        "score_bias": (D, LEVELS),
        "voice_first": (len(VOICE_LEVELS), LEVELS),
        "voice_next": (len(VOICE_LEVELS), LEVELS, LEVELS),
    }
    for layer in range(len(DILATIONS)):
        shapes |= {f"mix.{layer}": (2, C, C), f"mix_bias.{layer}": (C,)}
        shapes |= {f"join.{layer}": (C, C), f"join_bias.{layer}": (C,)}
    return shapes


def packaged_prior(rate: Rate) -> Path:
    """Where the prior of ``rate`` lies in this package."""
    return WEIGHTS_DIR / f"prior-{rate.name}.safetensors"


def load_prior(rate: Rate, path: Path) -> Prior:
    """The prior in ``path``; raises :class:`SecoustiError` where none of ``rate`` is."""
    if not path.is_file():
        raise SecoustiError(
            f"no prior at {path}: reinstall secousti, or fit one with 'secousti train prior'"
        )
    try:
        tables = load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise SecoustiError(f"{path} is not a readable safetensors file ({error})") from error
    found = {name: table.shape for name, table in tables.items()}
    C, H = found.get("start", (0,))[0], found.get("score", (0, 0))[1]
    usable = all(table.dtype == np.int16 for table in tables.values())
    if not usable or found != table_shapes(rate, C, H):
        raise SecoustiError(f"{path} holds no prior of rate {rate.name}: fit one for this rate")
    if min(tables["voice_first"].min(), tables["voice_next"].min()) < 1:
        raise SecoustiError(f"{path} gives a voice no share at all: fit the prior again")
    return Prior(rate, tables)


@cache
def prior_of(rate_name: str) -> Prior:
    """The packaged prior of a rate, loaded once; raises :class:`SecoustiError` as above."""
    rate = rate_named(rate_name)
    return load_prior(rate, packaged_prior(rate))
