"""How a caller would like to be spoken to: said outright, hinted at, or near in meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from voice_agent.think.mi import sentences
from voice_agent.think.prototypes import Embed
from voice_agent.think.tables import table
from voice_agent.think.words import Heard, hear

ASKED, HINTED = 1.0, 0.5
NEAR_COSINE, SURE_COSINE = 0.36, 0.72  # of the nearest example; counts between these, rising
NEAR_MOST = 0.8  # never as much as plain words


@dataclass(frozen=True)
class Wish:
    """One wish. ``axis`` of a manner and where on it (0 to 1); ``strength`` 0 to 1."""

    name: str
    axis: str
    to: float
    strength: float
    asked: bool
    because: str


@dataclass(frozen=True)
class _Kind:
    name: str
    axis: str
    to: float
    asks: re.Pattern[str]
    hints: re.Pattern[str] | None
    because: str
    hinted: str


@cache
def _kinds() -> tuple[_Kind, ...]:
    book = table("understand/wishes")
    return tuple(_kind(name, row) for name, row in book.items() if name != "parts")


def _kind(name: str, row: dict[str, object]) -> _Kind:
    asks, hints = (_joined(row[key]) for key in ("asks", "hints"))
    assert asks is not None
    return _Kind(
        name, str(row["axis"]), float(str(row["to"])), asks, hints,
        str(row["because"]), str(row["hinted"]),
    )  # fmt: skip


def _joined(cues: object) -> re.Pattern[str] | None:
    assert isinstance(cues, list)
    parts = table("understand/wishes")["parts"]
    texts = [str(cue) for cue in cues]
    for name in ("be", "someone", "you"):  # "be" holds "you"
        texts = [text.replace("{" + name + "}", parts[name]) for text in texts]
    joined = "|".join(f"(?:{text})" for text in texts)
    return re.compile(rf"\b(?:{joined})\b") if cues else None


class WishReader:
    """Shared and immutable: one for all callers."""

    def __init__(self, embed: Embed | None = None) -> None:
        """Args:
        embed: texts -> float32 [N, 384], L2-normalised; None works from words alone.
        """
        book = table("understand/wishes")
        self._embed = embed
        self._seeds = {k.name: embed(book[k.name]["seeds"]) for k in _kinds()} if embed else {}

    def wishes(self, text: str) -> tuple[Wish, ...]:
        """The wishes of one caller turn, strongest first."""
        heard, near = hear(text), self._nearness(text)
        found = (_wish(kind, heard, near.get(kind.name, -1.0)) for kind in _kinds())
        return tuple(sorted((w for w in found if w.strength > 0), key=lambda w: -w.strength))

    def _nearness(self, text: str) -> dict[str, float]:
        """Cosine of each wish's nearest example with the turn's nearest sentence, -1 to 1."""
        said = list(sentences(text))
        if self._embed is None or not said:
            return {}
        vectors = self._embed(said)  # [S, 384]
        return {name: float((seeds @ vectors.T).max()) for name, seeds in self._seeds.items()}


def _wish(kind: _Kind, heard: Heard, cosine: float) -> Wish:
    asked = bool(kind.asks.search(heard.text))
    hinted = bool(kind.hints and kind.hints.search(heard.text))
    near = NEAR_MOST * min(1.0, max(0.0, (cosine - NEAR_COSINE) / (SURE_COSINE - NEAR_COSINE)))
    strength = ASKED if asked else max(HINTED * hinted, near)
    because = kind.because if asked else f"it seems {kind.because}"
    if hinted and not asked:
        because = kind.hinted
    return Wish(kind.name, kind.axis, kind.to, strength, asked, because)


def strongest(wishes: Iterable[Wish]) -> tuple[Wish, ...]:
    """Wishes of several turns: one of each kind, as strong as it ever was, strongest first.

    On an axis where the caller changed their mind the newest outright wish stands.
    """
    kept: dict[str, Wish] = {}
    for wish in wishes:
        if wish.asked:
            kept = {n: w for n, w in kept.items() if w.axis != wish.axis or w.to == wish.to}
        if wish.name not in kept or wish.strength >= kept[wish.name].strength:
            kept[wish.name] = wish
    return tuple(sorted(kept.values(), key=lambda w: -w.strength))
