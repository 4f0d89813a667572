"""Sound files in blocks: what is read and written does not depend on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import torch

from codec import audio
from codec.audio import audio_blocks, audio_seconds, read_audio, write_blocks, write_wav
from codec.errors import SecoustiError

Hum = Callable[..., np.ndarray]


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
def test_blocks_are_the_recording_resampled_as_a_whole(
    tmp_path: Path, hum: Hum, rate_hz: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "BLOCK_SECONDS", 1)
    wav = hum(3.3, rate_hz)
    soundfile.write(tmp_path / "a.wav", wav, rate_hz, subtype="FLOAT")
    blocks = list(audio_blocks(tmp_path / "a.wav"))
    assert len(blocks) >= 4 and max(map(len, blocks)) <= 2 * 16_000
    whole = soxr.resample(wav, rate_hz, 16_000)
    np.testing.assert_allclose(torch.cat(blocks).numpy(), whole, atol=1e-6)
    assert audio_seconds(tmp_path / "a.wav") == pytest.approx(3.3)


def test_a_fault_in_a_later_block_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "BLOCK_SECONDS", 1)
    wav = np.zeros(40_000)
    wav[35_000] = np.nan
    soundfile.write(tmp_path / "a.wav", wav, 16_000, subtype="FLOAT")
    blocks = audio_blocks(tmp_path / "a.wav")
    assert len(next(blocks)) == 16_000
    with pytest.raises(SecoustiError, match="carries NaN"):
        list(blocks)


def test_what_is_too_long_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "MAX_SECONDS", 2)
    soundfile.write(tmp_path / "a.wav", np.zeros(40_000), 16_000)
    for read in (audio_seconds, read_audio):
        with pytest.raises(SecoustiError, match=r"lasts 0\.0 h: cut it"):
            read(tmp_path / "a.wav")


def test_written_in_blocks_is_written_whole(tmp_path: Path, hum: Hum) -> None:
    wav = torch.from_numpy(hum(1.0))
    write_wav(tmp_path / "whole.wav", wav)
    write_blocks(tmp_path / "blocks.wav", torch.split(wav[None], 700, dim=1))
    assert (tmp_path / "whole.wav").read_bytes() == (tmp_path / "blocks.wav").read_bytes()


def test_a_fault_while_writing_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> Iterator[torch.Tensor]:
        yield torch.zeros(100)
        raise SecoustiError("the tokens ended")

    with pytest.raises(SecoustiError, match="the tokens ended"):
        write_blocks(tmp_path / "a.wav", broken())
    assert not list(tmp_path.iterdir())
