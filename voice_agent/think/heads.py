"""Learnt heads: small linear classifiers over sentence vectors, words and named signals.

Each is one safetensors file in ``voice_agent/data/heads``, a matrix and its labels, retrainable by
``python -m voice_agent.evaluate.fit``. Everything around them works without them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from codec.errors import SecoustiError
from voice_agent.think.prototypes import Vectors

Floats = NDArray[np.float32]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """What a head looks at, in this order. ``width``: of all sentence vectors together; ``terms``:
    word runs that count when present; ``signals``: named numbers."""

    width: int
    terms: tuple[str, ...]
    signals: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.width + len(self.terms) + len(self.signals)

    def features(
        self, vector: Vectors | None, terms: Collection[str], signals: Mapping[str, float]
    ) -> Floats:
        """Features [size]; a missing vector is nothing at all, an unknown term or signal too."""
        own = np.zeros(self.width, np.float32) if vector is None else vector
        present = np.fromiter((term in terms for term in self.terms), np.float32, len(self.terms))
        named = (signals.get(name, 0.0) for name in self.signals)
        return np.concatenate([own, present, np.fromiter(named, np.float32, len(self.signals))])


@dataclass(frozen=True)
class Head:
    """A softmax over ``labels``. ``weights`` [size, L], ``bias`` [L]; ``notes``: numbers that were
    fitted with it (thresholds, prior, transitions), and how it came about."""

    labels: tuple[str, ...]
    recipe: Recipe
    weights: Floats
    bias: Floats
    notes: Mapping[str, object]

    def probabilities(self, features: Floats) -> Floats:
        """Probabilities [L] of features [size], or [N, L] of [N, size]."""
        odds = features @ self.weights + self.bias
        grown = np.exp(odds - odds.max(axis=-1, keepdims=True))
        shares: Floats = grown / grown.sum(axis=-1, keepdims=True)
        return shares

    def named(self, features: Floats) -> dict[str, float]:
        """Probability of each label for features [size]."""
        return dict(zip(self.labels, map(float, self.probabilities(features)), strict=True))

    def save(self, path: Path) -> None:
        """Write as safetensors, weights in half precision."""
        about = {
            "labels": self.labels,
            "width": self.recipe.width,
            "terms": self.recipe.terms,
            "signals": self.recipe.signals,
            "notes": self.notes,
        }
        tensors: dict[str, NDArray[np.generic]] = {
            "weights": self.weights.astype(np.float16),
            "bias": self.bias,
        }
        save_file(tensors, path, metadata={"head": json.dumps(about)})


def load_head(path: Path) -> Head:
    """Read one head.

    Raises:
        SecoustiError: the file is missing or is not a head.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads(file.metadata()["head"])
            weights, bias = (file.get_tensor(name) for name in ("weights", "bias"))
        recipe = Recipe(about["width"], tuple(about["terms"]), tuple(about["signals"]))
        labels, notes = tuple(about["labels"]), about["notes"]
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as fault:
        raise SecoustiError(
            f"The learnt head {path} cannot be read ({fault}); reinstall secousti or fit it again "
            "with 'python -m voice_agent.evaluate.fit'."
        ) from fault
    return Head(labels, recipe, weights.astype(np.float32), bias.astype(np.float32), notes)


def head_path(name: str) -> Path:
    """Where the packaged head of that name lies: crisis, strategy, stage, mi, practice, ending."""
    folder = resources.files("voice_agent").joinpath("data", "heads")
    return Path(str(folder.joinpath(f"{name}.safetensors")))


def packaged_head(name: str) -> Head | None:
    """The packaged head, or None where it is not there: rules and hand-set weights decide then.

    Raises:
        SecoustiError: the file is there and is not a head.
    """
    path = head_path(name)
    if not path.exists():
        logger.warning("no learnt head '%s': going on without it", name)
        return None
    return load_head(path)


def terms_of(text: str, longest: int = 3) -> set[str]:
    """Runs of one to ``longest`` words of a text; "_" marks where it begins and ends."""
    words = ["_", *text.split(), "_"]
    return {
        " ".join(words[start : start + n])
        for n in range(1, longest + 1)
        for start in range(len(words) - n + 1)
    }
