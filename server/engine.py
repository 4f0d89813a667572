"""The token engine: one thread, a fixed number of slots, one batched codec step per tick.

Every caller holds one slot: a decoder for what the caller says and an encoder for what the agent
says, preallocated for each rate. A tick takes at most one packet or frame from every slot that has
one and steps them together; it never waits to fill a batch, so the wait added is at most one step.
Claiming a slot is the admission check: a full engine refuses, it does not slow everybody down.

A result travels in the future that asked for it. When a slot changes hands its futures are
cancelled, so nothing computed for one caller can reach the next.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from codec.errors import SecoustiError
from server.parts import Pcm, StreamCodec

RESTART = object()  # in the place of a packet or frame
TICKS_KEPT = 1000  # step times kept for /healthz: 20-40 s of a busy engine


class EngineFull(SecoustiError):
    """No slot is free; the caller is refused (close code 1013)."""


class EngineWatch(Protocol):
    """Who is told how long the engine takes, in seconds; from its thread, and from the loop."""

    def stepped(self, seconds: float) -> None: ...
    def framed(self, direction: str, seconds: float) -> None: ...


@dataclass(eq=False)
class _Job:
    """One packet (None: a lost one) or frame to step, or a restart of the stream."""

    payload: Any
    done: asyncio.Future[Any] | None = None
    keep_voice: bool = False


@dataclass(eq=False)
class _Machine:
    """One direction of one rate: the batched stream and a queue per slot."""

    step: Callable[[Sequence[Any], list[int]], Sequence[Any]]
    reset: Callable[[int, bool], None]
    queues: list[deque[_Job]]

    def take(self) -> list[tuple[int, list[_Job]]]:
        """Per busy slot its next job, with the restarts that stand before it."""
        return [(slot, _head(queue)) for slot, queue in enumerate(self.queues) if queue]

    def run(self, taken: list[tuple[int, list[_Job]]]) -> list[tuple[asyncio.Future[Any], Any]]:
        """Restarts, then one batched step; results (or exceptions) with their futures."""
        failed: list[tuple[asyncio.Future[Any], Any]] = []
        batch: list[tuple[int, _Job]] = []
        for slot, jobs in taken:
            try:
                batch += [(slot, job) for job in jobs if not self._restarted(slot, job)]
            except Exception as error:
                failed += [(job.done, error) for job in jobs if job.done]
        return failed + (self._step(batch) if batch else [])

    def _restarted(self, slot: int, job: _Job) -> bool:
        """Carries out a restart; False for a job that has something to step."""
        if job.payload is RESTART:
            self.reset(slot, job.keep_voice)
        return job.payload is RESTART

    def _step(self, batch: list[tuple[int, _Job]]) -> list[tuple[asyncio.Future[Any], Any]]:
        try:
            results = self.step([job.payload for _, job in batch], [slot for slot, _ in batch])
        except Exception as error:
            if len(batch) == 1:
                return [(job.done, error) for _, job in batch if job.done]
            # One bad packet must not fail its neighbours: step each slot alone.
            return [pair for one in batch for pair in self._step([one])]
        return [
            (job.done, result) for (_, job), result in zip(batch, results, strict=True) if job.done
        ]


def _head(queue: deque[_Job]) -> list[_Job]:
    """Takes the leading restarts and the first job after them off ``queue``."""
    jobs = [queue.popleft()]
    while jobs[-1].payload is RESTART and queue:
        jobs.append(queue.popleft())
    return jobs


class Slot:
    """One caller's place in the engine, from :meth:`Engine.claim` to :meth:`release`.

    ``id`` is never used twice; ``index`` is the row of the batch.
    """

    def __init__(self, engine: Engine, rate: str, slot_id: int, index: int) -> None:
        self.id, self.index, self.rate = slot_id, index, rate
        self._engine = engine
        self._decoder = engine.machine(rate, "decode")
        self._encoder = self._next_encoder = engine.machine(rate, "encode")
        self._pending: set[asyncio.Future[Any]] = set()
        self._open = True
        for machine in (self._decoder, self._encoder):
            engine.submit(machine, index, _Job(RESTART))

    async def decode(self, packet: bytes | None) -> Pcm:
        """One uplink packet, or None where it is lost, as float32 ``[packet_samples]``, 640 samples
        late."""
        return np.asarray(await self._do(self._decoder, packet, "up"), dtype=np.float32)

    async def encode(self, pcm: Pcm) -> bytes:
        """float32 ``[packet_samples]`` as one packet of the current reply."""
        packet: bytes = await self._do(self._encoder, pcm, "down")
        return packet

    def hear_at(self, rate: str) -> None:
        """The next packet that is decoded is the first of a stream of ``rate``.

        Raises:
            SecoustiError: no codec of that rate is loaded.
        """
        before, self._decoder = self._decoder, self._engine.machine(rate, "decode")
        self._restart(self._decoder, same=before is self._decoder)

    def speak_at(self, rate: str) -> None:
        """Replies that begin from now on are of ``rate``; raises like :meth:`hear_at`."""
        self._next_encoder = self._engine.machine(rate, "encode")

    def restart_reply(self) -> None:
        """The encoder starts a new reply at packet 0; it keeps the voice it has learnt."""
        before, self._encoder = self._encoder, self._next_encoder
        self._restart(self._encoder, same=before is self._encoder)

    def _restart(self, machine: _Machine, same: bool) -> None:
        """A voice that another rate's codec has learnt means nothing to this one's."""
        self._engine.submit(machine, self.index, _Job(RESTART, keep_voice=same))

    def release(self) -> None:
        """Gives the slot back; what it still waits for is cancelled. Safe to call twice."""
        if not self._open:
            return
        self._open = False
        for future in self._pending:
            future.cancel()
        self._engine.give_back(self)

    async def _do(self, machine: _Machine, payload: Any, direction: str) -> Any:
        if not self._open:
            raise SecoustiError(f"slot {self.id} was released: claim another one")
        future = asyncio.get_running_loop().create_future()
        begun = time.perf_counter()
        self._pending.add(future)
        self._engine.submit(machine, self.index, _Job(payload, future))
        try:
            result = await future
        finally:
            self._pending.discard(future)
        if self._engine.watch is not None:
            self._engine.watch.framed(direction, time.perf_counter() - begun)
        return result


class Engine:
    """The slots of one process; :meth:`start` inside the running loop, :meth:`close` at the end."""

    def __init__(
        self,
        codecs: Mapping[str, StreamCodec],
        slots: int,
        threads: int = 1,
        watch: EngineWatch | None = None,
    ) -> None:
        self.slots, self._threads, self.watch = slots, threads, watch
        self.machines: dict[tuple[str, str], _Machine] = {}
        for rate, codec in codecs.items():
            self.machines[rate, "encode"] = _encoding(codec, slots)
            self.machines[rate, "decode"] = _decoding(codec, slots)
        self.step_ms: deque[float] = deque(maxlen=TICKS_KEPT)
        self._free = deque(range(slots))
        self._admits = True
        self.idle = asyncio.Event()  # no slot is taken
        self.idle.set()
        self._ids = itertools.count(1)
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="secousti-engine", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def rates(self) -> tuple[str, ...]:
        """The rates that it has codecs for."""
        return tuple(rate for rate, way in self.machines if way == "encode")

    @property
    def free(self) -> int:
        return len(self._free)

    def start(self) -> None:
        """Starts the inference thread; results come back to the loop this is called in."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def close(self) -> None:
        """Stops the thread after its current step."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def admit_no_more(self) -> None:
        """Who has a slot keeps it; nobody gets one from now on."""
        self._admits = False

    def claim(self, rate: str) -> Slot:
        """A free slot, at once and for one caller only.

        Raises:
            EngineFull: every slot is taken.
            SecoustiError: no codec of that rate is loaded.
        """
        self.machine(rate, "encode")
        with self._wake:
            if not self._admits:
                raise EngineFull("the server is about to stop: call again in a moment")
            if not self._free:
                raise EngineFull(f"all {self.slots} slots are taken: call again later")
            index = self._free.popleft()
        self.idle.clear()
        return Slot(self, rate, next(self._ids), index)

    def machine(self, rate: str, direction: str) -> _Machine:
        """The machine of one rate; raises :class:`SecoustiError` where no codec of it is loaded."""
        if (rate, direction) not in self.machines:
            raise SecoustiError(f"this server has no codec for rate {rate!r}: ask for another rate")
        return self.machines[rate, direction]

    def submit(self, machine: _Machine, index: int, job: _Job) -> None:
        """Queues one job of a slot, in order."""
        with self._wake:
            machine.queues[index].append(job)
            self._wake.notify()

    def give_back(self, slot: Slot) -> None:
        """Drops what the slot still has queued and frees its row."""
        with self._wake:
            for machine in self.machines.values():
                machine.queues[slot.index].clear()
            self._free.append(slot.index)
            if len(self._free) == self.slots:
                self.idle.set()

    def _work(self) -> None:
        torch.set_num_threads(self._threads)  # OpenMP keeps this number per calling thread
        with torch.inference_mode():
            while (taken := self._next_tick()) is not None:
                begun = time.perf_counter()
                for machine, jobs in taken:  # what is spoken does not wait for what is heard
                    self._post(machine.run(jobs))
                took = time.perf_counter() - begun
                self.step_ms.append(1000 * took)
                if self.watch is not None:
                    self.watch.stepped(took)

    def _next_tick(self) -> list[tuple[_Machine, list[tuple[int, list[_Job]]]]] | None:
        """Waits for work; what one tick steps, or None when closing."""
        with self._wake:
            while not self._closing:
                if taken := [(m, jobs) for m in self.machines.values() if (jobs := m.take())]:
                    return taken
                self._wake.wait()
        return None

    def _post(self, results: list[tuple[asyncio.Future[Any], Any]]) -> None:
        """All results of a step in one hop to the loop, which may be gone at shutdown."""
        if self._loop is not None and results and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_settle, results)


def _settle(results: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in results:
        if future.done():  # cancelled: the slot was released or the reply was cut
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def _encoding(codec: StreamCodec, slots: int) -> _Machine:
    stream = codec.stream_encoder(slots=slots)

    def step(frames: Sequence[Pcm], rows: list[int]) -> list[bytes]:
        return stream.step(torch.from_numpy(np.stack(frames)), rows)

    return _Machine(step, stream.reset, [deque() for _ in range(slots)])


def _decoding(codec: StreamCodec, slots: int) -> _Machine:
    stream = codec.stream_decoder(slots=slots)

    def step(packets: Sequence[bytes | None], rows: list[int]) -> list[Pcm]:
        return list(stream.step(list(packets), rows).numpy())

    return _Machine(step, stream.reset, [deque() for _ in range(slots)])
