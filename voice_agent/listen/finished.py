"""How finished a turn sounds by its words: learnt from where the corpus's callers stop and go on.

It is one small head over runs of the last words ("and my", "where to start"); how long the turn has
been is not asked, for written callers talk longer than real ones. Without the head, or without
words, silence decides alone.
"""

from __future__ import annotations

from math import log

from voice_agent.listen.endings import looks_complete, may_be_complete, words_of
from voice_agent.think.heads import Head, packaged_head

HEAD, END, PAUSE = "ending", "end", "pause"
LAST_WORDS = 4  # more of them is learnt by heart: on unseen families it tells less
# Log odds, at most, of a text that is open by rule: by its last word; or by a mere comma, or a word
# that can end a sentence too. Among synthetic callers the recogniser writes a comma after one end
# in five and after one pause in five, so a comma proves little.
OPEN, DOUBTFUL = -2.5, -0.5
# Bounds of what was learnt: whole sentences are paused after nearly as often as they end a turn, so
# they prove little; half a sentence proves much.
LEAST, MOST = -3.0, 0.2


class Finished:
    """What has been learnt; shared by all callers."""

    def __init__(self, head: Head | None) -> None:
        self._head = head

    @classmethod
    def load(cls) -> Finished:
        """The packaged head; raises :class:`~codec.errors.SecoustiError` when it is damaged."""
        return cls(packaged_head(HEAD))

    def odds(self, text: str) -> float:
        """Log odds that a turn is over after ``text``, against a pause, where both are as likely.

        0 where nothing is known: no words, or no head.
        """
        words = words_of(text)
        if not words:
            return 0.0
        learnt = self._learnt(words)
        if looks_complete(text):
            return learnt
        return min(learnt, DOUBTFUL if may_be_complete(text) else OPEN)

    def _learnt(self, words: list[str]) -> float:
        if self._head is None:
            return 0.0
        features = self._head.recipe.features(None, last_terms(words), {})
        chances = self._head.named(features)
        odds = log(chances[END] / chances[PAUSE])
        return max(LEAST, min(MOST, odds))


def last_terms(words: list[str]) -> set[str]:
    """The last words of a turn, and the runs that end it, which end in "_"."""
    last = words[-LAST_WORDS:]
    return {*last, *(" ".join([*last[start:], "_"]) for start in range(len(last)))}
