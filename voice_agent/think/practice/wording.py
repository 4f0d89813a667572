"""Small grammar for what is said to a partner's face: persons, verbs, contractions, sentences."""

from __future__ import annotations

import re

_VERBS = {
    "is": "are", "has": "have", "was": "were", "does": "do", "goes": "go", "says": "say",
    "tries": "try", "pushes": "push", "watches": "watch", "teaches": "teach", "passes": "pass",
    "misses": "miss", "fixes": "fix", "touches": "touch", "crosses": "cross", "stays": "stay",
    "pays": "pay", "plays": "play", "discusses": "discuss", "uses": "use", "refuses": "refuse",
    "criticises": "criticise", "criticizes": "criticize", "loses": "lose", "closes": "close",
}  # fmt: skip
_CONTRACTIONS = (
    ("can not", "can't"), ("will not", "won't"), ("do not", "don't"), ("does not", "doesn't"),
    ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"), ("was not", "wasn't"),
    ("were not", "weren't"), ("have not", "haven't"), ("has not", "hasn't"),
    ("would not", "wouldn't"), ("could not", "couldn't"), ("should not", "shouldn't"),
    ("i am", "I'm"), ("i have(?= (?:been|had|got|done|told|\\w+ed)\\b)", "I've"),
    ("i would", "I'd"), ("i will", "I'll"), ("you are", "you're"),
    ("you have(?= (?:been|had|got|done|told|\\w+ed)\\b)", "you've"),
    ("you would", "you'd"), ("you will", "you'll"), ("it is", "it's"), ("that is", "that's"),
    ("we are", "we're"), ("we will", "we'll"), ("we would", "we'd"), ("let us", "let's"),
)  # fmt: skip
_NO_NOUN = (
    "to|at|in|on|for|and|but|so|when|if|about|with|because|or|that|by|after|before|again|"
    "anymore|now|not|up|off|out|more|less|back|home|every|each|as|from|until|too"
)

_TO_WHOM = (
    "(?:lend|giv|tell|show|send|buy|pay|cook|bring|help|let|see|call|ring|ask|driv|mak|owe)"
    "(?:e|s|es|ing|ting)?"
)
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = "january|february|april|june|july|august|september|october|november|december"
_NAMED = re.compile(rf"\b(?:{_DAYS}|{_MONTHS}|christmas|easter)s?\b")
_ASKS = re.compile(
    r"(?:(?:and|so|but) )?(?!do not|don't|when (?:you|i|we)\b)"
    r"(?:could|can|would|will|shall|do|does|what|which|when|who|how)\b"
)
_MAY = re.compile(r"\b(since|in|of|by|until|last|this|every|from) (may|march)\b")


def deinflected(verb: str) -> str:
    """A third-person verb as it follows "you": "rings" -> "ring", "has" -> "have"."""
    if verb in _VERBS:
        return _VERBS[verb]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-1] if re.search(r"[^su]s$", verb) else verb


def to_their_face(clause: str) -> str:
    """A clause about somebody as it is said to them: "call him at his desk" -> "you", "your"."""
    clause = re.sub(r"\b(?:himself|herself)\b", "yourself", clause)
    clause = re.sub(rf"\b({_TO_WHOM}) her\b", r"\1 you", clause)
    clause = re.sub(r"\band (never|always|then|still|just) (\w+)", _second_verb, clause)
    clause = re.sub(rf"\bher (?!(?:{_NO_NOUN})\b)(?=\w)", "your ", clause)
    clause = re.sub(r"\b(?:his)\b", "your", clause)
    clause = re.sub(
        r"\b(?:he|she) (\w+)", lambda match: f"you {deinflected(match.group(1))}", clause
    )
    return re.sub(r"\b(?:him|her)\b", "you", clause)


def sentence(words: str) -> str:
    """Evened-out words as spoken sentences: contracted, with capitals and end marks."""
    for long, short in _CONTRACTIONS:
        words = re.sub(rf"\b{long}\b", short, words)
    words = re.sub(r"\bi\b", "I", words)
    words = _NAMED.sub(lambda match: match.group().capitalize(), words)
    words = _MAY.sub(lambda match: f"{match.group(1)} {match.group(2).capitalize()}", words)
    words = re.sub(r"(?: ,)+", ",", re.sub(r"\s+", " ", words))
    pieces = [piece.strip(" ,.") for piece in words.split(" . ")]
    return " ".join(f"{piece[:1].upper()}{piece[1:]}{_mark(piece)}" for piece in pieces if piece)


def _second_verb(match: re.Match[str]) -> str:
    return f"and {match.group(1)} {deinflected(match.group(2))}"


def _mark(piece: str) -> str:
    return "?" if _ASKS.match(piece.lower()) else "."


def joined_names(names: list[str]) -> str:
    """ "the facts, the ask and the feeling"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
