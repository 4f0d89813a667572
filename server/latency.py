"""Where the time of a turn goes, in milliseconds, measured at the server's own edge."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from codec.rates import SAMPLE_RATE_HZ

KEPT_S = 120  # longer turns than the cap of the ears never need an older arrival


class Arrivals:
    """When each sample of the uplink came in; the ears hear it ``delay_samples`` later."""

    def __init__(self, delay_samples: int) -> None:
        self._delay = delay_samples
        self._marks: deque[tuple[int, float]] = deque()
        self._samples = 0
        self._origin = 0

    def rebase(self, samples: int) -> None:
        """New ears count their seconds from ``samples`` of the stream on."""
        self._origin = samples

    def add(self, samples: int, at: float) -> None:
        """``samples`` more of the stream came in at clock time ``at``."""
        self._samples += samples
        self._marks.append((self._samples, at))
        while self._marks[0][0] < self._samples - KEPT_S * SAMPLE_RATE_HZ:
            self._marks.popleft()

    def of(self, heard_s: float) -> float | None:
        """Clock time at which what the ears heard at ``heard_s`` came in; None before the call."""
        sample = max(1, self._origin + round(heard_s * SAMPLE_RATE_HZ) - self._delay)
        return next((at for end, at in self._marks if end >= sample), None)


@dataclass
class TurnClock:
    """One turn's moments on the server's clock; :meth:`parts` is what the wire reports."""

    endpoint_ms: float | None = None
    recognise_ms: float | None = None
    speech_end: float | None = None
    asked: float | None = None
    answered: float | None = None
    first_sent: float | None = None

    def parts(self) -> dict[str, float]:
        """Milliseconds by part; a part that was not reached is missing."""
        parts = {
            "endpoint": self.endpoint_ms,
            "recognise": self.recognise_ms,
            "think": _between(self.asked, self.answered),
            "speak_first": _between(self.answered, self.first_sent),
            "voice_to_voice": _between(self.speech_end, self.first_sent),
        }
        return {name: round(ms, 1) for name, ms in parts.items() if ms is not None}


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else max(0.0, 1000 * (end - start))
