"""Microphone and loudspeaker of this machine, as frames in and sound out, at 16 kHz mono."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

import numpy as np

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from secousti.client import Pcm

BLOCK_SAMPLES = 320  # 20 ms: what a sound card handles at ease, and half a packet of the high rate
UNHEARD_BLOCKS = 50  # a second of microphone that nobody took; older sound is dropped


class Loudspeaker:
    """Sound on its way to the ear. The sound card's thread takes, the event loop gives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queued = np.zeros(0, np.float32)
        self._played = self._concealed = 0
        self._expecting = False  # a reply is under way, and more of it is to come

    def begin(self) -> None:
        """A new reply: from here on :meth:`played` and :meth:`concealed` count its samples."""
        with self._lock:
            self._played = self._concealed = 0
            self._expecting = True

    def end(self) -> None:
        """All of the reply is queued: the silence after it is meant."""
        with self._lock:
            self._expecting = False

    def play(self, pcm: Pcm) -> None:
        """Queue float32 [T] behind what is still to be played."""
        with self._lock:
            self._queued = np.concatenate([self._queued, pcm])

    def flush(self) -> None:
        """Silence at once: what is queued is dropped."""
        with self._lock:
            self._queued = self._queued[:0]
            self._expecting = False

    def take(self, samples: int) -> Pcm:
        """The next float32 ``[samples]`` for the card, silence where nothing is queued."""
        with self._lock:
            sound, self._queued = self._queued[:samples], self._queued[samples:]
            self._played += len(sound)
            if self._expecting and self._played:
                self._concealed += samples - len(sound)
        return np.pad(sound, (0, samples - len(sound)))

    def played(self) -> int:
        """Samples of the current reply that the card has taken."""
        with self._lock:
            return self._played

    def concealed(self) -> int:
        """Samples of silence inside the current reply, because its sound came too late."""
        with self._lock:
            return self._concealed

    @property
    def busy(self) -> bool:
        with self._lock:
            return len(self._queued) > 0


class SoundCard:
    """The default devices as an async context manager, opened inside the running loop.

    ``heard`` yields what the microphone hears, float32 ``[320]`` each; ``loudspeaker`` takes sound.
    Raises :class:`SecoustiError` on entry where sounddevice, PortAudio or a device is missing.
    """

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Pcm] = asyncio.Queue(UNHEARD_BLOCKS)
        self.loudspeaker = Loudspeaker()
        self._stream: Any = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._stream = open_stream(self._exchange)
        self._stream.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.stop()
        self._stream.close()

    def _exchange(self, heard: Any, played: Any, samples: int, *_: Any) -> None:
        """The card's own thread: one block from the microphone, one to the loudspeaker."""
        played[:, 0] = self.loudspeaker.take(samples)
        self._loop.call_soon_threadsafe(self._hear, heard[:, 0].copy())

    def _hear(self, block: Pcm) -> None:
        if self.heard.full():
            self.heard.get_nowait()
        self.heard.put_nowait(block)


def open_stream(exchange: Any) -> Any:
    """A stopped full-duplex stream on the default devices that calls ``exchange`` per block."""
    try:
        import sounddevice
    except ImportError:
        raise SecoustiError(
            "the microphone needs the package sounddevice: pip install -e '.[mic]', "
            "or use --file WAV"
        ) from None
    except OSError as fault:
        raise SecoustiError(f"{fault}: apt-get install libportaudio2, or use --file WAV") from fault
    try:
        return sounddevice.Stream(
            samplerate=SAMPLE_RATE_HZ,
            blocksize=BLOCK_SAMPLES,
            channels=1,
            dtype="float32",
            latency="low",
            callback=exchange,
        )
    except (sounddevice.PortAudioError, ValueError) as fault:
        reason = " ".join(str(fault).split())
        raise SecoustiError(
            f"no sound card can be used ({reason}): plug in a microphone, or use --file WAV"
        ) from fault
