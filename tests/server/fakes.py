"""Small stand-ins for codec, ears, mind and voice: strict about order, quick, and easy to break.

The fake codec's packet says where it stands in its stream and which level the sound had, so that a
packet decoded in a wrong place, or in another caller's slot, raises instead of sounding odd.
"""

from __future__ import annotations

import asyncio
import copy
import struct
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from codec.rates import RATES, Rate
from server.parts import Parts
from voice_agent.contracts import Reply, RiskState, Stage, Strategy, UserTurn
from voice_agent.listen.events import Partial, SpeechDismissed, SpeechStarted, TurnEnded

SCALE = 10_000
QUIET = 0.02


class FakeEncoder:
    def __init__(self, rate: Rate, slots: int) -> None:
        self.rate, self.index = rate, [0] * slots

    def step(self, pcm: torch.Tensor, slots: Sequence[int]) -> list[bytes]:
        assert pcm.shape == (len(slots), self.rate.packet_samples)
        return [self._packet(level, slot) for level, slot in zip(pcm.mean(1), slots, strict=True)]

    def _packet(self, level: torch.Tensor, slot: int) -> bytes:
        index = self.index[slot]
        self.index[slot] += 1
        body = struct.pack(">hHx", round(float(level) * SCALE), index)
        return body.rjust(self.rate.packet_bytes(index), b"\xee")

    def reset(self, slot: int, keep_voice: bool = False) -> None:
        self.index[slot] = 0


class FakeDecoder(FakeEncoder):
    def step(  # type: ignore[override]
        self, packets: Sequence[bytes], slots: Sequence[int]
    ) -> torch.Tensor:
        # All are checked before any state changes, as in the real decoder.
        levels = [
            0.0 if packet is None else self._level(packet, slot)
            for packet, slot in zip(packets, slots, strict=True)
        ]
        for slot in slots:
            self.index[slot] += 1
        return torch.tensor(levels).repeat(self.rate.packet_samples, 1).T.contiguous()

    def _level(self, packet: bytes, slot: int) -> float:
        level, index = struct.unpack(">hHx", packet[-5:])
        if len(packet) != self.rate.packet_bytes(self.index[slot]) or index != self.index[slot]:
            raise ValueError(f"packet {index} came where {self.index[slot]} was due")
        return level / SCALE


@dataclass
class FakeCodec:
    rate: Rate

    def stream_encoder(self, slots: int = 1) -> FakeEncoder:
        return FakeEncoder(self.rate, slots)

    def stream_decoder(self, slots: int = 1) -> FakeDecoder:
        return FakeDecoder(self.rate, slots)


@dataclass
class FakeListener:
    """Loud is speech. Starts after 96 ms of it; ends after 200 ms of quiet, as a turn if it lasted
    200 ms and as a noise otherwise. Turn n hears the n-th of ``texts``."""

    texts: list[str] = field(default_factory=lambda: ["I feel tired"])
    agent_speaking: bool = False
    turn: int = 0
    heard: int = 0
    loud: int = 0
    quiet: int = 0
    started: bool = False
    rest: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))

    def push(self, pcm: np.ndarray) -> list[Any]:
        pcm = np.concatenate([self.rest, pcm])
        whole = len(pcm) // 320 * 320
        self.rest = pcm[whole:]
        return [event for block in pcm[:whole].reshape(-1, 320) for event in self._hear(block)]

    def _hear(self, block: np.ndarray) -> Iterator[Any]:
        self.heard += len(block)
        if np.abs(block).mean() > QUIET:
            self.loud, self.quiet = self.loud + len(block), 0
        else:
            self.quiet += len(block)
        if not self.started and self.quiet:
            self.loud = 0
        elif not self.started and self.loud >= 1536:
            self.started = True
            yield SpeechStarted((self.heard - self.loud) / 16_000, self.agent_speaking)
        elif self.started and self.quiet >= 3200:
            yield from self._ended()

    def _ended(self) -> Iterator[Any]:
        end, loud = (self.heard - self.quiet) / 16_000, self.loud
        self.started, self.loud = False, 0
        if loud < 3200:
            yield SpeechDismissed(end, "")
            return
        text = self.texts[min(self.turn, len(self.texts) - 1)]
        self.turn += 1
        yield Partial(text)
        yield TurnEnded(UserTurn(text=text, t_end=end), 200.0, 5.0)


def reply_of(*sentences: str, **fields: Any) -> Reply:
    """A plain reply of these sentences."""
    return Reply(
        text=" ".join(sentences),
        sentences=sentences,
        strategy=Strategy.REFLECTION,
        stage=Stage.EXPLORATION,
        risk=RiskState(),
        **fields,
    )


@dataclass
class FakeConversation:
    """Greets, then echoes; remembers what it was told was heard."""

    answer: Callable[[UserTurn], Reply] = lambda turn: reply_of(f"You said {turn.text}.")
    truncated: list[tuple[str, int]] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)
    greeting: Reply = field(default_factory=lambda: reply_of("Hello."))

    def open(self) -> Reply:
        return self.greeting

    def respond(self, turn: UserTurn) -> Reply:
        self.turns.append(turn.text)
        return self.answer(turn)

    def heard(self, reply: Reply, spoken_chars: int) -> None:
        self.truncated.append((reply.text, spoken_chars))

    def silent(self, count: int) -> Reply:
        return reply_of(f"Silence {count}.")

    def closing(self, now: bool) -> Reply | None:
        return reply_of("Goodbye now." if now else "A few minutes more.", end_call=now)

    def fork(self) -> Any:
        fork = copy.copy(self)
        fork.truncated, fork.turns = list(self.truncated), list(self.turns)
        return fork

    def become(self, fork: Any) -> Any:
        before = copy.copy(self)
        self.__dict__.update(fork.__dict__)
        return before


@dataclass
class FakeVoice:
    """``seconds_per_char`` of sound at ``level``, in 100 ms chunks."""

    seconds_per_char: float = 0.02
    level: float = 0.3
    chunk_delay_s: float = 0.0

    def speak(self, text: str, pace: float = 1.0) -> Iterator[np.ndarray]:
        for _ in range(max(1, round(len(text) * self.seconds_per_char * pace / 0.1))):
            time.sleep(self.chunk_delay_s)
            yield np.full(1600, self.level, np.float32)


class ByHand(Executor):
    """Work that is done when the test says so."""

    def __init__(self):
        self.jobs = []

    def submit(self, work, /, *args):
        self.jobs.append((Future(), work, args))
        return self.jobs[-1][0]

    def do(self):
        for done, work, args in self.jobs:
            if not done.done():
                try:
                    done.set_result(work(*args))
                except Exception as error:
                    done.set_exception(error)


class Broken:
    """Raises from whatever is called on it."""

    agent_speaking = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise RuntimeError(f"{name} is broken on purpose")

        return fail


def fake_parts(**replaced: Any) -> Parts:
    """Parts that work, but for those that are ``replaced``."""
    parts: dict[str, Any] = {
        "codecs": {name: FakeCodec(rate) for name, rate in RATES.items()},
        "listener": FakeListener,
        "conversation": lambda locale: FakeConversation(),
        "voice": FakeVoice(),
    }
    return Parts(**(parts | replaced))


def run(work: Coroutine[Any, Any, Any], limit_s: float = 60.0) -> Any:
    """Runs one asynchronous test with a time limit; tasks it leaves behind fail it."""

    async def watched() -> Any:
        async with asyncio.timeout(limit_s):
            result = await work
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:  # one more turn of the loop lets cancelled tasks go
            await asyncio.wait([task], timeout=0.5)
        assert not [task for task in left if not task.done()]
        return result

    return asyncio.run(watched())
