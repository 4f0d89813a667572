"""How long one caller's silence must last before their turn is over.

Every pause is either inside a turn or its end. Three things give the odds of an end. How long this
caller has been speaking: turns have a length, so the odds are how likely a turn that has come so
far ends now (its hazard), against how often the caller pauses in that time. What the words say. And
the silence itself: every further moment speaks for an end, by how few of *this* caller's pauses
last that long. Lengths of pauses and of turns are log-normal (Campione & Veronis 2002 for pauses),
and are learnt from the first one on. The turn is over when the odds are good enough. So who speaks
briefly is answered soon, who tells at length is let finish, who searches for words is let alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

from voice_agent.listen.lengths import Lengths
from voice_agent.listen.settings import ListenSettings

LEAST_S = 0.03  # of speech: less is none, and has no logarithm


@dataclass(frozen=True)
class _Habits:
    """What has been learnt of a caller: his pauses in ms, his turns in s of speech."""

    pauses: Lengths
    turns: Lengths
    paused: float  # how often, in
    spoken_s: float  # so much speech

    @property
    def pauses_per_s(self) -> float:
        return self.paused / self.spoken_s


class Patience:
    """One caller's. ``spoken_s`` is the speech of the running turn, without its pauses."""

    def __init__(self, settings: ListenSettings) -> None:
        self._settings = settings
        self._habits = self._before = _Habits(
            Lengths.expected(
                settings.pause_median_ms, settings.pause_spread, settings.prior_pauses
            ),
            Lengths.expected(settings.turn_median_s, settings.turn_spread, settings.prior_turns),
            settings.pauses_per_s * settings.prior_spoken_s,
            settings.prior_spoken_s,
        )
        self._ended_s = 0.0  # speech of what ended last
        self._carried_s = 0.0  # speech of the running turn that was taken for a turn of its own

    def paused(self, ms: float) -> None:
        """A pause of ``ms`` was inside a turn: the caller went on."""
        ms = min(max(ms, 1.0), self._settings.longest_ms)
        habits = self._habits
        self._habits = replace(habits, pauses=habits.pauses.seen(ms), paused=habits.paused + 1)

    def ended(self, spoken_s: float) -> None:
        """A turn has ended."""
        self._before, self._ended_s = self._habits, self._whole(spoken_s)
        self._carried_s = 0.0
        self._habits = replace(
            self._habits,
            turns=self._habits.turns.seen(self._ended_s),
            spoken_s=self._habits.spoken_s + self._ended_s,
        )

    def went_on(self, ms: float) -> None:
        """What was last taken for an end was a pause of ``ms``."""
        self._habits, self._carried_s = self._before, self._ended_s
        self.paused(ms)

    def is_over(self, silence_ms: float, spoken_s: float, words: float) -> bool:
        """Whether a silence of ``silence_ms`` ends the turn; ``words``: log odds by its words."""
        settings = self._settings
        if settings.silence_ms:
            return silence_ms >= settings.silence_ms
        if silence_ms < settings.shortest_ms:
            return False
        if silence_ms >= settings.longest_ms:
            return True
        longer = self._habits.pauses.share_longer(silence_ms)
        return self._odds_by_length(spoken_s) + words - log(longer) >= settings.sure

    def _odds_by_length(self, spoken_s: float) -> float:
        """Log odds, bounded: nobody's turns are so alike that their length proves more."""
        hazard = self._habits.turns.hazard(self._whole(spoken_s))
        odds = log(max(hazard, 1e-9) / self._habits.pauses_per_s)
        return max(-self._settings.length_tells, min(self._settings.length_tells, odds))

    def _whole(self, spoken_s: float) -> float:
        return max(LEAST_S, self._carried_s + spoken_s)
