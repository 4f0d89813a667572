"""The recognisers one can choose: Moonshine inside, Whisper or a service where users have one."""

from __future__ import annotations

import ctypes
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from numpy.typing import NDArray

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from voice_agent import assets
from voice_agent.listen.recognise import Hypothesis, Recogniser, judged

# A second thread of Moonshine's mostly spins while it waits for the first: it more than doubles the
# processor's time of a piece, and with several callers their waiting. Asked for when models load.
ONE_THREAD = ("MOONSHINE_ORT_SINGLE_THREAD", "1")
ENDPOINT_TIMEOUT_S = 5.0  # below the pool's deadline, so that a slow service loses no worker


def recogniser_maker(choice: str) -> Callable[[], Recogniser]:
    """How to make the recogniser that ``choice`` names; each call of the result loads a new one.

    ``choice`` is ``moonshine``, a folder with Moonshine ``.ort`` files, a faster-whisper folder
    (with ``model.bin``), an openai-whisper ``.pt`` file, or the base URL (``.../v1``) of a service
    with the OpenAI audio API. Raises :class:`SecoustiError` for anything else.
    """
    path = Path(choice)
    if choice == "moonshine":
        return lambda: Moonshine(None)
    if choice.startswith(("http://", "https://")):
        return lambda: Endpoint(choice)
    if (path / "encoder_model.ort").is_file():
        return lambda: Moonshine(path)
    if (path / "model.bin").is_file():
        return lambda: FasterWhisper(path)
    if path.suffix == ".pt" and path.is_file():
        return lambda: OpenAIWhisper(path)
    raise SecoustiError(
        f"no recogniser at {choice!r}: expected 'moonshine', a Whisper checkpoint (.pt), "
        "a faster-whisper folder with model.bin, or the URL of an OpenAI-compatible service"
    )


class Moonshine:
    """Moonshine tiny English through its vendor's runtime; the embedded default.

    One instance must not be called from two threads: the runtime hands out text that its next call
    overwrites (seen in 0.0.73 with three threads; each further instance costs about 110 MB).
    """

    def __init__(self, folder: Path | None) -> None:
        encoder, *_ = assets.locate(assets.RECOGNISER, folder)
        os.environ.setdefault(*ONE_THREAD)
        try:
            from moonshine_voice.transcriber import ModelArch, Transcriber
        except (ImportError, OSError) as error:
            raise SecoustiError(
                f"the moonshine recogniser does not start ({error}): "
                "run 'pip install --force-reinstall moonshine-voice==0.0.73'"
            ) from error
        # Our own voice activity has cut the speech out already: threshold 0 takes all as speech.
        options = {"return_audio_data": "false", "vad_threshold": "0"}
        self._runtime = Transcriber(str(encoder.parent), ModelArch.TINY, options=options)

    def transcribe(self, pcm: NDArray[np.float32]) -> Hypothesis:
        transcript = _without_a_list(self._runtime, np.ascontiguousarray(pcm, np.float32))
        text = " ".join(line.text for line in transcript.lines)
        return judged(text, pcm.size / SAMPLE_RATE_HZ)


def _without_a_list(runtime: Any, pcm: NDArray[np.float32]) -> Any:
    """``runtime.transcribe_without_streaming`` of samples as they are. It wants a list: to make one
    and read it again holds the interpreter, and all callers' sound, for 10 ms of a piece of 6 s."""
    from moonshine_voice.errors import check_error
    from moonshine_voice.moonshine_api import TranscriptC

    found = ctypes.POINTER(TranscriptC)()
    samples = pcm.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    error = runtime._lib.moonshine_transcribe_without_streaming(
        runtime._handle, samples, pcm.size, SAMPLE_RATE_HZ, 0, ctypes.byref(found)
    )
    check_error(error)
    return runtime._parse_transcript(found)


class OpenAIWhisper:
    """A local openai-whisper checkpoint (extra ``whisper``)."""

    def __init__(self, checkpoint: Path) -> None:
        try:
            import whisper
        except ImportError as error:
            raise _needs_extra("openai-whisper") from error
        with _loading(checkpoint, "an openai-whisper checkpoint"):
            self._model = whisper.load_model(str(checkpoint), device="cpu")

    def transcribe(self, pcm: NDArray[np.float32]) -> Hypothesis:
        found = self._model.transcribe(
            pcm, language="en", fp16=False, condition_on_previous_text=False
        )
        return _from_segments(found["segments"], pcm.size)


class FasterWhisper:
    """A local CTranslate2 Whisper folder (extra ``whisper``)."""

    def __init__(self, folder: Path) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise _needs_extra("faster-whisper") from error
        with _loading(folder, "a faster-whisper folder"):
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True
            )

    def transcribe(self, pcm: NDArray[np.float32]) -> Hypothesis:
        segments, _ = self._model.transcribe(
            pcm, language="en", beam_size=1, condition_on_previous_text=False
        )
        found = [{"text": s.text, "avg_logprob": s.avg_logprob} for s in segments]
        return _from_segments(found, pcm.size)


class Endpoint:
    """A service with the OpenAI audio API, such as a self-hosted Whisper server."""

    def __init__(self, base_url: str) -> None:
        self._url = base_url.rstrip("/") + "/audio/transcriptions"
        self._client = httpx.Client(timeout=ENDPOINT_TIMEOUT_S)

    def transcribe(self, pcm: NDArray[np.float32]) -> Hypothesis:
        wav = io.BytesIO()
        soundfile.write(wav, pcm, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
        files = {"file": ("speech.wav", wav.getvalue(), "audio/wav")}
        answer = self._client.post(self._url, files=files, data={"model": "whisper-1"})
        answer.raise_for_status()
        return judged(str(answer.json()["text"]), pcm.size / SAMPLE_RATE_HZ)


def _from_segments(segments: list[dict[str, Any]], samples: int) -> Hypothesis:
    """Whisper segments as one hypothesis; its confidence is the mean token probability."""
    if not segments:
        return judged("", 0)
    confidence = float(np.exp(np.mean([segment["avg_logprob"] for segment in segments])))
    text = " ".join(segment["text"] for segment in segments)
    return judged(text, samples / SAMPLE_RATE_HZ, confidence)


@contextmanager
def _loading(path: Path, expected: str) -> Iterator[None]:
    """Whatever a runtime raises on a bad file, told as one sentence."""
    try:
        yield
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise SecoustiError(
            f"{path} does not load: expected {expected}, check the path and that the file is whole "
            f"({first_line[:120]})"
        ) from error


def _needs_extra(package: str) -> SecoustiError:
    return SecoustiError(
        f"this recogniser needs {package}: install the extra with 'pip install secousti[whisper]'"
    )
