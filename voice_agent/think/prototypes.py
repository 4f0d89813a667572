"""Labels as the mean vector of a few written examples: a small, transparent sentence classifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Embed = Callable[[list[str]], Vectors]


class Prototypes:
    """Nearest-prototype scores for one set of labels."""

    def __init__(self, seeds: Mapping[str, Sequence[str]], embed: Embed) -> None:
        """Args:
        seeds: label -> example sentences. embed: texts -> float32 [N, 384], L2-normalised.
        """
        self.labels = tuple(seeds)
        means = [np.mean(embed(list(seeds[label])), axis=0) for label in self.labels]
        matrix = np.stack(means).astype(np.float32)
        self._matrix = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)  # [L, 384]

    def scores(self, vector: Vectors) -> dict[str, float]:
        """Cosine of one sentence vector [384] with each label, -1 to 1."""
        cosines = self._matrix @ vector
        return {label: float(c) for label, c in zip(self.labels, cosines, strict=True)}
