"""Belief questions turned to the first person: the one the story is about becomes "you".

After EgoSocialArena: the same item is asked in both persons, and only their paired difference says
something about perspective.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_NAME = re.compile(r"\b[A-Z][a-z]+\b")
_NOT_NAMES = frozenset(
    {
        "The", "A", "An", "In", "On", "At", "He", "She", "It", "They", "We", "You", "I", "His",
        "Her", "Their", "After", "Before", "When", "While", "Then", "Where", "What", "Who", "Why",
        "How", "Which", "And", "But", "So", "If", "As", "One", "Today", "Yesterday", "Later",
        "Now", "There", "This", "That", "Because", "Does", "Do", "Did", "Is", "Are", "Was",
        "Were", "Will", "Would", "Can", "Could",
    }
)  # fmt: skip
_AGREE = (  # verbs that stood with one person, now with "you"
    (r"\byou (is|am)\b", "you are"),
    (r"\byou was\b", "you were"),
    (r"\byou has\b", "you have"),
    (r"\byou does\b", "you do"),
    (r"\byou doesn't\b", "you don't"),
    (r"\b(does|Does) you\b", "do you"),
    (r"\b(is|Is) you\b", "are you"),
    (r"\b(was|Was) you\b", "were you"),
    (r"\b(has|Has) you\b", "have you"),
    (
        r"\byou (think|look|believe|know|want|see|put|feel|say|go|come|leave|find|move|take|hide|"
        r"keep|store|lock|assume|expect|hope|hear|notice|laugh|stay)s\b",
        r"you \1",
    ),
    (r"\byou goes\b", "you go"),
)


@dataclass(frozen=True)
class Item:
    """One multiple-choice question about a story."""

    story: str
    question: str
    options: tuple[str, ...]
    answer: int  # index into options
    ability: str


def protagonist(item: Item) -> str:
    """The person the question is about, else the one the story names most; "" for nobody."""
    for text in (item.question, item.story):
        names: list[str] = [n for n in _NAME.findall(text) if n not in _NOT_NAMES]
        if names:
            return Counter(names).most_common(1)[0][0]
    return ""


def names_in(item: Item) -> list[str]:
    """The names of people in a story and its question, each once, in order."""
    names = _NAME.findall(f"{item.story} {item.question}")
    return [name for name in dict.fromkeys(names) if name not in _NOT_NAMES]


def first_person(item: Item) -> Item:
    """The same item told to the protagonist. Without one it stays as it is."""
    name = protagonist(item)
    if not name:
        return item
    return Item(
        _told(item.story, name),
        _told(item.question, name),
        tuple(_told(option, name) for option in item.options),
        item.answer,
        item.ability,
    )


def _told(text: str, name: str) -> str:
    text = re.sub(rf"\b{name}'s\b", "your", text)
    text = re.sub(rf"\b{name}\b", "you", text)
    for pattern, agreed in _AGREE:
        text = re.sub(pattern, agreed, text)
    whole: str = re.sub(r"(^|[.!?] )you", r"\1You", text)
    return whole
