"""Sentence vectors that are computed once: in batches beforehand, and kept in a file if wanted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.vectors import WIDTH

BATCH = 32  # texts of like length together: padding is the waste


class Memo:
    """Callable like the encoder it wraps: texts -> float32 [N, 384], rows of unit length."""

    def __init__(self, embed: Embed, path: Path | None = None) -> None:
        """Args:
        path: an ``.npz`` of vectors kept from an earlier run; :meth:`save` writes it.
        """
        self._embed = embed
        self._path = path
        self._known: dict[str, Vectors] = {}
        if path is not None and path.exists():
            with np.load(path) as kept:
                texts = kept["texts"].tobytes().decode("utf-8").split("\0")
                self._known = dict(zip(texts, kept["vectors"], strict=True))

    def __call__(self, texts: list[str]) -> Vectors:
        self.prefetch(texts)
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        return np.stack([self._known[text] for text in texts])

    def prefetch(self, texts: Iterable[str]) -> None:
        """Compute what is not known yet, shortest texts first."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._known |= dict(zip(batch, self._embed(batch), strict=True))

    def save(self) -> None:
        """Keep every vector in the file, if there is one."""
        if self._path is None or not self._known:
            return
        texts = np.frombuffer("\0".join(self._known).encode("utf-8"), np.uint8)
        np.savez(self._path, texts=texts, vectors=np.stack(list(self._known.values())))
