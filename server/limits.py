"""What one connection, one address and one tenant may ask of us, with room for bursts.

A live caller sends one packet per packet time. More than a catch-up after a stalled network is
a fault or an attack, and ends that call with :data:`CloseCode.POLICY`; others are not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from server.wires.closing import CloseCode, ProtocolError


@dataclass(frozen=True)
class Limits:
    """Sustained rates; each may burst to ``burst_s`` seconds' worth."""

    messages_per_s: float = 100.0  # 25 packet messages and a few reports are normal
    bytes_per_s: float = 16_384.0  # 140 bytes of tokens are normal; control text is larger
    audio_per_s: float = 1.25  # seconds of speech per second: real time and a little catching up
    burst_s: float = 8.0  # a network that stalls for longer has lost its caller
    message_bytes: int = 4096  # one message; the native wire's packets are held to less


@dataclass(frozen=True)
class CrowdLimits:
    """What one address or one tenant may have; None: no limit but the number of slots."""

    address_connections: int = 64  # at once; a telephone vendor or an office stays below
    address_handshakes_per_s: float = 4.0  # 120 of them in a burst: everybody after a restart
    address_failures_per_s: float = 0.2  # wrong tokens; six in a burst, then twelve a minute
    address_calls: int | None = None  # at once
    tenant_calls: int | None = None  # at once: so that one tenant leaves slots for the others
    tenant_calls_per_minute: float | None = None


class Bucket:
    """A token bucket: ``rate`` a second, at most ``burst_s`` seconds' worth saved up."""

    def __init__(self, rate: float, burst_s: float, clock: Callable[[], float]) -> None:
        self._rate, self._size, self._clock = rate, rate * burst_s, clock
        self._level, self._at = self._size, clock()

    def take(self, amount: float) -> bool:
        """Takes ``amount`` if it is there; False leaves the bucket as it is."""
        if not self.holds(amount):
            return False
        self._level -= amount
        return True

    def holds(self, amount: float) -> bool:
        """Whether ``amount`` could be taken now."""
        now = self._clock()
        filled = min(self._size, self._level + (now - self._at) * self._rate)
        self._level, self._at = max(self._level, filled), now
        return amount <= self._level

    def give(self, seconds: float) -> None:
        """Adds so many seconds' worth, also beyond what can be saved up."""
        self._level += seconds * self._rate


class Meter:
    """Holds one connection to its :class:`Limits`."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._largest = limits.message_bytes
        self._messages = Bucket(limits.messages_per_s, limits.burst_s, clock)
        self._bytes = Bucket(limits.bytes_per_s, limits.burst_s, clock)
        self._audio = Bucket(limits.audio_per_s, limits.burst_s, clock)

    def message(self, size: int) -> None:
        """Counts one incoming message of ``size`` bytes; raises :class:`ProtocolError`."""
        if size > self._largest:
            raise ProtocolError(
                CloseCode.TOO_BIG, f"a message of {size} bytes: send at most {self._largest}"
            )
        if not self._messages.take(1):
            raise ProtocolError(CloseCode.POLICY, "too many messages a second: send in real time")
        if not self._bytes.take(size):
            raise ProtocolError(CloseCode.POLICY, "too many bytes a second: send in real time")

    def held_up(self, seconds: float) -> None:
        """We have not read for so long: what came meanwhile is no flood when we do."""
        for bucket in (self._messages, self._bytes, self._audio):
            bucket.give(seconds)

    def audio(self, seconds: float) -> None:
        """Counts decoded speech; raises :class:`ProtocolError` when it outruns real time."""
        if not self._audio.take(seconds):
            raise ProtocolError(CloseCode.POLICY, "speech faster than real time: pace the packets")
