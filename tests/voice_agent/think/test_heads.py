"""Heads as files: written, read, and refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.think.heads import Head, Recipe, load_head, packaged_head, terms_of

RECIPE = Recipe(2, ("so tired", "_ why"), ("last:question",))


def head() -> Head:
    weights = np.arange(10, dtype=np.float32).reshape(5, 2) / 8
    return Head(("a", "b"), RECIPE, weights, np.array([0.5, -0.5], np.float32), {"tau": 0.3})


def test_features_stand_where_the_recipe_says() -> None:
    vector = np.array([0.5, -1.0], np.float32)
    row = RECIPE.features(vector, terms_of("why so tired"), {"last:question": 2.0, "other": 1.0})
    assert row.tolist() == [0.5, -1.0, 1.0, 1.0, 2.0]
    assert RECIPE.features(None, (), {}).tolist() == [0.0] * 5


def test_terms_mark_beginning_and_end() -> None:
    assert terms_of("so tired", 2) == {"_", "so", "tired", "_ so", "so tired", "tired _"}
    assert terms_of("") == {"_", "_ _"}


def test_a_head_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "h.safetensors"
    head().save(path)
    again = load_head(path)
    assert (again.labels, again.recipe, again.notes) == (head().labels, RECIPE, {"tau": 0.3})
    x = np.array([0.5, -1.0, 1.0, 0.0, 1.0], np.float32)
    assert again.named(x) == pytest.approx(head().named(x), abs=1e-3)
    assert sum(again.named(x).values()) == pytest.approx(1.0)


def test_other_files_are_no_heads(tmp_path: Path) -> None:
    bad = tmp_path / "h.safetensors"
    bad.write_bytes(b"nothing of the kind")
    for path in (bad, tmp_path / "none.safetensors"):
        with pytest.raises(SecoustiError, match="cannot be read"):
            load_head(path)


@pytest.mark.parametrize("name", ["crisis", "strategy", "stage"])
def test_every_packaged_head_is_there(name: str) -> None:
    found = packaged_head(name)
    assert found is not None
    assert found.weights.shape == (found.recipe.size, len(found.labels))
    assert packaged_head("no such head") is None
