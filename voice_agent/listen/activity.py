"""Voice activity: the Silero network, window by window, in plain onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from codec.rates import SAMPLE_RATE_HZ
from voice_agent import assets

WINDOW_SAMPLES = 512  # 32 ms, the only window length the 16 kHz network takes
CONTEXT_SAMPLES = 64  # end of the previous window, put before each window
WINDOW_MS = 1000 * WINDOW_SAMPLES / SAMPLE_RATE_HZ


class VoiceActivity:
    """The network, shared by all callers; each caller has an :class:`ActivityStream`."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    @classmethod
    def load(cls) -> VoiceActivity:
        """Load the bundled network; raises :class:`~codec.errors.SecoustiError` when damaged."""
        (path,) = assets.locate(assets.VOICE_ACTIVITY)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # 0.1 ms of work a window
        providers = ["CPUExecutionProvider"]
        return cls(onnxruntime.InferenceSession(str(path), options, providers=providers))

    def stream(self) -> ActivityStream:
        return ActivityStream(self._session)


class ActivityStream:
    """Recurrent state of one caller."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._rate = np.array(SAMPLE_RATE_HZ, np.int64)

    def step(self, window: NDArray[np.float32]) -> float:
        """Probability that ``window`` (float32 ``[512]``, 16 kHz) is speech."""
        joined = np.concatenate([self._context, window])[None]
        inputs = {"input": joined, "state": self._state, "sr": self._rate}
        probability, self._state = self._session.run(None, inputs)
        self._context = window[-CONTEXT_SAMPLES:]
        return float(probability[0, 0])
