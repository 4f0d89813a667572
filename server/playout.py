"""The downlink's clock: when the next packet may go, whose turn it is, and how much was heard.

The caller's side plays what we send, so we only keep a bounded lead ahead of real time. Where it
keeps a queue (*buffered*) the lead is enough to hide jitter, and little enough that a barge-in has
little to take back; where it plays what comes (*paced*) the lead is a frame or two. Deadlines are
absolute, summed in samples: pacing never drifts, and a late packet is caught up.
"""

from __future__ import annotations

from collections.abc import Callable

from codec.rates import SAMPLE_RATE_HZ


class Playout:
    """One caller's downlink. ``clock`` gives seconds; ``lead_ms`` is the most sent ahead."""

    def __init__(self, clock: Callable[[], float], lead_ms: int) -> None:
        self._clock = clock
        self._lead_s = lead_ms / 1000
        self._generation = 0
        self._live = False
        self._sent = 0
        self._play_end = 0.0
        self._report: tuple[float, int] | None = None

    @property
    def generation(self) -> int:
        """The newest generation's id; 0 before the first."""
        return self._generation

    def begin(self) -> int:
        """A new generation, the only live one from now on; its id (from 1)."""
        self._generation += 1
        self._live = True
        self._sent = 0
        self._play_end = self._clock()
        self._report = None
        return self._generation

    def is_live(self, generation: int) -> bool:
        """Whether audio of ``generation`` may still be sent: asked last thing before sending."""
        return self._live and generation == self._generation

    def drop(self) -> int | None:
        """Ends the live generation (barge-in or complete); its id, or None if none was live."""
        if not self._live:
            return None
        self._live = False
        return self._generation

    def wait_s(self, samples: int) -> float:
        """Seconds until a packet of ``samples`` may go without exceeding the lead."""
        return max(0.0, self.remaining_s() + samples / SAMPLE_RATE_HZ - self._lead_s)

    def sent(self, samples: int) -> None:
        """Counts ``samples`` as handed to the caller's side."""
        self._play_end = max(self._play_end, self._clock()) + samples / SAMPLE_RATE_HZ
        self._sent += samples

    def remaining_s(self) -> float:
        """Seconds of sent audio that the caller has not heard yet, by our clock."""
        return max(0.0, self._play_end - self._clock())

    def played(self, generation: int, samples: int) -> None:
        """The caller's side says how much of ``generation`` it has played."""
        if generation == self._generation:
            self._report = (self._clock(), min(samples, self._sent))

    def heard_samples(self) -> int:
        """How much of the newest generation was heard, by our clock and by the newest report."""
        heard = self._sent - round(self.remaining_s() * SAMPLE_RATE_HZ)
        if self._report is not None:
            at, samples = self._report
            heard = min(heard, samples + round((self._clock() - at) * SAMPLE_RATE_HZ))
        return max(0, heard)
