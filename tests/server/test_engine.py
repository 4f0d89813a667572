"""The engine: slots are claimed atomically, independent of each other, and never leak results."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
import torch

from codec.errors import SecoustiError
from codec.rates import HIGH, LOW, RATES
from server.engine import Engine, EngineFull
from tests.server.fakes import FakeCodec, FakeDecoder, FakeEncoder, run

CODECS = {name: FakeCodec(rate) for name, rate in RATES.items()}


def frame(level: float, rate=HIGH) -> np.ndarray:
    return np.full(rate.packet_samples, level, np.float32)


async def with_engine(work, slots=4, codecs=CODECS):
    engine = Engine(codecs, slots)
    engine.start()
    try:
        return await work(engine)
    finally:
        engine.close()


def test_what_is_encoded_is_decoded_at_both_rates():
    async def work(engine):
        for rate in (LOW, HIGH):
            slot = engine.claim(rate.name)
            for level in (0.1, -0.2, 0.3, 0.0, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5):
                packet = await slot.encode(frame(level, rate))
                pcm = await slot.decode(packet)
                assert pcm.shape == (rate.packet_samples,)
                assert pcm.dtype == np.float32
                assert pcm[0] == pytest.approx(level, abs=1e-4)
            slot.release()

    run(with_engine(work))


def test_slots_do_not_affect_each_other():
    """Each slot's packets equal those it would get alone; the fake raises on any mix-up."""

    async def one(slot, levels):
        return [await slot.encode(frame(level)) for level in levels]

    async def work(engine):
        levels = [np.random.default_rng(k).uniform(-1, 1, 5 + 7 * k) for k in range(4)]
        slots = [engine.claim("high") for _ in levels]
        together = await asyncio.gather(*map(one, slots, levels))
        for slot in slots:
            slot.release()
        alone = []
        for row in levels:
            slot = engine.claim("high")
            alone.append(await one(slot, row))
            slot.release()
        assert together == alone

    run(with_engine(work))


def test_a_bad_packet_fails_its_own_slot_only():
    async def work(engine):
        good, bad = engine.claim("high"), engine.claim("high")
        packet = await good.encode(frame(0.25))
        results = await asyncio.gather(
            good.decode(packet), bad.decode(b"\x00\x00\x00\x07\x00"), return_exceptions=True
        )
        assert results[0][0] == pytest.approx(0.25, abs=1e-4)
        assert isinstance(results[1], ValueError)

    run(with_engine(work))


def test_admission_is_the_slot_count():
    async def work(engine):
        slots = [engine.claim("low"), engine.claim("high")]
        with pytest.raises(EngineFull, match="all 2 slots"):
            engine.claim("low")
        slots[0].release()
        slots[0].release()  # twice is once
        assert engine.free == 1
        again = engine.claim("high")
        assert again.id not in [slot.id for slot in slots]
        with pytest.raises(EngineFull):
            engine.claim("high")

    run(with_engine(work, slots=2))


def test_a_new_caller_starts_at_packet_zero_after_another():
    async def work(engine):
        first = engine.claim("high")
        packets = [await first.encode(frame(0.1)) for _ in range(3)]
        for packet in packets:
            await first.decode(packet)
        first.release()
        second = engine.claim("high")
        assert second.index == first.index
        assert await second.encode(frame(0.1)) == packets[0]
        assert (await second.decode(packets[0]))[0] == pytest.approx(0.1, abs=1e-4)

    run(with_engine(work, slots=1))


def test_a_reply_restarts_the_encoder_and_keeps_the_voice():
    kept: list[bool] = []

    class Watched(FakeEncoder):
        def reset(self, slot, keep_voice=False):
            kept.append(keep_voice)
            super().reset(slot, keep_voice)

    class WatchedCodec(FakeCodec):
        def stream_encoder(self, slots=1):
            return Watched(self.rate, slots)

    async def work(engine):
        slot = engine.claim("high")
        first = await slot.encode(frame(0.1))
        assert await slot.encode(frame(0.1)) != first
        slot.restart_reply()
        assert await slot.encode(frame(0.1)) == first
        assert kept == [False, True]

    run(with_engine(work, codecs={"high": WatchedCodec(HIGH)}))


class Gate:
    """A decoder that waits until it is let through."""

    def __init__(self, rate, slots):
        self.inner = FakeDecoder(rate, slots)
        self.open, self.entered = threading.Event(), threading.Event()
        self.batches: list[int] = []

    def step(self, packets, slots):
        self.entered.set()
        self.open.wait(5)
        self.batches.append(len(slots))
        return self.inner.step(packets, slots)

    def reset(self, slot, keep_voice=False):
        self.inner.reset(slot, keep_voice)


class GatedCodec(FakeCodec):
    def stream_decoder(self, slots=1):
        self.gate = Gate(self.rate, slots)
        return self.gate


def test_a_result_of_a_released_slot_reaches_nobody():
    codec = GatedCodec(HIGH)
    packet = FakeEncoder(HIGH, 1).step(torch.full((1, 640), 0.1), [0])[0]

    async def work(engine):
        first = engine.claim("high")
        waiting = asyncio.create_task(first.decode(packet))
        await asyncio.to_thread(codec.gate.entered.wait, 5)
        first.release()
        second = engine.claim("high")
        codec.gate.open.set()
        pcm = await second.decode(packet)  # would raise if the first's state were still there
        assert pcm[0] == pytest.approx(0.1, abs=1e-4)
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(SecoustiError, match="released"):
            await first.decode(packet)

    run(with_engine(work, slots=1, codecs={"high": codec}))


def test_what_waits_is_stepped_together():
    codec = GatedCodec(HIGH)
    packet = FakeEncoder(HIGH, 1).step(torch.full((1, 640), 0.1), [0])[0]

    async def work(engine):
        slots = [engine.claim("high") for _ in range(4)]
        first = asyncio.create_task(slots[0].decode(packet))
        await asyncio.to_thread(codec.gate.entered.wait, 5)
        rest = [asyncio.create_task(slot.decode(packet)) for slot in slots[1:]]
        await asyncio.sleep(0)
        codec.gate.open.set()
        await asyncio.gather(first, *rest)
        assert codec.gate.batches == [1, 3]

    run(with_engine(work, codecs={"high": codec}))


class Turnstile(Gate):
    """A gate that lets one step through at a time."""

    def __init__(self, rate, slots):
        super().__init__(rate, slots)
        self.turn = threading.Semaphore(0)

    def step(self, packets, slots):
        self.entered.set()
        self.turn.acquire(timeout=5)
        self.batches.append(len(slots))
        return self.inner.step(packets, slots)


class TurnstileCodec(FakeCodec):
    def stream_decoder(self, slots=1):
        self.gate = Turnstile(self.rate, slots)
        return self.gate


def test_what_is_spoken_does_not_wait_for_what_is_heard():
    codec = TurnstileCodec(HIGH)
    packet = FakeEncoder(HIGH, 1).step(torch.full((1, 640), 0.1), [0])[0]

    async def work(engine):
        slots = [engine.claim("high") for _ in range(2)]
        first = asyncio.create_task(slots[0].decode(packet))
        await asyncio.to_thread(codec.gate.entered.wait, 5)
        heard = asyncio.create_task(slots[1].decode(packet))
        spoken = asyncio.create_task(slots[1].encode(frame(0.2)))
        await asyncio.sleep(0)  # both wait for the next tick
        codec.gate.turn.release()
        await spoken
        assert codec.gate.batches == [1]
        codec.gate.turn.release()
        await asyncio.gather(first, heard)

    run(with_engine(work, codecs={"high": codec}))


def test_a_rate_without_codec_is_refused():
    async def work(engine):
        with pytest.raises(SecoustiError, match="no codec for rate 'low'"):
            engine.claim("low")
        assert engine.free == 4

    run(with_engine(work, codecs={"high": FakeCodec(HIGH)}))
