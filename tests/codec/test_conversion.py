"""Voice conversion: the voice is held from the first sample to the last, the words are not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from codec import Codec, SecoustiError, load_codec
from codec.audio import read_audio
from codec.conversion import convert, settled_voice

CALLER = Path(__file__).parents[2] / "secousti" / "data" / "caller" / "turn-1.ogg"


@pytest.fixture(scope="module", params=["low", "high"])
def codec(request: pytest.FixtureRequest) -> Codec:
    return load_codec(request.param)


@pytest.fixture(scope="module")
def speech() -> Tensor:
    return read_audio(CALLER)[:32_001]


def other_voice(speech: Tensor) -> Tensor:
    """The same speech a fifth higher, which no listener takes for the same person."""
    return speech[::3].repeat_interleave(2)


def test_the_length_is_that_of_the_words(codec: Codec, speech: Tensor) -> None:
    spoken = convert(codec, speech, other_voice(speech)[:16_000])
    assert spoken.shape == speech.shape
    assert torch.isfinite(spoken).all()
    assert convert(codec, speech[:5], speech).shape == (5,)


def test_another_voice_sounds_other_from_the_start(codec: Codec, speech: Tensor) -> None:
    voices = (speech, other_voice(speech))
    assert settled_voice(codec, voices[0]) != settled_voice(codec, voices[1])
    one, other = (convert(codec, speech, voice) for voice in voices)
    beginning = slice(0, 4_800)  # before a stream's own first codeword
    assert not torch.allclose(one[beginning], other[beginning], atol=1e-4)


def test_the_voice_is_the_last_codeword(codec: Codec, speech: Tensor) -> None:
    codewords = codec.encode(speech).voice[0]
    assert len(codewords) == 2  # at 0.32 and at 1.6 s
    assert settled_voice(codec, speech) == codewords[-1]
    assert settled_voice(codec, speech[:16_000]) == codewords[0]


def test_what_is_no_voice_or_no_words_is_told(codec: Codec, speech: Tensor) -> None:
    with pytest.raises(SecoustiError, match=r"0\.10 s, too short"):
        convert(codec, speech, speech[:1_600])
    with pytest.raises(SecoustiError, match="silent"):
        convert(codec, speech, torch.zeros(32_000))
    with pytest.raises(SecoustiError, match="empty"):
        convert(codec, speech[:0], speech)
    with pytest.raises(SecoustiError, match="empty"):
        convert(codec, speech, speech[:0])
    with pytest.raises(SecoustiError, match="NaN"):
        convert(codec, torch.full((16_000,), torch.nan), speech)
