"""Says a line of phones in tokens of the codec, in the voice of a voice codeword."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from codec.entropy.shares import LEVELS
from codec.errors import SecoustiError
from codec.rates import HOP_SAMPLES, Rate, rate_named
from codec.semantic import codes_to_vectors, make_fsq
from codec.speaking.net import NOT_KNOWN, PhoneNet
from codec.speaking.phones import NUMBER, SILENCE
from codec.tokens import Tokens, tokens_needed, voices_needed
from codec.voice import VOICE_LEVELS
from codec.weights import WEIGHTS_DIR

ROUNDS = 10
LONGEST_PHONES = 2000  # of one line: more than two minutes of speech


@dataclass(frozen=True)
class Manner:
    """How a line is said: ``pace`` multiplies lengths; ``warmth`` 0 takes the likeliest digits."""

    pace: float = 1.0
    warmth: float = 0.5
    rounds: int = ROUNDS
    seed: int = 0


class TokenSpeaker:
    """One network for all lines. Thread-safe: it keeps nothing between them."""

    def __init__(self, rate: Rate, net: PhoneNet, voice: int) -> None:
        """``voice``: the codeword that speaks where a line names none."""
        self.rate, self.net, self.voice = rate, net.eval().requires_grad_(False), voice

    @classmethod
    def load(cls, rate: str, path: Path | None = None) -> TokenSpeaker:
        """The packaged speaker of ``rate``, or one that ``secousti train say`` made.

        Raises :class:`SecoustiError` where there is none, or the file is not one of this rate.
        """
        chosen = rate_named(rate)
        path = path or packaged_speaker(chosen)
        if not path.is_file():
            raise SecoustiError(
                f"no speaker for rate {rate} at {path}: train one with 'secousti train say'"
            )
        net = PhoneNet(chosen)
        try:
            with safe_open(path, "pt") as file:
                names = list(file.keys())
                values = {name: file.get_tensor(name).float() for name in names}
                voice = int((file.metadata() or {})["voice"])
            net.load_state_dict(values)
        except (SafetensorError, RuntimeError, KeyError, ValueError) as error:
            raise SecoustiError(f"{path} is no speaker of rate {rate} ({error})") from error
        return cls(chosen, net, voice)

    @torch.inference_mode()
    def say(
        self, phones: Sequence[str], voice: int | None = None, manner: Manner | None = None
    ) -> Tokens:
        """Tokens of one line; ``phones`` are names of :mod:`codec.speaking.phones`.

        Raises :class:`SecoustiError` for no phones, too many, or a name that is none.
        """
        manner = manner or Manner()
        numbers = torch.tensor([_numbers(phones)])
        codeword = self.voice if voice is None else voice
        style = voice_vector(codeword)
        readings = self.net.read(numbers, style, torch.ones_like(numbers, dtype=torch.bool))
        lengths = (manner.pace * self.net.log_lengths(readings).exp()).round().clamp(2, 80).long()
        samples = int(lengths.sum()) * HOP_SAMPLES
        count = tokens_needed(self.rate.name, samples)
        lengths[0, -1] += count * self.net.frames_per_token - int(
            lengths.sum()
        )  # the codec's delay
        codes = codes_of_digits(self._fill(readings, lengths, style, manner))
        voices = torch.full((1, voices_needed(self.rate.name, count)), codeword)
        return Tokens(codes, voices, self.rate.name, samples)

    def _fill(self, readings: Tensor, lengths: Tensor, style: Tensor, manner: Manner) -> Tensor:
        """Digits int64 ``[1, N, D]``: drawn in rounds, the surest kept first."""
        draw = torch.Generator().manual_seed(manner.seed)
        spread, there = self.net.lay_out(readings, lengths)
        count = spread.shape[1]
        digits = torch.full((1, count, self.net.digits), NOT_KNOWN)
        for turn in range(1, manner.rounds + 1):
            scores = self.net.scores(spread, there, style, digits)
            drawn, sure = _drawn(scores, manner.warmth * (1 - (turn - 1) / manner.rounds), draw)
            open_ = digits[..., 0] == NOT_KNOWN
            keep = count - int(count * math.cos(math.pi / 2 * turn / manner.rounds))
            more = max(0, keep - int((~open_).sum()))
            best = sure.masked_fill(~open_, -math.inf).topk(min(more, int(open_.sum())), dim=1)
            digits.scatter_(
                1, best.indices[..., None].expand(-1, -1, self.net.digits),
                drawn.gather(1, best.indices[..., None].expand(-1, -1, self.net.digits)),
            )  # fmt: skip
        return digits


def packaged_speaker(rate: Rate) -> Path:
    """Where the speaker of ``rate`` lies in this package."""
    return WEIGHTS_DIR / f"say-{rate.name}.safetensors"


def voice_vector(codeword: int) -> Tensor:
    """A voice codeword as the vector ``[1, 8]`` it stands for."""
    return codes_to_vectors(make_fsq(VOICE_LEVELS), torch.tensor([[codeword]]))[:, 0].float()


def codes_of_digits(digits: Tensor) -> Tensor:
    """Digits int64 ``[..., D]``, least significant first -> codes ``[...]``."""
    return (digits * LEVELS ** torch.arange(digits.shape[-1])).sum(-1)


def _numbers(phones: Sequence[str]) -> list[int]:
    """Numbers of the phones, with silence at both ends."""
    strange = [phone for phone in phones if phone not in NUMBER]
    if strange:
        raise SecoustiError(f"{strange[0]!r} is no phone: use {', '.join(NUMBER)}")
    if not any(NUMBER[phone] != SILENCE for phone in phones):
        raise SecoustiError("there is nothing to say: give at least one phone")
    if len(phones) > LONGEST_PHONES:
        raise SecoustiError(f"{len(phones)} phones are too many for one line: cut it up")
    return [SILENCE, *(NUMBER[phone] for phone in phones), SILENCE]


def _drawn(scores: Tensor, warmth: float, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Digits drawn from scores ``[1, N, D, 4]`` and how sure each token is, ``[1, N]``."""
    shares = scores.log_softmax(-1)
    noise = -torch.log(-torch.log(torch.rand(shares.shape, generator=draw).clamp(1e-9, 1 - 1e-7)))
    digits = (shares + warmth * noise).argmax(-1)
    sure = shares.gather(-1, digits[..., None])[..., 0].sum(-1)
    order = -torch.log(-torch.log(torch.rand(sure.shape, generator=draw).clamp(1e-9, 1 - 1e-7)))
    return digits, sure + 2 * warmth * order
