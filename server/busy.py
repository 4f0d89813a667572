"""What a caller on a telephone hears when every line is taken: words, and no slot for them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

from server.dialogue import BUSY_ID, WORDS
from server.house import House
from server.line import PcmLine
from server.link import Link
from server.parts import Pcm
from server.playout import Playout
from server.wires.native import Begin, End, Packets
from server.wires.sound import PcmSound

log = logging.getLogger(__name__)


async def say_busy(link: Link, sound: PcmSound, house: House) -> None:
    """Says so to its end, where there is a voice to say it; raises as ``link`` does."""
    settings = house.settings
    speak = partial(house.shelf.spoken, WORDS[BUSY_ID], house.parts.voice, settings.sentence_gap_ms)
    try:
        words = await asyncio.get_running_loop().run_in_executor(house.pool, speak)
    except Exception:
        log.exception("a caller is turned away without a word")
        return
    line = PcmLine(sound)
    lead_ms = settings.lead_ms if link.wire.lead_ms is None else link.wire.lead_ms
    playout = Playout(house.clock, lead_ms)
    generation, samples = playout.begin(), 0
    await link.send(Begin(generation=generation))
    async with aclosing(line.frames(_once(words))) as frames:
        async for frame in frames:
            await asyncio.sleep(playout.wait_s(line.frame_samples))
            await link.send(Packets((frame,)))
            playout.sent(line.frame_samples)
            samples += line.frame_samples
    await link.send(End(generation=generation, samples=samples))
    await asyncio.sleep(playout.remaining_s())


async def _once(pcm: Pcm) -> AsyncIterator[Pcm]:
    yield pcm
