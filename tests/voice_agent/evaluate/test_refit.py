"""A planner fitted on a team's own dialogues: measured on what it did not see, kept, and used."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.evaluate.fit.refit import FEWEST_TALKS, refit_planner
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.talks import CALLER, SUPPORTER, Talk, TalkTurn
from voice_agent.think import Mind, ThinkSettings
from voice_agent.think.heads import head_path
from voice_agent.think.prototypes import Vectors
from voice_agent.think.strategy import load_planner

ANSWERS = {
    "i cry every night about it": "reflection",
    "it began at work some time ago": "question",
    "so i told my sister the whole story": "affirmation",
}


def embed(texts: list[str]) -> Vectors:
    """Another direction for every text, the same each time."""
    drawn = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=384) for text in texts]
    rows = np.stack(drawn).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def talks(count: int, strategies: bool = True) -> list[Talk]:
    """Supporters with one habit for each thing that is said, in another order every time."""
    made = []
    for number in range(count):
        said = np.random.default_rng(number).permutation(list(ANSWERS))
        turns = [
            turn
            for text in said
            for turn in (
                TalkTurn(CALLER, str(text)),
                TalkTurn(SUPPORTER, "I see.", ANSWERS[str(text)] if strategies else ""),
            )
        ]
        made.append(Talk(f"t{number:03d}", f"t{number:03d}", tuple(turns)))
    return made


def test_the_habits_of_these_supporters_are_learnt_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    groups = refit_planner(talks(FEWEST_TALKS), Memo(embed), path)
    assert [len(group) for group in groups] == [3] * FEWEST_TALKS
    right = [gold == favoured for group in groups for gold, favoured in group]
    assert np.mean(right) > 0.9
    head = load_planner(path)
    assert head.notes["held_out"]["n"] == 3 * FEWEST_TALKS  # type: ignore[index]
    mind = Mind.load(ThinkSettings(planner=path), embed=embed)
    assert mind.planner._head is not None
    assert mind.planner._head.notes == head.notes


def test_too_few_dialogues_or_none_with_strategies_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    with pytest.raises(SecoustiError, match=f"{FEWEST_TALKS} families.* or more; 39 of these"):
        refit_planner(talks(FEWEST_TALKS - 1), Memo(embed), path)
    with pytest.raises(SecoustiError, match="; 0 of these"):
        refit_planner(talks(FEWEST_TALKS, strategies=False), Memo(embed), path)
    assert not path.exists()


def test_a_planner_that_cannot_be_written_or_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no folder"):
        refit_planner(talks(FEWEST_TALKS), Memo(embed), tmp_path / "no folder" / "own.safetensors")
    with pytest.raises(SecoustiError, match="not a planner's"):
        load_planner(head_path("crisis"))
    with pytest.raises(SecoustiError, match="cannot be read"):
        Mind.load(ThinkSettings(planner=tmp_path / "missing.safetensors"), embed=embed)
