"""What may be remembered of a caller: which items, for how long, how sensitive, and when one fits.

Items are short clauses about the caller, in their own words where those are safe to say back.
Nothing of a turn with an alarm becomes an item; sensitive matters only where the caller says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from voice_agent.contracts import Memory
from voice_agent.think.facts import Event
from voice_agent.think.paraphrase import own_clause
from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.think.tables import table
from voice_agent.think.understand import Insight
from voice_agent.think.words import Heard, hear

ORDINARY, SENSITIVE = "ordinary", "sensitive"
MOST_ITEMS = 40  # of one caller; the oldest go first
ITEMS_A_TURN = 2
MOST_ITEM_WORDS = 24  # of what a caller asks to have remembered
DAY_S = 86_400.0
MOST_USES, USES_WINDOW = 3, 5  # CharacterChat's rule: blocked when used 3 times in the last 5
FITS = 0.38  # relevance from which an item is worth bringing up
FITS_WORDS = 0.25  # the same without sentence vectors: share of the item's telling words
WORD_WEIGHT = 0.3  # of that share beside the cosine
_KINDS = {"what": "event", "impact": "effect", "coping": "help", "support": "help"}


@cache
def cue(name: str) -> re.Pattern[str]:
    """A cue list of ``data/replies/memory`` as one pattern on evened-out speech."""
    return re.compile("|".join(f"(?:{c})" for c in table("replies/memory")["cues"][name]))


@cache
def _sensitive() -> re.Pattern[str]:
    cues = table("replies/memory")["cues"]["sensitive"]
    return re.compile(r"\b(?:" + "|".join(cues) + r")\b")


def is_sensitive(heard: Heard) -> bool:
    """Whether a turn touches what is nobody's business unless the caller makes it so."""
    return bool(_sensitive().search(heard.text))


def items_of(insight: Insight, confidence: float) -> tuple[Memory, ...]:
    """Items that one ordinary turn may leave, not confirmed; none of a sensitive turn.

    Args:
        confidence: the recogniser's, 0-1; a doubtful turn leaves only what was known for sure.
    """
    if is_sensitive(insight.heard):
        return ()
    if insight.commits and insight.clause:
        return (Memory(insight.clause, "plan", False),)
    told = sorted((e for e in insight.events if e.kind in _KINDS), key=lambda e: not e.heavy)
    if insight.clause and not told:
        return (Memory(insight.clause, "event", False),)
    said = ((_own_words(e, insight.heard, confidence), _KINDS[e.kind]) for e in told)
    items = {item: Memory(item, kind, False) for item, kind in said}
    return tuple(items.values())[:ITEMS_A_TURN]


def _own_words(event: Event, heard: Heard, confidence: float) -> str:
    """The caller's clause around an event where it is safe to say back, else the authored one."""
    start, end = heard.clause(event.at, event.at + 1)
    return own_clause(Heard(heard.text[start:end], ()), confidence) or event.said


_TURNED = {
    "i": "you", "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "me": "you",
    "my": "your", "mine": "yours", "myself": "yourself", "am": "are", "we": "you",
    "we're": "you're", "our": "your", "us": "you",
}  # fmt: skip


def noted(text: str) -> Memory | None:
    """What the caller asks outright to have remembered, confirmed by the asking; None without."""
    found = cue("remember").search(hear(text).text)
    raw = re.search(r"\bthat\s+(.+)", text, re.I | re.S)
    if not found or not raw:
        return None
    words = raw.group(1).strip().rstrip(".!?").split()[:MOST_ITEM_WORDS]
    item = " ".join(_TURNED.get(word.lower(), word) for word in words)
    item = re.sub(r"\byou was\b", "you were", item.replace("\u2019", "'"))
    sensitive = SENSITIVE if is_sensitive(hear(text)) else ORDINARY
    return Memory(item, "note", True, sensitive) if item else None


def expires(kind: str, now: float) -> float:
    """Unix time at which an item of a kind is forgotten by itself."""
    return now + DAY_S * float(table("replies/memory")["days"][kind])


def alive(memories: Iterable[Memory], now: float) -> tuple[Memory, ...]:
    """Those that have not expired."""
    return tuple(m for m in memories if m.expires is None or m.expires > now)


def joined(items: Sequence[str]) -> str:
    """Clauses as one: "you lost your job, and that you can't sleep"."""
    return ", and that ".join(items)


def blocked(item: str, used: Sequence[str]) -> bool:
    """Whether an item was brought up too lately or too often. ``used``: oldest first."""
    recent = used[-USES_WINDOW:]
    return recent.count(item) >= MOST_USES or item in recent[-1:]


class Relevance:
    """How well items fit a turn: sentence vectors and shared telling words; remembers vectors."""

    def __init__(self, embed: Embed | None) -> None:
        self._embed = embed
        self._vectors: dict[str, Vectors] = {}

    def best(
        self, items: Sequence[Memory], insight: Insight, allowed: Callable[[Memory], bool]
    ) -> Memory | None:
        """The item that fits the turn best, if one fits at all."""
        scored = [(self._score(m.item, insight), m) for m in items if allowed(m)]
        floor = FITS if self._embed is not None and insight.vector is not None else FITS_WORDS
        best = max(scored, key=lambda pair: pair[0], default=None)
        return best[1] if best and best[0] >= floor else None

    def _score(self, item: str, insight: Insight) -> float:
        shared = _shared(item, insight.heard.text)
        if self._embed is None or insight.vector is None:
            return shared
        if item not in self._vectors:
            self._vectors[item] = self._embed([item])[0]
        return float(self._vectors[item] @ insight.vector) + WORD_WEIGHT * shared


def _shared(item: str, text: str) -> float:
    """Share of an item's telling words that a turn holds, 0-1."""
    telling, said = _telling(item), _telling(text)
    return len(telling & said) / len(telling) if telling else 0.0


def _telling(text: str) -> frozenset[str]:
    """Longer words, by their first five letters, that are not everybody's."""
    words, plain = re.findall(r"[a-z]+", text.lower()), table("replies/memory")["plain_words"]
    return frozenset(w[:5] for w in words if len(w) > 3 and w not in plain)
