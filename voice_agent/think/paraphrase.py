"""The caller's own clause said back in the second person, or nothing.

Speaking a garbled transcript back to the person who said something else is worse than silence, so
a clause is used only if the recogniser was sure, every word is an everyday one, the shape is plain
(subject, verb, a few words) and no word is left hanging at its end.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from voice_agent.think.tables import table
from voice_agent.think.words import Heard

MIN_CONFIDENCE = 0.6
MIN_WORDS, MAX_WORDS = 4, 11

_FLIP = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are",
    "we": "you", "us": "you", "our": "your", "ours": "yours", "ourselves": "yourselves",
}  # fmt: skip
_START = re.compile(
    r"^(?:i|we|he|she|they|it|nobody|no one|everyone|everything|"
    r"my (?:\w+ )?(?:boss|manager|landlord|mom|mother|dad|father|parents|sister|brother|son|"
    r"daughter|kids?|husband|wife|partner|boyfriend|girlfriend|ex|friends?|roommates?|neighbors?|"
    r"teacher|professor|doctor|family|dog|cat|car|house|apartment))\b"
)
_LINK = re.compile(r"^(?:but|and|because|so|although|though)\b|[.]")
_VERB = re.compile(
    r"\b(?:am|are|is|was|were|have|has|had|do|does|did|can|could|will|would|should|might|keeps?|"
    r"get|gets|got|feels?|felt|wants?|wanted|needs?|needed|said|says|told|tells|went|goes|made|"
    r"makes?|took|takes?|works?|worked|\w+ed|\w+ing)\b"
)
_HANGING = re.compile(
    r"\b(?:the|a|an|to|of|in|on|at|for|with|from|by|and|or|but|because|if|that|which|who|when|"
    r"about|into|is|are|am|was|were|be|been|have|has|had|my|your|our|his|her|their|so|very|not|do|"
    r"does|did|will|would|can|could|should|like|just|really|even|as|than|this|these|those|every|"
    r"some|any|no|got|get|gets|keep|keeps|want|wants|make|makes|feel|feels)$"
)
_UNFIT = re.compile(
    r"\b(?:you|your|yours|me and|and i|am i|do i|what|why|how|who|when i|hi|hello|okay|yes|no$|"
    r"is (?:been|had|got|said|gone|told|made|taken|seen|known)|"
    r"thing|stuff|something|kill|die|dead|suicide|hurt myself|do not know|think|mean|guess)\b"
)
_LEAD_IN = re.compile(r"^(?:(?:well|so|just|that|like|maybe|i thought|i think|it said|to) )+(?=\w)")
_PLAN_LEAD = re.compile(
    r"^(?:i (?:would|could|can|will|might|want to|guess)|i am going to|just|maybe) "
)
_GRAVE = re.compile(r"\b(?:kill|die|dying|dead|suicide|hurt myself|end it)\b")
_CONTRACT = (
    ("can not", "can't"), ("will not", "won't"), ("do not", "don't"), ("does not", "doesn't"),
    ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"), ("was not", "wasn't"),
    ("were not", "weren't"), ("have not", "haven't"), ("has not", "hasn't"), ("had not", "hadn't"),
    ("could not", "couldn't"), ("would not", "wouldn't"), ("should not", "shouldn't"),
    ("you are", "you're"), ("you have been", "you've been"), ("you will", "you'll"),
    ("it is", "it's"), ("he is", "he's"), ("she is", "she's"), ("they are", "they're"),
)  # fmt: skip


@cache
def _everyday() -> frozenset[str]:
    return frozenset(table("understand/common_words")["words"].split())


def own_clause(heard: Heard, confidence: float) -> str | None:
    """One clause of the turn, said back ("your landlord keeps raising the rent"), or None.

    Args:
        heard: the evened-out turn. confidence: the recogniser's, 0-1.
    """
    if confidence < MIN_CONFIDENCE:
        return None
    fit = [clause for clause in _clauses(heard) if _fits(clause)]
    return second_person(max(fit, key=len)) if fit else None


def said_back(heard: Heard, confidence: float, *, most: int = 14, plan: bool = False) -> str | None:
    """A short answer said back whole ("they all think you're stupid"), or None.

    For answers that were asked for word for word, so any shape will do; the rules against reading
    out what was misheard stay. Of a ``plan`` the part that is to be done ("I could ring her" is
    "ring her").
    """
    first = _LEAD_IN.sub("", heard.text.split(" . ")[0].strip())
    while plan and _PLAN_LEAD.search(first):
        first = _PLAN_LEAD.sub("", first)
    words = first.split()
    if confidence < MIN_CONFIDENCE or not 1 <= len(words) <= most:
        return None
    plain = not _HANGING.search(first) and not _GRAVE.search(first)
    return second_person(first) if plain and all(_is_everyday(word) for word in words) else None


def _clauses(heard: Heard) -> list[str]:
    edges = [0, *heard.breaks, len(heard.text)]
    pieces = [heard.text[a:b] for a, b in pairwise(edges)]
    return [_LINK.sub("", piece).strip() for piece in pieces]


def _fits(clause: str) -> bool:
    words = clause.split()
    return (
        MIN_WORDS <= len(words) <= MAX_WORDS
        and bool(_START.search(clause))
        and bool(_VERB.search(clause))
        and not _HANGING.search(clause)
        and not _UNFIT.search(clause)
        and all(_is_everyday(word) for word in words)
    )


def _is_everyday(word: str) -> bool:
    """Whether the word, or what it is an ending of, is on the list."""
    stems = {word, re.sub(r"(?:ing|ed|es|s)$", "", word)}
    stems |= {stem + "e" for stem in stems} | {re.sub(r"(\w)\1$", r"\1", stem) for stem in stems}
    return bool(stems & _everyday())


def sayable(clause: str) -> bool:
    """Whether a clause may be said back: short, and every word an everyday one, so that what was
    misheard is not read out."""
    words = re.sub(r"'\w+", "", clause).split()
    return (
        len(words) <= MAX_WORDS
        and not _HANGING.search(clause)
        and all(_is_everyday(word) for word in words)
    )


def second_person(clause: str) -> str:
    """Evened-out words about the speaker as they are said back to them."""
    words = clause.split()
    said = [_FLIP.get(word, word) for word in words]
    for n, word in enumerate(words[:-1]):
        if word == "i" and words[n + 1] == "was":
            said[n + 1] = "were"
    text = " ".join(said)
    for long, short in _CONTRACT:
        text = re.sub(rf"\b{long}\b", short, text)
    return text
