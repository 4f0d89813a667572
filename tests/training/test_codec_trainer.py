"""Training: it learns, resumes exactly, survives nonsense, and exports what the codec loads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from codec import load_codec
from codec.errors import SecoustiError
from codec.rates import HIGH, LOW
from tests.training.hum import BATCHES
from training.checkpoint import export_weights, load_checkpoint
from training.codec_trainer import CodecTrainer
from training.recipe import CODEC_STAGES, Stage

ACOUSTIC, SEMANTIC, ADVERSARIAL, _FINISH = CODEC_STAGES


def steps(trainer: CodecTrainer, stage: Stage, count: int) -> list[float]:
    if trainer.progress.stage != stage.name:
        trainer._enter(stage)
    return [trainer._step(BATCHES(trainer.progress.step), stage, 0.0)["mel"] for _ in range(count)]


def test_a_few_steps_bring_the_sound_nearer(tmp_path: Path) -> None:
    torch.manual_seed(0)
    mel = steps(CodecTrainer(HIGH, CODEC_STAGES, tmp_path), ACOUSTIC, 8)
    assert mel[-1] < 0.9 * mel[0]


def test_resuming_is_exact(tmp_path: Path) -> None:
    torch.manual_seed(1)
    ours = CodecTrainer(HIGH, CODEC_STAGES, tmp_path)
    steps(ours, ACOUSTIC, 1)
    steps(ours, SEMANTIC, 1)
    ours.save()
    expected = steps(ours, SEMANTIC, 2)
    again = CodecTrainer(HIGH, CODEC_STAGES, tmp_path)
    again.resume()
    assert steps(again, SEMANTIC, 2) == expected


def test_resuming_works_in_a_stage_that_trains_only_the_receiver(tmp_path: Path) -> None:
    ours = CodecTrainer(LOW, CODEC_STAGES, tmp_path)
    steps(ours, ADVERSARIAL, 1)
    ours.save()
    expected = steps(ours, ADVERSARIAL, 1)
    again = CodecTrainer(LOW, CODEC_STAGES, tmp_path)
    again.resume()
    assert steps(again, ADVERSARIAL, 1) == expected


def test_the_semantic_stage_listens_to_the_text(tmp_path: Path) -> None:
    trainer = CodecTrainer(LOW, CODEC_STAGES, tmp_path)
    trainer._enter(SEMANTIC)
    before = {k: v.clone() for k, v in trainer.text.state_dict().items()}
    values = trainer._step(BATCHES(0), SEMANTIC, 0.0)
    assert values["phones"] > 0
    assert values["contrast"] > 0
    trainer._step(BATCHES(1), SEMANTIC, 0.0)
    assert all(not torch.equal(v, before[k]) for k, v in trainer.text.state_dict().items())


def test_the_adversarial_stage_leaves_the_sender_alone(tmp_path: Path) -> None:
    trainer = CodecTrainer(LOW, CODEC_STAGES, tmp_path)
    steps(trainer, SEMANTIC, 1)
    before = {k: v.clone() for k, v in trainer.model.state_dict().items()}
    steps(trainer, ADVERSARIAL, 2)
    after = trainer.model.state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"connector", "decoder", "voice_condition"}


def test_the_receiver_learns_to_do_without_some_packets(tmp_path: Path) -> None:
    """With every packet lost the decoder hears nothing of the speech, and the loss shows it."""
    trainer = CodecTrainer(LOW, CODEC_STAGES, tmp_path)
    trainer._enter(ADVERSARIAL)
    batch = BATCHES(0)
    both = (batch, dataclasses.replace(batch, heard=batch.heard.flip(1)))
    deaf = dataclasses.replace(ADVERSARIAL, lost=1.0)
    with torch.no_grad():
        same = [trainer._decode(heard, deaf)[0] for heard in both]
        other = [trainer._decode(heard, ADVERSARIAL)[0] for heard in both]
    assert torch.equal(*same)
    assert not torch.equal(*other)


def test_a_batch_of_nonsense_changes_nothing_and_many_stop_the_run(tmp_path: Path) -> None:
    trainer = CodecTrainer(HIGH, CODEC_STAGES, tmp_path)
    trainer._enter(ACOUSTIC)
    good = BATCHES(0)
    bad = dataclasses.replace(good, speech=torch.full_like(good.speech, float("nan")))
    before = [p.clone() for p in trainer.model.parameters()]
    with pytest.raises(SecoustiError, match="not finite"):
        for _ in range(30):
            trainer._step(bad, ACOUSTIC, 0.0)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.model.parameters(), strict=True))


def test_the_export_is_what_the_codec_loads(tmp_path: Path) -> None:
    trainer = CodecTrainer(LOW, CODEC_STAGES, tmp_path)
    path = tmp_path / "low.safetensors"
    export_weights(path, trainer.average.values, {"rate": "low"})
    codec = load_codec("low", path)
    assert codec.decode(codec.encode(torch.zeros(4000))).shape == (1, 4000)


def test_another_rate_may_begin_with_what_fits(tmp_path: Path) -> None:
    high = CodecTrainer(HIGH, CODEC_STAGES, tmp_path / "high")
    steps(high, SEMANTIC, 1)
    high.save()
    low = CodecTrainer(LOW, CODEC_STAGES, tmp_path / "low")
    fresh = low.start_from(tmp_path / "high" / "checkpoint.pt")
    assert torch.equal(low.model.decoder.embed.weight, high.average.values["decoder.embed.weight"])
    assert all(name.startswith(("tokens.", "connector.")) for name in fresh)
    assert low.teacher is not None


def test_released_weights_are_a_beginning_where_a_teacher_can_be_made(tmp_path: Path) -> None:
    other = CodecTrainer(LOW, CODEC_STAGES, tmp_path / "other")
    weights = tmp_path / "low.safetensors"
    export_weights(weights, other.average.values, {"rate": "low"})
    ours = CodecTrainer(LOW, CODEC_STAGES, tmp_path / "ours")
    ours.start_from(weights)
    released = other.average.values["decoder.embed.weight"].half().float()
    assert torch.equal(ours.model.decoder.embed.weight, released)
    with pytest.raises(SecoustiError, match="no teacher"):
        CodecTrainer(LOW, CODEC_STAGES[1:], tmp_path / "late").start_from(weights)
    CodecTrainer(LOW, CODEC_STAGES[2:], tmp_path / "last").start_from(weights)


def test_a_foreign_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(SecoustiError, match="not a readable checkpoint"):
        load_checkpoint(tmp_path / "checkpoint.pt")
