"""Samples that did not come are made up, so that what comes after them stands in its place.

The way of ITU-T G.711 Appendix I: the last pitch period goes on, loud for 10 ms and gone after 60;
when sound comes again the two are faded into each other. Unlike there, nothing is held back for it.
"""

from __future__ import annotations

import numpy as np

from server.wires.sound import Pcm

LONGEST_PITCH_MS, SHORTEST_PITCH_MS = 15, 5  # 66 to 200 Hz, as in G.711 Appendix I
MATCHED_MS = 20  # how much sound is held against itself to find the period
KEPT_MS = LONGEST_PITCH_MS + MATCHED_MS
LOUD_MS, FADED_MS = 10, 60
JOIN_MS = 5  # over which the first sound that comes again is faded in


class Concealer:
    """One stream of float32 ``[T]`` at ``rate_hz``, in order."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._recent = np.zeros(self._samples(KEPT_MS), np.float32)
        self._period = np.zeros(0, np.float32)
        self._made = 0  # samples in a row that were made up

    def came(self, pcm: Pcm) -> Pcm:
        """Sound that came, ``[T]``; after a gap its first 5 ms are joined to what was made up."""
        if self._made and len(pcm):
            join = min(self._samples(JOIN_MS), len(pcm))
            rising = np.linspace(0.0, 1.0, join, dtype=np.float32)
            made = self._go_on(join)
            pcm = np.concatenate([made * (1 - rising) + pcm[:join] * rising, pcm[join:]])
            self._made = 0
        self._remember(pcm)
        return pcm

    def lost(self, samples: int) -> Pcm:
        """So many samples that did not come, made up: ``[samples]``."""
        if not self._made:
            self._period = self._last_period()
        made = self._go_on(samples)
        self._made += samples
        self._remember(made)
        return made

    def _go_on(self, samples: int) -> Pcm:
        """The period again and again from where it stands, ever fainter."""
        at = np.arange(self._made, self._made + samples)
        loud, faded = self._samples(LOUD_MS), self._samples(FADED_MS)
        gain = np.clip((faded - at) / (faded - loud), 0.0, 1.0).astype(np.float32)
        made: Pcm = self._period[at % len(self._period)] * gain
        return made

    def _last_period(self) -> Pcm:
        """The end of the sound, as long as the lag at which it is most like itself."""
        shortest, longest = self._samples(SHORTEST_PITCH_MS), self._samples(LONGEST_PITCH_MS)
        ends = self._recent[-self._samples(MATCHED_MS) :]
        before = self._recent[-len(ends) - longest : len(self._recent) - shortest]
        alike = np.correlate(before, ends, "valid")  # the longest lag first
        power = np.convolve(np.square(before), np.ones(len(ends), np.float32), "valid")
        lag = longest - int(np.argmax(alike / np.sqrt(power + 1e-6)))
        return self._recent[-lag:].copy()

    def _remember(self, pcm: Pcm) -> None:
        kept = len(self._recent)
        self._recent = np.concatenate([self._recent, pcm[-kept:]])[-kept:]

    def _samples(self, ms: int) -> int:
        return self._rate_hz * ms // 1000
