"""A speaker learns from lines what they say, resumes exactly, and is exported whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from codec.errors import SecoustiError
from codec.rates import LOW
from codec.speaking.speaker import TokenSpeaker
from training.saying import Line, SayConfig, SayTrainer, run_lengths, steady_voice

TINY = SayConfig(batch=2, window_s=0.8)


def lines() -> list[Line]:
    """Two phones in turn, each with a token of its own."""
    phones = np.tile(np.repeat(np.array([5, 9], np.uint8), 8), 12)
    codes = np.tile(np.repeat(np.array([17, 900], np.int32), 2), 12)
    return [Line(phones, codes, 7, "a"), Line(phones, codes, 8, "a"), Line(phones, codes, 7, "a"),
            Line(phones[:96], codes[:24], 3, "b")]  # fmt: skip


def test_runs_are_phones_and_their_lengths() -> None:
    phones, frames = run_lengths(np.array([4, 4, 4, 1, 9, 9], np.uint8))
    assert phones.tolist() == [4, 1, 9]
    assert frames.tolist() == [3, 1, 2]


def test_the_voice_is_the_commonest_of_who_says_most() -> None:
    assert steady_voice(lines()) == 7
    assert steady_voice(lines(), "b") == 3
    with pytest.raises(SecoustiError, match="nobody is called 'c'"):
        steady_voice(lines(), "c")


def test_a_window_holds_the_tokens_of_its_phones() -> None:
    windows = SayTrainer(LOW, lines(), TINY).draw()
    for row in range(len(windows.digits)):
        tokens = int(windows.frames[row].sum()) // 4
        codes = (windows.digits[row, :tokens] * 4 ** torch.arange(5)).sum(-1)
        per_frame = windows.phones[row].repeat_interleave(windows.frames[row])[::4]
        assert torch.equal(codes == 17, per_frame == 5)


def test_it_learns_and_goes_on_to_the_same_step(tmp_path: Path) -> None:
    trainer = SayTrainer(LOW, lines(), TINY)
    losses = [trainer.descend(trainer.draw(), 0.1)["digit"] for _ in range(12)]
    assert np.mean(losses[-3:]) < 0.6 * np.mean(losses[:3])
    trainer.save(tmp_path / "say.pt")
    other = SayTrainer(LOW, lines(), TINY)
    other.resume(tmp_path / "say.pt")
    assert other.descend(other.draw(), 0.1) == trainer.descend(trainer.draw(), 0.1)


def test_what_is_exported_speaks(tmp_path: Path) -> None:
    SayTrainer(LOW, lines(), TINY).export(tmp_path / "say-low.safetensors", 7, {})
    tokens = TokenSpeaker.load("low", tmp_path / "say-low.safetensors").say(["AH", "B"])
    assert (tokens.voice == 7).all()
