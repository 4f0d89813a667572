"""Each idea can be left out, and leaving it out changes exactly that."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW
from tests.training.hum import BATCHES
from training.ablation import IDEAS, ablated_stages, ideas_named
from training.codec_trainer import CodecTrainer
from training.recipe import CODEC_STAGES


def trained(tmp_path: Path, *without: str) -> tuple[CodecTrainer, dict[str, float]]:
    torch.manual_seed(0)
    trainer = CodecTrainer(LOW, CODEC_STAGES, tmp_path, without=frozenset(without))
    semantic = next(stage for stage in trainer.stages if stage.name == "semantic")
    trainer._enter(semantic)
    return trainer, trainer._step(BATCHES(0), semantic, 0.0)


def test_nothing_left_out_has_every_loss(tmp_path: Path) -> None:
    _, values = trained(tmp_path)
    assert {"constraint", "kl", "phones", "contrast"} <= set(values)


@pytest.mark.parametrize(
    ("idea", "gone"),
    [("text", {"phones", "contrast"}), ("vae", {"kl"}), ("staging", {"constraint"})],
)
def test_an_idea_left_out_takes_its_losses_along(tmp_path: Path, idea: str, gone: set[str]) -> None:
    _, values = trained(tmp_path, idea)
    assert not gone & set(values)


def test_without_the_vae_training_sees_what_inference_sees(tmp_path: Path) -> None:
    trainer, _ = trained(tmp_path, "vae")
    x = torch.randn(1, 8, trainer.model.config.encoder_channels)
    bottleneck = trainer.model.tokens.bottleneck.train()
    assert torch.equal(bottleneck(x).quantised, bottleneck(x).quantised)


def test_the_twin_of_the_loudness_loss_is_trained_without_it() -> None:
    assert any(stage.loudness for stage in CODEC_STAGES)
    twin = ablated_stages(CODEC_STAGES, frozenset({"loudness"}))
    assert not any(stage.loudness for stage in twin)
    assert [stage.name for stage in twin] == [stage.name for stage in CODEC_STAGES]


def test_without_staging_the_first_stage_is_already_through_tokens() -> None:
    stages = ablated_stages(CODEC_STAGES, frozenset({"staging"}))
    assert {stage.path for stage in stages} == {"semantic"}


def test_without_the_voice_the_decoder_never_hears_it(tmp_path: Path) -> None:
    trainer, _ = trained(tmp_path, "voice")
    gradients = [p.grad for p in trainer.model.voice_encoder.parameters()]
    assert all(gradient is None or not gradient.any() for gradient in gradients)


def test_a_learnt_codebook_takes_the_quantisers_place(tmp_path: Path) -> None:
    trainer, values = trained(tmp_path, "fsq")
    assert values["commitment"] >= 0
    codes = trainer.model.encode_step(BATCHES(1).speech, None)[0]
    assert int(codes.max()) < 1024
    assert torch.isfinite(trainer.model.decode_step(codes, torch.tensor([-1, -1]), None)).all()


def test_a_codebook_too_large_to_learn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="1,048,576 vectors"):
        CodecTrainer(HIGH, CODEC_STAGES, tmp_path, without=frozenset({"fsq"}))


def test_an_unknown_idea_is_named_with_those_there_are() -> None:
    assert ideas_named(" vae, text,") == {"vae", "text"}
    with pytest.raises(SecoustiError, match=r"attention.*" + IDEAS[0]):
        ideas_named("attention")
