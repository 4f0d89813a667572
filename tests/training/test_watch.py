"""Watching a run: scores of unseen speech, samples to listen to, lines to read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from codec.errors import SecoustiError
from codec.model import SecoustiModel, seeded_model
from codec.rates import HIGH, LOW, Rate
from tests.training.hum import hum_corpus
from training.checkpoint import Averaged
from training.corpus import Corpus, Utterance
from training.journal import Journal
from training.watch import Watch, averaged_model, decode


@pytest.fixture(scope="module")
def model() -> SecoustiModel:
    return seeded_model(LOW)


def test_a_look_scores_and_keeps_samples(tmp_path: Path, model: SecoustiModel) -> None:
    watch = Watch(hum_corpus(4), Journal(tmp_path))
    scores = watch.look(model, Averaged(model), 40, "semantic", at_once=True)
    assert scores is not None
    assert scores["mel"] > 0
    (line,) = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert (line["step"], line["stage"]) == (40, "semantic")
    assert line["valid_mel"] == pytest.approx(scores["mel"], abs=1e-3)
    kept = {path.name for path in (tmp_path / "samples").iterdir()}
    assert kept == {"0000000-original-0.wav", "0000040-decoded-0.wav"}


def test_between_looks_nothing_is_decoded(tmp_path: Path, model: SecoustiModel) -> None:
    watch = Watch(hum_corpus(4), Journal(tmp_path), each_s=3600)
    assert watch.look(model, Averaged(model), 1, "semantic") is None
    assert not (tmp_path / "log.jsonl").exists()


def test_a_look_leaves_the_training_model_as_it_was(tmp_path: Path, model: SecoustiModel) -> None:
    average = Averaged(model)
    average.values = {name: torch.zeros_like(value) for name, value in average.values.items()}
    model.train()
    still = averaged_model(model, average)
    assert not still.training
    assert not any(p.any() for p in still.parameters())
    assert model.training
    assert any(p.any() for p in model.parameters())
    model.eval()


@pytest.mark.parametrize("rate", [LOW, HIGH], ids=["low", "high"])
def test_a_decoded_clip_is_as_long_as_its_original(rate: Rate) -> None:
    wav = hum_corpus().audio[:20_480].astype(np.float32) / 32768
    assert decode(seeded_model(rate), wav).shape == wav.shape


def test_a_validation_split_of_scraps_is_told(tmp_path: Path) -> None:
    scraps = Corpus(np.ones(16_000, np.int16), [Utterance(0, 16_000, "s", "x")])
    with pytest.raises(SecoustiError, match=r"3\.84 s or more"):
        Watch(scraps, Journal(tmp_path))


def test_the_journal_writes_the_mean_of_its_steps(tmp_path: Path) -> None:
    journal = Journal(tmp_path, each=2)
    for step, mel in ((1, 0.4), (2, 0.6), (3, 1.0)):
        journal.step({"step": step, "stage": "semantic", "mel": mel})
    (line,) = [json.loads(text) for text in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert (line["step"], line["mel"]) == (2, 0.5)
