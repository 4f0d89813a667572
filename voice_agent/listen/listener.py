"""One caller's ears: decides when a turn starts and ends, window by window."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codec.rates import SAMPLE_RATE_HZ
from voice_agent.contracts import UserTurn
from voice_agent.listen.activity import WINDOW_MS, WINDOW_SAMPLES, ActivityStream
from voice_agent.listen.endings import is_backchannel
from voice_agent.listen.events import (
    ListenEvent,
    Partial,
    SpeechDismissed,
    SpeechStarted,
    TurnEnded,
    TurnPaused,
)
from voice_agent.listen.finished import MOST, OPEN, Finished
from voice_agent.listen.patience import Patience
from voice_agent.listen.recognise import Hypothesis, RecogniserPool
from voice_agent.listen.settings import ListenSettings
from voice_agent.listen.words import TurnWords

PRE_ROLL_MS = 320  # audio kept from before speech was noticed: soft word beginnings


@dataclass
class _Turn:
    """The running turn, counted in windows."""

    words: TurnWords
    start_s: float
    pause_before_s: float
    over_agent: bool
    length: int = 0
    speech: int = 0
    silence: int = 0
    squares: list[float] = field(default_factory=list)  # mean square of each speech window
    waited_s: float = 0.0  # for words, wall time


class Listener:
    """Feed it the caller's audio with :meth:`push`; it answers with events.

    Calls must come one at a time, and not on an event loop: :meth:`push` waits for the recogniser
    when a turn is about to end (usually no time, at most the deadline of the settings). It never
    raises for what is in the audio. Set ``agent_speaking`` while the agent's voice is being heard.
    """

    def __init__(
        self,
        activity: ActivityStream,
        pool: RecogniserPool,
        settings: ListenSettings,
        finished: Finished,
    ) -> None:
        self._activity, self._finished = activity, finished
        self._patience = Patience(settings)
        self._ended_s: float | None = None  # where the last turn's speech ended
        self._pool = pool
        self._settings = settings
        self._rest = np.zeros(0, np.float32)  # samples short of a window
        self._pre_roll: deque[NDArray[np.float32]] = deque(maxlen=_windows(PRE_ROLL_MS))
        self._windows_heard = 0
        self._rising = 0  # speech windows in a row that have not started a turn yet
        self._turn: _Turn | None = None
        self._quiet_since_s = 0.0
        self._agent_speaking = False

    @property
    def agent_speaking(self) -> bool:
        return self._agent_speaking

    @agent_speaking.setter
    def agent_speaking(self, speaking: bool) -> None:
        if self._agent_speaking and not speaking:
            self._quiet_since_s = self.now_s
        self._agent_speaking = speaking

    @property
    def now_s(self) -> float:
        """Seconds of audio heard."""
        return self._windows_heard * WINDOW_SAMPLES / SAMPLE_RATE_HZ

    def push(self, pcm: NDArray[np.float32]) -> list[ListenEvent]:
        """Hear float32 ``[T]`` at 16 kHz, any ``T``; NaN is silence, overload is clipped."""
        clean = np.clip(np.nan_to_num(pcm, posinf=1.0, neginf=-1.0), -1.0, 1.0)
        samples = np.concatenate([self._rest, clean.astype(np.float32, copy=False).ravel()])
        whole = len(samples) - len(samples) % WINDOW_SAMPLES
        self._rest = samples[whole:]
        events: list[ListenEvent] = []
        for window in samples[:whole].reshape(-1, WINDOW_SAMPLES):
            events += self._hear(window)
        return events + self._news()

    def flush(self) -> list[ListenEvent]:
        """The audio is over: end the running turn now, if there is one."""
        return self._end(self._turn) if self._turn else []

    def _hear(self, window: NDArray[np.float32]) -> list[ListenEvent]:
        self._windows_heard += 1
        probability = self._activity.step(window)
        if self._turn is None:
            return self._idle(window, probability)
        return self._speaking(self._turn, window, probability)

    def _idle(self, window: NDArray[np.float32], probability: float) -> list[ListenEvent]:
        self._pre_roll.append(window)
        self._rising = self._rising + 1 if probability >= self._settings.start_threshold else 0
        if self._rising < _windows(self._settings.start_ms):
            return []
        return self._start()

    def _start(self) -> list[ListenEvent]:
        start_s = self.now_s - self._rising * WINDOW_MS / 1000
        self._turn = turn = _Turn(
            words=TurnWords(self._pool, self._settings),
            start_s=start_s,
            pause_before_s=max(0.0, start_s - self._quiet_since_s),
            over_agent=self._agent_speaking,
            length=self._rising,
            speech=self._rising,
        )
        spoken = list(self._pre_roll)[-self._rising :]
        turn.squares = [float(np.square(window).mean()) for window in spoken]
        for earlier in self._pre_roll:
            turn.words.add(earlier)
        self._pre_roll.clear()
        self._rising = 0
        self._learn_from_haste(start_s)
        return [SpeechStarted(start_s, turn.over_agent)]

    def _learn_from_haste(self, start_s: float) -> None:
        """Who speaks again right after a turn's end had not ended it: that was a pause too."""
        if self._ended_s is not None:
            gap_ms = 1000 * (start_s - self._ended_s)
            if gap_ms < self._settings.goes_on_ms:
                self._patience.went_on(gap_ms)
        self._ended_s = None

    def _speaking(
        self, turn: _Turn, window: NDArray[np.float32], probability: float
    ) -> list[ListenEvent]:
        turn.words.add(window)
        turn.length += 1
        if probability >= self._settings.stop_threshold:
            self._speaks_on(turn)
            turn.squares.append(float(np.square(window).mean()))
        else:
            turn.silence += 1
            if turn.silence == _windows(self._settings.ask_ms):
                turn.words.probe()
        return self._end(turn) if self._is_over(turn) else []

    def _speaks_on(self, turn: _Turn) -> None:
        if turn.silence >= _windows(self._settings.ask_ms):
            self._patience.paused(turn.silence * WINDOW_MS)
            turn.words.resume()
        turn.silence = 0
        turn.speech += 1

    def _is_over(self, turn: _Turn) -> bool:
        if turn.length >= _windows(self._settings.longest_turn_ms):
            return True
        lengths = turn.silence * WINDOW_MS, _seconds(turn.speech)
        if not self._patience.is_over(*lengths, MOST):
            return False  # whatever the words are, so they are not waited for
        return self._patience.is_over(*lengths, self._finished.odds(self._words(turn).text))

    def _words(self, turn: _Turn) -> Hypothesis:
        """All words of the turn; waits for them."""
        began = time.perf_counter()
        heard = turn.words.wait()
        turn.waited_s += time.perf_counter() - began
        return heard

    def _end(self, turn: _Turn) -> list[ListenEvent]:
        heard = self._words(turn)
        self._turn = None
        self._quiet_since_s = self.now_s - turn.silence * WINDOW_MS / 1000
        if self._dismissed(turn, heard):
            return [SpeechDismissed(turn.start_s, heard.text)]
        self._patience.ended(_seconds(turn.speech))
        self._ended_s = self._quiet_since_s
        caller = self._user_turn(turn, heard)
        return [TurnEnded(caller, turn.silence * WINDOW_MS, 1000 * turn.waited_s)]

    def _dismissed(self, turn: _Turn, heard: Hypothesis) -> bool:
        """A short noise, or "mm-hm" over the agent."""
        if not heard.text:
            return turn.speech < _windows(self._settings.shortest_speech_ms)
        return turn.over_agent and is_backchannel(heard.text)

    def _user_turn(self, turn: _Turn, heard: Hypothesis) -> UserTurn:
        return UserTurn(
            text=heard.text,
            asr_conf=heard.confidence,
            t_start=turn.start_s,
            t_end=self.now_s - turn.silence * WINDOW_MS / 1000,
            pause_before=turn.pause_before_s,
            energy=float(np.sqrt(np.mean(turn.squares))),
            rate=len(heard.text.split()) / _seconds(turn.speech),
        )

    def _news(self) -> list[ListenEvent]:
        """What the recogniser has found since the last window, and what it may be the end of."""
        turn = self._turn
        text = turn.words.news() if turn else None
        if turn is None or text is None:
            return []
        if turn.silence < _windows(self._settings.ask_ms) or self._finished.odds(text) <= OPEN:
            return [Partial(text)]
        return [Partial(text), TurnPaused(self._user_turn(turn, turn.words.wait()))]


def _seconds(windows: int) -> float:
    return windows * WINDOW_MS / 1000


def _windows(ms: float) -> int:
    return round(ms / WINDOW_MS)
