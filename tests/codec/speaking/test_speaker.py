"""A line becomes a whole stream of tokens; what cannot be said is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from codec.errors import SecoustiError
from codec.file import from_bytes, to_bytes
from codec.rates import HIGH, LOW, Rate
from codec.speaking.net import PhoneNet
from codec.speaking.speaker import Manner, TokenSpeaker, codes_of_digits, voice_vector
from codec.tokens import tokens_needed, voices_needed

HELLO = ["HH", "AH", "L", "OW", "SIL", "Y", "UW"]


def speaker(rate: Rate = LOW) -> TokenSpeaker:
    torch.manual_seed(0)
    return TokenSpeaker(rate, PhoneNet(rate), voice=4711)


@pytest.mark.parametrize("rate", [LOW, HIGH])
def test_a_line_is_a_whole_stream(rate: Rate) -> None:
    tokens = speaker(rate).say(HELLO)
    assert tokens.codes.shape[1] == tokens_needed(rate.name, tokens.samples)
    assert tokens.voice.shape[1] == voices_needed(rate.name, tokens.codes.shape[1])
    assert (tokens.codes >= 0).all()
    assert (tokens.codes < 2**rate.token_bits).all()
    assert (tokens.voice == 4711).all()
    assert from_bytes(to_bytes(tokens)).equals(tokens)


def test_the_same_seed_says_the_same_and_another_does_not() -> None:
    one, again = (speaker().say(HELLO, manner=Manner(seed=1)) for _ in "ab")
    other = speaker().say(HELLO, manner=Manner(seed=2))
    assert one.equals(again)
    assert not torch.equal(one.codes, other.codes)


def test_pace_stretches() -> None:
    slow, plain = (speaker().say(HELLO, manner=Manner(pace=pace)) for pace in (1.8, 1.0))
    assert slow.samples > 1.3 * plain.samples


@pytest.mark.parametrize(
    ("phones", "told"),
    [([], "nothing to say"), (["SIL"], "nothing to say"), (["HH", "QQ"], "'QQ' is no phone"),
     (["AH"] * 3000, "too many")],
)  # fmt: skip
def test_what_cannot_be_said_is_told(phones: list[str], told: str) -> None:
    with pytest.raises(SecoustiError, match=told):
        speaker().say(phones)


def test_digits_and_codes_are_one(tmp_path: Path) -> None:
    digits = torch.tensor([[[1, 2, 3, 0, 1]]])
    assert codes_of_digits(digits).item() == 1 + 2 * 4 + 3 * 16 + 0 * 64 + 1 * 256


def test_a_voice_codeword_is_its_vector() -> None:
    assert voice_vector(0).shape == (1, 8)
    assert not torch.equal(voice_vector(0), voice_vector(4711))


def test_a_file_is_loaded_and_others_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "say-low.safetensors"
    values = {name: value.half() for name, value in PhoneNet(LOW).state_dict().items()}
    save_file(values, path, metadata={"voice": "12"})
    assert TokenSpeaker.load("low", path).voice == 12
    with pytest.raises(SecoustiError, match="no speaker of rate high"):
        TokenSpeaker.load("high", path)
    path.write_bytes(b"not weights")
    with pytest.raises(SecoustiError, match="no speaker of rate low"):
        TokenSpeaker.load("low", path)
    with pytest.raises(SecoustiError, match="train one with"):
        TokenSpeaker.load("low", tmp_path / "none.safetensors")
