"""Sentence vectors: unit length, independent of their batch, near for near meanings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codec.errors import SecoustiError
from voice_agent.vectors import WIDTH, SentenceVectors

SLEEP = "I can't sleep because of the deadlines at work."
AWAKE = "Work deadlines keep me awake at night."
CAT = "My cat is orange."
REFERENCE = [0.08918, 0.02731, 0.03158, 0.04977]


@pytest.fixture(scope="module")
def vectors() -> SentenceVectors:
    return SentenceVectors.load()


def test_rows_are_unit_vectors(vectors: SentenceVectors) -> None:
    found = vectors([SLEEP, AWAKE, CAT, ""])
    assert found.shape == (4, WIDTH) and found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_sentence_does_not_depend_on_its_batch(vectors: SentenceVectors) -> None:
    together = vectors([SLEEP, CAT, SLEEP + " " + AWAKE])
    np.testing.assert_allclose(together[1], vectors([CAT])[0], atol=1e-5)


def test_near_meanings_are_near(vectors: SentenceVectors) -> None:
    sleep, awake, cat = vectors([SLEEP, AWAKE, CAT])
    assert sleep @ awake > 0.8
    assert sleep @ cat < 0.3


def test_it_is_the_published_model(vectors: SentenceVectors) -> None:
    """First numbers of the reference implementation (sentence-transformers 6.2) for ``CAT``."""
    np.testing.assert_allclose(vectors([CAT])[0, :4], REFERENCE, atol=1e-4)


def test_no_texts_give_no_rows(vectors: SentenceVectors) -> None:
    assert vectors([]).shape == (0, WIDTH)


def test_a_very_long_text_is_cut_not_refused(vectors: SentenceVectors) -> None:
    assert np.isfinite(vectors(["work " * 3000])).all()


def test_a_folder_without_the_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="sentence vectors"):
        SentenceVectors.load(tmp_path)
