"""The caller's packets on their way in: made sound by the line, heard by the ears, off the loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np

from server.bargein import BargeIn
from server.line import Line
from server.parts import Listener, Pcm
from server.scripts import silence
from server.wires.native import Switch
from voice_agent.listen.events import ListenEvent

log = logging.getLogger(__name__)

UPLINK_PACKETS = 256  # heard later than they came, at most; then the reader waits, and so does TCP
FAULTS = 3  # of the ears in a row; newer ears would fail too
HEAR_AT_ONCE = 8  # packets the ears take in one go when they are behind
FLUSH_MS = 2_000  # ends any turn: the ears' longest patience is 1,792 ms
FLUSH = silence(FLUSH_MS)


class Hush:
    """The caller says nothing more: the ears are given silence, to finish his turn."""


HUSH = Hush()
Uplink = bytes | None | Switch | Hush  # a packet, a lost one, another stream


class Hearer:
    """One caller's ears at work; :meth:`run` tells ``notice`` of every event, in order. Ears that
    take longer than ``patience_s`` have failed."""

    def __init__(
        self,
        line: Line,
        make_listener: Callable[[], Listener],
        pool: Executor,
        notice: Callable[[ListenEvent], None],
        deafened: Callable[[bool], None],
        flushed: Callable[[], None],
        patience_s: float,
    ) -> None:
        self._line, self._make, self._pool = line, make_listener, pool
        self._notice, self._deafened, self._flushed = notice, deafened, flushed
        self._patience_s = patience_s
        self._listener = make_listener()
        self._packets: asyncio.Queue[Uplink] = asyncio.Queue(UPLINK_PACKETS)
        self.barge_in = BargeIn()
        self.heard_samples = 0

    def agent_speaks(self, speaking: bool) -> None:
        """Tells the ears whether the agent's voice is being heard now."""
        self._listener.agent_speaking = speaking
        if speaking:
            self.barge_in.agent_began()

    async def put(self, packets: Sequence[Uplink]) -> None:
        """Takes packets in stream order; waits when the ears are far behind.

        A packet means what its place in the stream says, so none may be dropped; one that never
        came is None.
        """
        for packet in packets:
            await self._packets.put(packet)

    async def flush(self) -> int:
        """Has the ears hear silence that ends a turn, after what came; samples of it.

        ``flushed`` is told when they have.
        """
        await self._packets.put(HUSH)
        return len(FLUSH)

    async def run(self, confirmed: Callable[[], None]) -> None:
        """Hears until cancelled; ``confirmed`` is called when a barge-in is certain.

        Failing ears are replaced. ``deafened`` is told at the first fault in a row, and, with True,
        when there is no hearing any more: the decoder failed, and so has lost its place in the
        stream, or the ears did too often. From then on the caller's sound is dropped.
        """
        faults = 0
        while faults < FAULTS:
            packets = await self._next_packets()
            try:
                pcm = np.concatenate([await self._sound(packet) for packet in packets])
            except Exception:
                log.exception("the caller's packets do not decode")
                break
            self.barge_in.push(pcm)
            self.heard_samples += len(pcm)
            events = await self._heard(pcm)
            faults = 0 if events is not None else faults + 1
            if faults == 1:
                self._deafened(False)
            for event in events or ():
                self._notice(event)
            if self.barge_in.confirmed():
                confirmed()
            if HUSH in packets:
                self._flushed()
        self._deafened(True)
        while True:
            await self._packets.get()

    async def _next_packets(self) -> list[Uplink]:
        """What has come, as much of it as the ears take at once."""
        packets = [await self._packets.get()]
        while len(packets) < HEAR_AT_ONCE and not self._packets.empty():
            packets.append(self._packets.get_nowait())
        return packets

    async def _sound(self, packet: Uplink) -> Pcm:
        if isinstance(packet, Switch):
            self._line.restart(packet.rate)
            return silence(0)
        return FLUSH if isinstance(packet, Hush) else await self._line.hear(packet)

    async def _heard(self, pcm: Pcm) -> list[ListenEvent] | None:
        """The ears' events, or None when they failed; then there are new ears."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience_s):
                return list(await loop.run_in_executor(self._pool, self._listener.push, pcm))
        except TimeoutError:
            log.error("the ears hang, and keep a thread: starting new ones")
        except Exception:
            log.exception("the ears failed: starting new ones")
        speaking = self._listener.agent_speaking
        self._listener = self._make()
        self._listener.agent_speaking = speaking
        self.barge_in = BargeIn()
        return None
