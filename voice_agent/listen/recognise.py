"""What a recogniser is, and the workers that run it so that none can hold up or end a call."""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voice_agent.background import in_background

_log = logging.getLogger(__name__)

PLAUSIBLE_WORDS_PER_S = 6.0  # fast speech is about 5; a decoder that loops goes far beyond
MOST_REPLACEMENTS = 4  # of workers that hang: each lost one keeps its memory


@dataclass(frozen=True)
class Hypothesis:
    """Recognised words and how far to trust them, 0 (none) to 1."""

    text: str
    confidence: float


NOTHING = Hypothesis("", 0.0)


class Recogniser(Protocol):
    """Used from one thread at a time."""

    def transcribe(self, pcm: NDArray[np.float32]) -> Hypothesis:
        """Words in ``pcm``, float32 ``[T]`` at 16 kHz; :data:`NOTHING` when there are none."""
        ...


def judged(text: str, seconds: float, confidence: float = 0.9) -> Hypothesis:
    """A hypothesis made of raw recogniser text for ``seconds`` of speech.

    Text without a letter or digit is nothing, and so is a lone "you", which Moonshine and Whisper
    write for sound without speech. Text that came too fast to have been spoken is a
    decoder's loop: its confidence falls with its speed. A recogniser that states none gets 0.9.
    """
    text = " ".join(text.split())
    if not re.search(r"[A-Za-z0-9]", text) or re.fullmatch(r"\W*you\W*", text, re.I):
        return NOTHING
    words_per_s = len(text.split()) / max(seconds, 0.2)
    return Hypothesis(text, confidence * min(1.0, PLAUSIBLE_WORDS_PER_S / words_per_s))


class RecogniserPool:
    """A few recognisers, each in its own daemon thread, behind one queue. Thread-safe.

    A recogniser that raises costs one hypothesis. One that hangs past the deadline is given up and
    replaced, up to :data:`MOST_REPLACEMENTS` times; after that calls go on without words.
    """

    def __init__(self, make: Callable[[], Recogniser], workers: int, deadline_s: float) -> None:
        """Makes the first recogniser at once, so that what ``make`` raises is raised here."""
        self._make = make
        self._deadline_s = deadline_s
        self._jobs: queue.SimpleQueue[tuple[NDArray[np.float32], Future[Hypothesis]]]
        self._jobs = queue.SimpleQueue()
        self._given_up: set[Future[Hypothesis]] = set()
        self._replacements = 0
        self._start(make())
        for _ in range(workers - 1):
            self._start(None)

    def submit(self, pcm: NDArray[np.float32]) -> Future[Hypothesis]:
        """Recognise ``pcm`` (float32 ``[T]``, 16 kHz) in the background."""
        future: Future[Hypothesis] = Future()
        self._jobs.put((pcm, future))
        return future

    def results(self, futures: list[Future[Hypothesis]]) -> list[Hypothesis]:
        """Their hypotheses, all waited for up to one deadline; :data:`NOTHING` where one failed.

        Never raises. What was given up once is not waited for again.
        """
        until = time.monotonic() + self._deadline_s
        return [self._result(future, until) for future in futures]

    def _result(self, future: Future[Hypothesis], until: float) -> Hypothesis:
        if future in self._given_up and not future.done():
            return NOTHING
        try:
            return future.result(max(0.0, until - time.monotonic()))
        except FutureTimeout:
            _log.warning("the recogniser gave no words within %.1f s", self._deadline_s)
            self._give_up(future)
        except Exception as error:  # whatever a backend raises: the call goes on without words
            _log.warning("the recogniser failed: %s", error)
        return NOTHING

    def _give_up(self, future: Future[Hypothesis]) -> None:
        if future.cancel() or future.done():  # it only waited in the queue, or is just ready
            return
        self._given_up.add(future)
        if self._replacements < MOST_REPLACEMENTS:
            self._replacements += 1
            self._start(None)

    def _start(self, recogniser: Recogniser | None) -> None:
        threading.Thread(target=self._work, args=(recogniser,), daemon=True).start()

    def _work(self, recogniser: Recogniser | None) -> None:
        """One worker's life; ends when its job was given up, for another has taken its place."""
        in_background()
        while True:
            pcm, future = self._jobs.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                recogniser = recogniser or self._make()
                future.set_result(recogniser.transcribe(pcm))
            except Exception as error:
                future.set_exception(error)
            if future in self._given_up:
                self._given_up.discard(future)
                return
