"""Microphone and loudspeaker, with a stand-in sound card, and with a recording in its place."""

from __future__ import annotations

import asyncio
import io
import sys
import threading
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from rich.console import Console

from codec.errors import SecoustiError
from codec.rates import RATES
from secousti import demo
from secousti.__main__ import main
from secousti.client import connect
from secousti.meter import CELLS, Meter, bar
from secousti.show import Show
from secousti.soundcard import BLOCK_SAMPLES, Loudspeaker, SoundCard
from secousti.talk import converse
from server.app import Server
from server.settings import ServerSettings
from tests.server.fakes import FakeCodec, FakeListener, fake_parts, run


def ramp(start: int, stop: int) -> np.ndarray:
    return np.arange(start, stop, dtype=np.float32)


def test_the_loudspeaker_plays_in_order_and_pads_with_silence() -> None:
    loudspeaker = Loudspeaker()
    loudspeaker.play(ramp(1, 4))
    loudspeaker.play(ramp(4, 6))
    assert loudspeaker.take(4).tolist() == [1, 2, 3, 4]
    assert loudspeaker.take(4).tolist() == [5, 0, 0, 0]
    assert loudspeaker.played() == 5
    assert not loudspeaker.busy


def test_a_flush_is_silence_at_once() -> None:
    loudspeaker = Loudspeaker()
    loudspeaker.play(ramp(1, 100))
    loudspeaker.flush()
    assert not loudspeaker.take(10).any()


def test_each_reply_is_counted_from_its_begin() -> None:
    loudspeaker = Loudspeaker()
    loudspeaker.play(ramp(0, 10))
    loudspeaker.take(10)
    loudspeaker.begin()
    loudspeaker.play(ramp(0, 10))
    loudspeaker.take(6)
    assert loudspeaker.played() == 6


def test_the_bar_grows_with_the_level() -> None:
    filled = [bar(rms).plain.count("#") for rms in (0.0, 0.001, 0.01, 0.1, 1.0)]
    assert filled == [0, 0, 10, 20, CELLS]
    assert {len(bar(rms).plain) for rms in (0.0, 0.1, 9.0)} == {CELLS + 2}


def test_the_meter_says_whose_turn_it_is() -> None:
    console = Console(force_terminal=True, width=100, record=True, file=io.StringIO())
    with Meter(console) as meter:
        meter.show(np.full(320, 0.1, np.float32), agent_speaks=False, caption="I feel")
        meter._live.refresh()
    shown = console.export_text()
    assert "listening" in shown
    assert "I feel" in shown


class FakeStream:
    """A full-duplex sound card: its own thread, a block each 20 ms, a caller who says one thing."""

    def __init__(self, callback: Any, **options: Any) -> None:
        assert (options["samplerate"], options["channels"]) == (16_000, 1)
        self.callback, self.played = callback, []
        self.levels = [0.0] * 40 + [0.4] * 25
        self.running = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def work(self) -> None:
        while self.running.is_set():
            heard = np.full((BLOCK_SAMPLES, 1), self.levels.pop(0) if self.levels else 0.0)
            played = np.ones((BLOCK_SAMPLES, 1), np.float32)
            self.callback(heard.astype(np.float32), played, BLOCK_SAMPLES, None, None)
            self.played.append(float(played.max()))
            time.sleep(BLOCK_SAMPLES / 16_000)

    def start(self) -> None:
        self.running.set()
        self.thread.start()

    def stop(self) -> None:
        self.running.clear()
        self.thread.join()

    def close(self) -> None:
        """Nothing is held."""


def install_card(monkeypatch: pytest.MonkeyPatch, stream: Any) -> None:
    module = types.ModuleType("sounddevice")
    module.Stream = stream  # type: ignore[attr-defined]
    module.PortAudioError = type("PortAudioError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_a_person_is_heard_and_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cards: list[FakeStream] = []

    def open_card(**options: Any) -> FakeStream:
        cards.append(FakeStream(**options))
        return cards[-1]

    install_card(monkeypatch, open_card)
    said: list[np.ndarray] = []

    async def work() -> None:
        parts = fake_parts(listener=lambda: FakeListener(["I feel tired"]))
        async with (
            Server(ServerSettings(port=0, slots=1, last_reply_s=0.2), parts) as server,
            connect(f"ws://127.0.0.1:{server.port}", FakeCodec(RATES["high"])) as call,
            SoundCard() as card,
        ):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(converse(call, card, said, Show()), 3.5)

    run(work())
    assert "You said I feel tired." in capsys.readouterr().out
    assert max(cards[0].played) == pytest.approx(0.3, abs=1e-3)
    assert np.concatenate(said).max() == pytest.approx(0.3, abs=1e-3)


def test_no_sound_card_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(**_: object) -> None:
        raise sys.modules["sounddevice"].PortAudioError("Error querying device -1\n")

    install_card(monkeypatch, none)
    monkeypatch.setattr(demo, "build_parts", lambda settings, rates: fake_parts())
    monkeypatch.setattr(demo, "load_codec", lambda rate, weights: FakeCodec(RATES[rate]))
    assert main(["mic"]) == 2
    fault = capsys.readouterr().err
    assert fault.count("\n") == 1
    assert "--file" in fault


def test_no_sounddevice_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)

    async def work() -> None:
        async with SoundCard():
            raise AssertionError("there is no card")

    with pytest.raises(SecoustiError, match=r"\[mic\]"):
        run(work())


def test_a_recording_takes_the_microphones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = fake_parts(listener=lambda: FakeListener(["I feel tired"]))
    monkeypatch.setattr(demo, "build_parts", lambda settings, rates: parts)
    monkeypatch.setattr(demo, "load_codec", lambda rate, weights: FakeCodec(RATES[rate]))
    soundfile.write(tmp_path / "in.wav", np.full(8_000, 0.3), 16_000)
    out = tmp_path / "answers.wav"
    assert main(["mic", "--file", str(tmp_path / "in.wav"), "--save", str(out)]) == 0
    assert "You said I feel tired." in capsys.readouterr().out
    answers, rate_hz = soundfile.read(out)
    assert rate_hz == 16_000
    assert answers.max() == pytest.approx(0.3, abs=1e-3)
