"""How long one caller's silence must last before their turn is over.

Every pause is either inside a turn or its end. What the words say, and how often this caller's
pauses have been ends so far, give the odds of an end at the start of a silence. Then every further
moment speaks for it, by how few of *this* caller's pauses last that long: pauses are log-normal
(Campione & Veronis 2002), and are learnt from the first one on. The turn is over when the odds are
good enough. So who speaks fast is answered fast, and who searches for words is let alone.
"""

from __future__ import annotations

from math import erfc, log, sqrt

from voice_agent.listen.settings import ListenSettings


class Patience:
    """What has been learnt of one caller's pauses."""

    def __init__(self, settings: ListenSettings) -> None:
        self._settings = settings
        self._count = settings.prior_pauses
        self._mean = log(settings.pause_median_ms)
        self._ends = settings.prior_pauses / (1 + settings.prior_pauses_per_turn)
        self._pauses = settings.prior_pauses - self._ends

    def paused(self, ms: float) -> None:
        """A pause of ``ms`` was inside a turn: the caller went on."""
        ms = min(max(ms, 1.0), self._settings.longest_ms)
        self._count += 1
        self._mean += (log(ms) - self._mean) / self._count
        self._pauses += 1

    def ended(self) -> None:
        """A turn has ended."""
        self._ends += 1

    def went_on(self, ms: float) -> None:
        """What was taken for an end was a pause of ``ms``."""
        self._ends -= 1
        self.paused(ms)

    def is_over(self, silence_ms: float, words: float) -> bool:
        """Whether a silence of ``silence_ms`` ends the turn; ``words``: log odds by its words."""
        settings = self._settings
        if settings.silence_ms:
            return silence_ms >= settings.silence_ms
        if silence_ms < settings.shortest_ms:
            return False
        if silence_ms >= settings.longest_ms:
            return True
        odds = log(self._ends / self._pauses) - log(self._share_longer_than(silence_ms))
        return odds + words >= settings.sure

    def _share_longer_than(self, ms: float) -> float:
        """Of this caller's pauses inside turns."""
        deviation = (log(ms) - self._mean) / self._settings.pause_spread
        return max(1e-9, erfc(deviation / sqrt(2)) / 2)
