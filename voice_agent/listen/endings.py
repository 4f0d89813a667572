"""Whether a caller's text looks finished, by rule; what has been learnt is in ``finished``."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z']+")


def words_of(text: str) -> list[str]:
    """Lower-case words of ``text``."""
    return _WORD.findall(text.lower().replace("’", "'"))


# After one of these an English speaker is about to go on.
_OPEN_WORDS = frozenset(
    words_of("""
    a an the my your his its our their these some any every
    and or but because cause so if when while until unless although though since as than that
    which who whose where what how why whether
    to of in on at by for with from about into onto over under between like without
    i i'm i've i'd i'll he she we they he's she's we're they're it's there's you're
    very just even um uh er erm hmm well
""")
)

# Open in a sentence, but "yes, I do" and "no, I can't" are whole answers.
_AUXILIARIES = frozenset(
    words_of("""
    am is are was were be been being do does did have has had will would can could should may
    might must not don't can't won't didn't wasn't isn't
""")
)
_SHORT_ANSWER_WORDS = 4

# Open words that also end sentences: "I'd like that.", "I don't think so."
_CLOSING_WORDS = frozenset(words_of("that so though")) | _AUXILIARIES

# Said while the other one speaks, these ask for no answer.
_BACKCHANNEL_WORDS = frozenset(
    words_of("""
    ah aha oh yeah yes yep yup ok okay right sure i see true really wow exactly
""")
)
_HUM = re.compile(r"[hmu]+")  # "mhm", "uh-huh", "hmm", however they are written
_BACKCHANNEL_MOST_WORDS = 3


def looks_complete(text: str) -> bool:
    """Whether the turn could end after ``text``.

    A question mark closes; a comma, dash or dots leave open, and so does a last word that needs a
    next one. A full stop proves nothing: recognisers put one at every pause.
    """
    words = words_of(text)
    ending = text.strip()
    if not words or ending.endswith((",", "-", "...", "…")):
        return False
    if ending.endswith("?"):
        return True
    if words[-1] in _AUXILIARIES:
        return len(words) <= _SHORT_ANSWER_WORDS
    return words[-1] not in _OPEN_WORDS


def may_be_complete(text: str) -> bool:
    """Whether a text that does not look complete may be so all the same: a mere comma leaves it
    open, or a word that can end a sentence too, before a full stop."""
    words = words_of(text)
    if not words:
        return False
    closes = words[-1] in _CLOSING_WORDS and text.strip().endswith((".", "!"))
    return closes or looks_complete(" ".join(words))


def is_backchannel(text: str) -> bool:
    """Whether ``text`` is only "mm-hm", "yeah, okay" and the like."""
    words = words_of(text)
    return 0 < len(words) <= _BACKCHANNEL_MOST_WORDS and all(map(_is_listening, words))


def _is_listening(word: str) -> bool:
    return word in _BACKCHANNEL_WORDS or _HUM.fullmatch(word) is not None
