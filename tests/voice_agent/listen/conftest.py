"""Ears without networks: loud is speech, and the recogniser says what the test tells it to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from voice_agent.listen.finished import Finished
from voice_agent.listen.listener import Listener
from voice_agent.listen.recognise import Hypothesis, RecogniserPool, judged
from voice_agent.listen.settings import ListenSettings

RATE_HZ = 16_000


class LoudnessActivity:
    """Speech wherever there is sound."""

    def step(self, window: np.ndarray) -> float:
        return 1.0 if np.abs(window).max() > 0.01 else 0.0


@dataclass
class ScriptedRecogniser:
    """Says ``text``, or what ``act`` returns or raises; remembers how long its pieces were."""

    text: str = "I had a hard day."
    act: Callable[[np.ndarray], str] | None = None
    seconds: list[float] = field(default_factory=list)

    def transcribe(self, pcm: np.ndarray) -> Hypothesis:
        self.seconds.append(len(pcm) / RATE_HZ)
        return judged(self.act(pcm) if self.act else self.text, len(pcm) / RATE_HZ)


@dataclass
class Scene:
    """One scripted caller."""

    recogniser: ScriptedRecogniser
    settings: ListenSettings
    pool: RecogniserPool

    def listener(self) -> Listener:
        return Listener(LoudnessActivity(), self.pool, self.settings, Finished(None))


@pytest.fixture(scope="session")
def scene() -> Callable[..., Scene]:
    """Makes a :class:`Scene`; keywords are settings, ``text`` and ``act`` the recogniser's."""

    def make(text: str = "I had a hard day.", act=None, **settings) -> Scene:
        recogniser = ScriptedRecogniser(text, act)
        chosen = ListenSettings(**{"workers": 1, "recognise_deadline_s": 60.0, **settings})
        pool = RecogniserPool(lambda: recogniser, chosen.workers, chosen.recognise_deadline_s)
        return Scene(recogniser, chosen, pool)

    return make
