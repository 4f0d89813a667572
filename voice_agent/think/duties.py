"""What must be said whatever the talk is about: that this is an AI, and that resting is fine."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from voice_agent.think.settings import ThinkSettings
from voice_agent.think.tables import table
from voice_agent.think.writer import NO_REPEAT_REPLIES, safe_drafts


class Duties:
    """Disclosure at the start and on a timer, and one word on a long call."""

    def __init__(
        self, clock: Callable[[], float], settings: ThinkSettings, rng: random.Random
    ) -> None:
        self.clock, self._settings, self._rng = clock, settings, rng
        self._started = self._disclosed_at = 0.0
        self._long_told = False
        self.disclosed = False

    def opened(self) -> None:
        """The call begins with a greeting that says what this is."""
        self._started = self._disclosed_at = self.clock()
        self.disclosed = True

    def before(self, spoken: Sequence[str], *, grave: bool, style: str = "") -> str:
        """What must come before the next reply, or "". In a crisis only the first disclosure.

        Args:
            style: name of the persona that speaks, or "".
        """
        now, words = self.clock(), table("replies/others")
        if not self.disclosed:  # the call was not opened by us
            self.opened()
            return str(words["disclosure_style" if style else "disclosure"]).format(name=style)
        if grave:
            return ""
        if now - self._disclosed_at >= self._settings.disclosure_every_s:
            self._disclosed_at = now
            return least_said(words["reminder"], spoken, self._rng)
        if now - self._started >= self._settings.session_s and not self._long_told:
            self._long_told = True
            return least_said(words["long_session"], spoken, self._rng)
        return ""


def least_said(texts: Sequence[str], spoken: Sequence[str], rng: random.Random) -> str:
    """The text that was said longest ago, or never; a safe line rather than a repeat."""

    def last(text: str) -> int:
        return max((n for n, said in enumerate(spoken) if text in said), default=-1)

    best = min(texts, key=lambda text: (last(text), rng.random()))
    repeated = any(best in said for said in spoken[-NO_REPEAT_REPLIES:])
    return next(safe_drafts(list(spoken))).text if repeated else best
