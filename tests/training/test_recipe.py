"""The schedule covers the whole run, in order, and ends annealed."""

from __future__ import annotations

import pytest

from codec.errors import SecoustiError
from training.recipe import CODEC_STAGES, stage_at, stages_from


def test_progress_walks_through_the_stages_in_order() -> None:
    seen = [stage_at(i / 1000, CODEC_STAGES)[0].name for i in range(1001)]
    assert list(dict.fromkeys(seen)) == [stage.name for stage in CODEC_STAGES]


def test_shares_make_one_and_the_last_rate_is_zero() -> None:
    assert sum(stage.share for stage in CODEC_STAGES) == pytest.approx(1)
    stage, within = stage_at(1.0, CODEC_STAGES)
    assert stage.learning_rate(within) == pytest.approx(0)


def test_a_run_may_begin_at_a_later_stage() -> None:
    stages = stages_from("adversarial")
    assert [s.name for s in stages] == ["adversarial", "finish"]
    assert stage_at(0.0, stages)[0].name == "adversarial"


def test_an_unknown_stage_is_named() -> None:
    with pytest.raises(SecoustiError, match="'warmup'"):
        stages_from("warmup")
