"""Role cards: who the seeker is and, in our own, what there is to find out, believe and do.

ESC-Eval's six fields are enough: without a script the sentences of ``problem`` are what the seeker
tells, in order, and there is no belief to soften or step to take.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.think.mi import sentences

KINDS = ("what", "when", "cause", "impact", "feeling", "who", "support", "coping")
TEMPERS = ("open", "plain", "brisk", "guarded")
LANGUAGES = ("en",)


@dataclass(frozen=True)
class CardFact:
    """One thing that the seeker can tell, in their own words; ``kind`` is one of ``KINDS``."""

    kind: str
    text: str


@dataclass(frozen=True)
class Card:
    """One seeker.

    ``facts``: the first is how the talk begins. ``belief``: what they hold against themselves, and
    ``alternative`` how it sounds once it has softened; ``step`` and ``step_when``: what they would
    do of their own accord; "" where the card has none. ``tried``: words of ideas that have failed
    them. ``asks_at``: exchange in which they ask for advice, 0 for never.
    """

    id: str
    split: str
    category: str
    problem: str
    temper: str
    facts: tuple[CardFact, ...]
    belief: str = ""
    alternative: str = ""
    step: str = ""
    step_when: str = ""
    tried: tuple[str, ...] = ()
    asks_at: int = 0

    @property
    def cause(self) -> str:
        """Where it comes from, in the seeker's words, or ""."""
        return next((fact.text for fact in self.facts if fact.kind == "cause"), "")


def read_cards(path: Path, split: str) -> list[Card]:
    """The cards of a file, of one split or all (``""``).

    Raises:
        SecoustiError: a malformed card, with line number and field, or none of that split.
    """
    cards = [_card(row, n) for n, row in enumerate(read_rows(path), 1)]
    kept = [card for card in cards if not split or card.split == split]
    if not kept:
        raise SecoustiError(f"{path} has no card of split '{split}'.")
    return kept


def _card(row: Row, number: int) -> Card:
    row.choice("lang", LANGUAGES)
    problem = row.text("problem")
    for name in ("age", "gender", "occupation"):
        row.text(name)
    step = Row(f"{row.place}, step", row.table("step")) if "step" in row.fields else None
    return Card(
        id=row.text("id", f"card-{number}"),
        split=row.text("split", ""),
        category=row.text("category"),
        problem=problem,
        temper=row.choice("temper", TEMPERS, "plain"),
        facts=_facts(row, problem),
        belief=row.text("belief", ""),
        alternative=row.text("alternative", ""),
        step=step.text("what") if step else "",
        step_when=step.text("when") if step else "",
        tried=tuple(row.texts("tried", [])),
        asks_at=_count(row, "asks_at"),
    )


def _facts(row: Row, problem: str) -> tuple[CardFact, ...]:
    if "facts" in row.fields:
        told = row.rows("facts")
        facts = [CardFact(one.choice("kind", KINDS), one.text("text")) for one in told]
    else:
        facts = [CardFact("what", sentence) for sentence in sentences(problem)]
    if not facts:
        raise row.fault("field 'problem' is empty; it is what the seeker tells.")
    return tuple(facts)


def _count(row: Row, name: str) -> int:
    value = row.fields.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise row.fault(f"field '{name}' must be a whole number from 0.")
    return value
