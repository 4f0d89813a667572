"""Whether a sound over the agent's voice is the caller taking the floor or only a noise.

The ears call speech after about 100 ms. A cough, a door or a click is over soon after; a word goes
on. So the sound must still be there, at a comparable level, after ``NOISE_MS`` of it have passed;
recognised words settle it earlier. All times are audio times, so a slow machine decides the same.

What begins right as the agent does is often the agent itself, come back over a line whose echo
canceller has not settled: such a sound must last longer. On a line that is known to echo, sound
proves nothing, and only words that are not the agent's own do.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from codec.rates import SAMPLE_RATE_HZ
from server.parts import Pcm

NOISE_MS = 120  # shorter noises do not cut the agent off; longer and it would feel deaf
TAIL_MS = 40  # what comes right after must still sound ...
TAIL_RATIO = 0.1  # ... no more than 20 dB below its loudest part: the s of "yes" is that faint
GRACE_MS = 300  # after the agent has begun: echo comes back sooner (ITU-T G.131: up to 300 ms)
SOONEST_MS = 40  # what begins sooner is the caller who goes on: echo takes a packet at least
GRACE_NOISE_MS = 400  # what began in it must last so long
KEPT_MS = 1000


class BargeIn:
    """One caller's recent sound and the running suspicion."""

    def __init__(self) -> None:
        self._recent: deque[Pcm] = deque()
        self._end = 0  # samples heard since the call began
        self._start: int | None = None
        self._grace = range(0)  # samples at which an echo of the agent's first sound may begin
        self.echoes = False  # the agent has been heard on the caller's line

    def agent_began(self) -> None:
        """The agent is heard from now on."""
        self._grace = range(self._end + _samples(SOONEST_MS), self._end + _samples(GRACE_MS))

    def started(self, t: float) -> None:
        """The ears noticed speech that began at ``t`` seconds of audio."""
        self._start = round(t * SAMPLE_RATE_HZ)

    def settled(self) -> None:
        """The suspicion is over: it was decided, dismissed, or the agent is silent."""
        self._start = None

    @property
    def suspected(self) -> bool:
        return self._start is not None

    def push(self, pcm: Pcm) -> None:
        """Remembers what the ears are hearing, float32 ``[T]``."""
        self._recent.append(pcm)
        self._end += len(pcm)
        kept = sum(len(chunk) for chunk in self._recent)
        while kept - len(self._recent[0]) > KEPT_MS * SAMPLE_RATE_HZ // 1000:
            kept -= len(self._recent.popleft())

    def confirmed(self) -> bool:
        """Whether the suspected sound has lasted; a sound that died away stays unconfirmed."""
        if self._start is None or self.echoes:
            return False
        least_ms = GRACE_NOISE_MS if self._start in self._grace else NOISE_MS
        if self._end - self._start < _samples(least_ms + TAIL_MS):
            return False
        heard = np.concatenate(self._recent)
        sound = heard[max(0, len(heard) - (self._end - self._start)) :]
        levels = _levels(sound, _samples(TAIL_MS))
        return bool(levels[-1] > TAIL_RATIO * levels.max())


def _levels(sound: Pcm, block: int) -> Pcm:
    """RMS of the whole blocks of ``sound``, counted from its end."""
    whole = len(sound) // block * block
    blocks = sound[len(sound) - whole :].reshape(-1, block)
    levels: Pcm = np.sqrt(np.mean(np.square(blocks), axis=1))
    return levels


def _samples(ms: int) -> int:
    return ms * SAMPLE_RATE_HZ // 1000
