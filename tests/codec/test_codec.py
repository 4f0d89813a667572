"""The codec with its released weights: it speaks, and bad input is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from codec import Codec, SecoustiError, load_codec
from codec.audio import read_audio
from codec.rates import RATES
from codec.weights import load_weights

CALLER = Path(__file__).parents[2] / "secousti" / "data" / "caller"


@pytest.fixture(scope="module", params=sorted(RATES))
def codec(request: pytest.FixtureRequest) -> Codec:
    return load_codec(request.param)


@pytest.fixture(scope="module")
def speech() -> torch.Tensor:
    return read_audio(sorted(CALLER.glob("turn-1.*"))[0])[: 5 * 16000]


def log_bands(wav: torch.Tensor) -> np.ndarray:
    frames = wav.unfold(0, 640, 320) * torch.hann_window(640)
    power = torch.fft.rfft(frames).abs().square()
    bands = torch.stack([part.sum(1) for part in torch.split(power, 20, dim=1)], 1)
    return torch.log(bands + 1e-3).flatten().numpy()


def test_decoded_speech_has_the_shape_of_the_original(codec: Codec, speech: torch.Tensor) -> None:
    decoded = codec.decode(codec.encode(speech))[0]
    alike = np.corrcoef(log_bands(speech), log_bands(decoded))[0, 1]
    assert alike > 0.85
    assert 0.5 < decoded.std() / speech.std() < 2.0


def test_silence_stays_quiet(codec: Codec) -> None:
    decoded = codec.decode(codec.encode(torch.zeros(3 * 16000)))
    assert decoded.abs().max() < 0.05


def test_a_clipped_signal_does_not_break_it(codec: Codec, speech: torch.Tensor) -> None:
    decoded = codec.decode(codec.encode((50 * speech).clamp(-1, 1)))
    assert torch.isfinite(decoded).all()


def test_nan_and_empty_are_refused(codec: Codec) -> None:
    with pytest.raises(SecoustiError, match="NaN"):
        codec.encode(torch.tensor([0.0, float("nan")]))
    with pytest.raises(SecoustiError, match="empty"):
        codec.encode(torch.zeros(0))


def test_tokens_of_the_other_rate_are_refused() -> None:
    low, high = load_codec("low"), load_codec("high")
    with pytest.raises(SecoustiError, match="rate low given to the high"):
        high.decode(low.encode(torch.zeros(1600)))


def test_missing_and_foreign_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no codec weights at"):
        load_codec("low", tmp_path / "none.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not tensors")
    with pytest.raises(SecoustiError, match="not a readable safetensors"):
        load_codec("low", broken)
    other = Path(__file__).parents[2] / "codec" / "weights" / "high.safetensors"
    with pytest.raises(SecoustiError, match="another model"):
        load_weights(load_codec("low").model, other)


def test_a_batch_is_its_signals_one_by_one(codec: Codec, speech: torch.Tensor) -> None:
    pair = torch.stack([speech[:16000], speech[16000:32000]])
    together = codec.encode(pair)
    alone = codec.encode(pair[1])
    agreement = (together.codes[1:] == alone.codes).float().mean().item()
    assert agreement > 0.99  # another batch size may round a value on a cell's edge the other way
