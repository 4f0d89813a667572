"""The event loop's lag, on a virtual clock: what blocks it is told at its length."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from server.lag import EVERY_S, watch_lag
from tests.server.virtual import VirtualLoop


def lags(seconds, *blocks):
    """What is told in so many seconds; each block is (when something blocks, for how long)."""
    loop = VirtualLoop()
    told = []

    def block(length):
        loop.virtual.now += length

    async def watch():
        for at, length in blocks:
            loop.call_later(at, block, length)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await watch_lag(told.append, loop.time)

    try:
        loop.run_until_complete(watch())
    finally:
        loop.close()
    return told


def test_a_loop_that_is_not_blocked_is_never_late():
    told = lags(6.5 * EVERY_S)
    assert told == [pytest.approx(0.0, abs=1e-9)] * 6


def test_a_block_is_told_once_and_at_its_length():
    told = lags(3.0, (2.5 * EVERY_S, 1.0))
    assert [seconds for seconds in told if seconds > 1e-6] == [pytest.approx(1.0 - EVERY_S / 2)]
