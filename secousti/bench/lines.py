"""What a caller of the benchmark says, as frames of a wire, made before the clock runs.

Callers that encoded while they call would take the time that they measure. Codec packets mean what
their place says, and every so many packets one carries the voice: so silence is a loop of one such
period, and a line begins where a period does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from codec.rates import SAMPLE_RATE_HZ, VOICE_PERIOD_MS, Rate
from secousti.caller import last_speech_sample
from server.parts import Pcm, StreamCodec
from server.wires.sound import Cutter, PcmFormat, Resampler


@dataclass(frozen=True)
class Line:
    """One thing to say; speech is from ``first_s`` to ``last_s`` of its frames."""

    frames: tuple[bytes, ...]
    first_s: float
    last_s: float

    @property
    def spoken_s(self) -> float:
        return self.last_s - self.first_s


@dataclass(frozen=True)
class Repertoire:
    """Lines for one kind of wire; ``silence`` is said over and over in between, whole."""

    frame_ms: float
    silence: tuple[bytes, ...]
    lines: tuple[Line, ...]

    @property
    def period(self) -> int:
        """Frames; a line may begin at every multiple of it."""
        return len(self.silence)


def token_repertoire(codec: StreamCodec, rate: Rate, wavs: Sequence[Pcm]) -> Repertoire:
    """``wavs``, float32 ``[T]`` at 16 kHz, as packets of ``codec``."""
    packets = round(VOICE_PERIOD_MS / rate.packet_ms)
    period = packets * rate.packet_samples

    def coded(wav: Pcm) -> tuple[bytes, ...]:
        """The packets of ``wav`` after a period of silence, which is not among them."""
        whole = np.zeros(period + -(-len(wav) // period) * period, np.float32)
        whole[period : period + len(wav)] = wav
        encoder = codec.stream_encoder(1)
        frames = torch.from_numpy(whole).reshape(-1, 1, rate.packet_samples)
        with torch.inference_mode():
            return tuple(encoder.step(frame, [0])[0] for frame in frames)[packets:]

    lines = tuple(Line(coded(wav), *_speech(wav)) for wav in wavs)
    return Repertoire(rate.packet_ms, coded(np.zeros(period, np.float32)), lines)


def pcm_repertoire(form: PcmFormat, frame_ms: int, wavs: Sequence[Pcm]) -> Repertoire:
    """The same as samples of ``form``."""
    silence = form.encode(np.zeros(form.rate_hz * frame_ms // 1000, np.float32))

    def cut(wav: Pcm) -> tuple[bytes, ...]:
        resampler, cutter = Resampler(SAMPLE_RATE_HZ, form.rate_hz), Cutter(len(silence))
        sound = np.concatenate([resampler.push(wav), resampler.finish()])
        return (*cutter.push(form.encode(sound)), *cutter.finish(silence))

    lines = tuple(Line(cut(wav), *_speech(wav)) for wav in wavs)
    return Repertoire(frame_ms, (silence,), lines)


def _speech(wav: Pcm) -> tuple[float, float]:
    """Where speech begins and ends, in seconds."""
    first = len(wav) - last_speech_sample(wav[::-1])
    return first / SAMPLE_RATE_HZ, last_speech_sample(wav) / SAMPLE_RATE_HZ
