"""Which recogniser a setting names, and what is said when it cannot be had."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from codec.errors import SecoustiError
from secousti.demo import bundled_turns
from secousti.recording import read_turn
from voice_agent.listen import Ears, ListenSettings
from voice_agent.listen.backends import Moonshine, recogniser_maker
from voice_agent.listen.recognise import NOTHING, RecogniserPool

SECOND = np.zeros(16_000, np.float32)
TASKS = Path("/proc/self/task")


def test_an_unknown_choice_is_told_with_the_known_ones() -> None:
    with pytest.raises(SecoustiError, match="expected 'moonshine', a Whisper checkpoint"):
        Ears.load(ListenSettings(recogniser="/no/such/checkpoint.pt"))


@pytest.mark.parametrize(
    ("file", "module"), [("tiny.pt", "whisper"), ("model.bin", "faster_whisper")]
)
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, module: str
) -> None:
    (tmp_path / file).write_bytes(b"weights")
    monkeypatch.setitem(sys.modules, module, None)
    choice = tmp_path / file if file.endswith(".pt") else tmp_path
    with pytest.raises(SecoustiError, match=r"pip install secousti\[whisper\]"):
        recogniser_maker(str(choice))()


def whisper_stub(monkeypatch: pytest.MonkeyPatch, load: Callable[..., object]) -> None:
    """Stands for both Whisper packages, which the default install does not have."""
    monkeypatch.setitem(sys.modules, "whisper", SimpleNamespace(load_model=load))
    monkeypatch.setitem(sys.modules, "faster_whisper", SimpleNamespace(WhisperModel=load))


@pytest.fixture(params=["tiny.pt", "model.bin"])
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    (tmp_path / request.param).write_bytes(b"weights")
    return str(tmp_path / request.param if request.param.endswith(".pt") else tmp_path)


def test_a_checkpoint_that_does_not_load_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    def load(*_: object, **__: object) -> None:
        raise RuntimeError("bad magic\nand a long story")

    whisper_stub(monkeypatch, load)
    with pytest.raises(SecoustiError, match=r"does not load: expected .* \(bad magic\)$"):
        recogniser_maker(checkpoint)()


def test_whisper_segments_become_one_text_with_its_probability(
    monkeypatch: pytest.MonkeyPatch, checkpoint: str
) -> None:
    parts = [(" I can't", -0.2), (" sleep.", -0.4)]
    rows = [{"text": text, "avg_logprob": value} for text, value in parts]

    class Model:
        def transcribe(self, pcm: np.ndarray, fp16: bool | None = None, **_: object) -> object:
            if fp16 is None:  # faster-whisper gives objects, lazily, and a second value
                return (SimpleNamespace(**row) for row in rows), None
            return {"segments": rows}

    whisper_stub(monkeypatch, lambda *_, **__: Model())
    found = recogniser_maker(checkpoint)().transcribe(SECOND)
    assert found.text == "I can't sleep."
    assert found.confidence == pytest.approx(np.exp(-0.3))


def test_silence_has_no_words() -> None:
    assert Moonshine(None).transcribe(SECOND) == NOTHING


def test_sound_that_is_not_made_a_list_gives_the_same_words() -> None:
    moonshine, wav = Moonshine(None), read_turn(bundled_turns()[0]).wav[:64_000]
    listed = moonshine._runtime.transcribe_without_streaming(wav.tolist(), 16_000)
    expected = " ".join(line.text for line in listed.lines)
    assert len(expected) > 20
    every_second = np.repeat(wav, 2)[::2]  # not contiguous
    assert moonshine.transcribe(wav).text == expected
    assert moonshine.transcribe(every_second).text == expected


@pytest.mark.skipif(not TASKS.is_dir(), reason="only Linux says which threads there are")
def test_a_recogniser_has_no_thread_of_its_own() -> None:
    before = set(TASKS.iterdir())
    recogniser = Moonshine(None)
    assert set(TASKS.iterdir()) <= before
    assert recogniser.transcribe(SECOND) == NOTHING


class Service(BaseHTTPRequestHandler):
    """Answers as a service with the OpenAI audio API would."""

    answer: tuple[int, bytes] = (200, b"")
    got: bytes = b""

    def do_POST(self) -> None:
        Service.got = self.path.encode() + self.rfile.read(int(self.headers["Content-Length"]))
        status, body = Service.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """No lines on the test's terminal."""


@pytest.fixture
def service_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


def test_a_service_is_sent_a_wav_file(service_url: str) -> None:
    Service.answer = (200, json.dumps({"text": " Hello there. "}).encode())
    found = recogniser_maker(service_url)().transcribe(SECOND)
    assert found.text == "Hello there."
    assert Service.got.startswith(b"/v1/audio/transcriptions") and b"RIFF" in Service.got


@pytest.mark.parametrize("answer", [(500, b""), (200, b"<html>"), (200, b"{}")])
def test_a_service_that_fails_costs_only_words(service_url: str, answer: tuple[int, bytes]) -> None:
    Service.answer = answer
    pool = RecogniserPool(recogniser_maker(service_url), 1, 60.0)
    assert pool.results([pool.submit(SECOND)]) == [NOTHING]
