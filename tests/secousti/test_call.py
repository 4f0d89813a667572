"""A whole call over a real socket: what is told, what is left behind, and every way it fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from codec.rates import RATES
from secousti import caller, demo
from secousti.__main__ import main
from secousti.replay import replay
from server.calllog import read_call
from server.parts import Parts
from tests.server.fakes import FakeCodec, FakeConversation, FakeListener, fake_parts, reply_of

TURN_KEYS = {"heard", "said", "stage", "strategy", "risk", "reply_wav", "latency_ms"}
LATENCIES = {"endpoint", "recognise", "think", "speak_first", "voice_to_voice"}


@pytest.fixture
def turns(tmp_path: Path) -> list[str]:
    """Two caller turns of half a second, quiet at their ends."""
    for number in (1, 2):
        wav = np.concatenate([np.full(8_000, 0.3), np.zeros(1_600)])
        soundfile.write(tmp_path / f"turn-{number}.wav", wav, 16_000)
    return [str(tmp_path / f"turn-{number}.wav") for number in (1, 2)]


def answered_by(monkeypatch: pytest.MonkeyPatch, **parts: Any) -> None:
    """Calls are answered by fakes, at once, instead of models that take seconds to load."""
    made = {"listener": lambda: FakeListener(["I feel tired", "I cannot sleep"]), **parts}
    monkeypatch.setattr(demo, "build_parts", lambda settings, rates: fake_parts(**made))
    monkeypatch.setattr(demo, "load_codec", lambda rate, weights: FakeCodec(RATES[rate]))


def test_the_call_is_told_as_the_contract_says(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answered_by(monkeypatch)
    out = tmp_path / "out"
    assert main(["call", "--audio", *turns, "--out", str(out), "--json", "--rate", "high"]) == 0
    shown = capsys.readouterr()
    call = json.loads(shown.out)
    assert [turn["heard"] for turn in call["turns"]] == ["I feel tired", "I cannot sleep"]
    assert [turn["said"] for turn in call["turns"]] == [
        "You said I feel tired.",
        "You said I cannot sleep.",
    ]
    assert call["greeting"] == {"said": "Hello.", "reply_wav": str(out / "greeting.wav")}
    for number, turn in enumerate(call["turns"], start=1):
        assert set(turn) == TURN_KEYS
        assert (turn["stage"], turn["strategy"], turn["risk"]) == (
            "exploration",
            "reflection",
            "none",
        )
        assert set(turn["latency_ms"]) == LATENCIES
        assert turn["reply_wav"] == str(out / f"reply-{number}.wav")
        assert soundfile.info(turn["reply_wav"]).samplerate == 16_000
    assert 0 < call["uplink_bps"] <= 1092
    assert 0 < call["downlink_bps"] <= 1092
    assert call["log"] == str(out / "call.jsonl")


def test_the_wait_is_measured_from_the_last_sample_of_speech(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answered_by(monkeypatch)
    main(["call", "--audio", turns[0], "--out", str(tmp_path / "out"), "--json"])
    (turn,) = json.loads(capsys.readouterr().out)["turns"]
    # The fake ears want 200 ms of quiet; packets, threads and sockets come on top.
    assert 200 <= turn["latency_ms"]["voice_to_voice"] < 2_000


def test_a_call_is_shown_to_a_person(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answered_by(monkeypatch)
    assert main(["call", "--audio", turns[0], "--out", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr().out
    for expected in (
        "turn-1.wav, 0.6 s",
        "I feel tired",
        "exploration, strategy reflection, risk none",
        "You said I feel tired.",
        "ms from last sample to first",
        "bps",
        "secousti replay",
    ):
        assert expected in shown


def test_the_token_log_gives_the_same_sound_again(
    tmp_path: Path, turns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(monkeypatch)
    monkeypatch.setattr("secousti.replay.load_codec", lambda *_, **__: FakeCodec(RATES["low"]))
    first, again = tmp_path / "first", tmp_path / "again"
    main(["call", "--audio", *turns, "--out", str(first), "--json", "--rate", "low"])
    replay(first / "call.jsonl", again)
    names = {"greeting.wav", "reply-1.wav", "reply-2.wav"}
    assert {path.name for path in first.glob("*.wav")} == names
    assert {path.name for path in again.iterdir()} == names | {"caller.wav"}
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes()


def test_the_log_holds_no_words(
    tmp_path: Path, turns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(monkeypatch)
    main(["call", "--audio", turns[0], "--out", str(tmp_path / "out"), "--json"])
    text = (tmp_path / "out" / "call.jsonl").read_text()
    assert "tired" not in text
    assert read_call(tmp_path / "out" / "call.jsonl").generations() == [1, 2]


def test_a_second_call_leaves_nothing_of_the_first(
    tmp_path: Path, turns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_by(monkeypatch)
    out = tmp_path / "out"
    main(["call", "--audio", *turns, "--out", str(out), "--json"])
    (out / "notes.txt").write_text("mine")
    main(["call", "--audio", turns[0], "--out", str(out), "--json"])
    assert {path.name for path in out.iterdir()} == {
        "call.jsonl",
        "greeting.wav",
        "reply-1.wav",
        "notes.txt",
    }


def test_noise_that_is_no_turn_is_reported_as_unheard(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answered_by(monkeypatch, listener=Deaf)
    monkeypatch.setattr(caller, "REPLY_S", 0.8)
    assert main(["call", "--audio", turns[0], "--out", str(tmp_path / "out"), "--json"]) == 0
    (turn,) = json.loads(capsys.readouterr().out)["turns"]
    assert turn == dict.fromkeys(TURN_KEYS) | {"heard": "", "said": "", "latency_ms": {}}


class Deaf:
    """Ears that notice nothing."""

    agent_speaking = False

    def push(self, pcm: np.ndarray) -> list[Any]:
        return []


def test_an_agent_that_ends_the_call_ends_it(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def goodbye(locale: str) -> FakeConversation:
        return FakeConversation(answer=lambda turn: reply_of("Take care.", end_call=True))

    answered_by(monkeypatch, conversation=goodbye)
    assert main(["call", "--audio", *turns, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert [turn["said"] for turn in json.loads(capsys.readouterr().out)["turns"]] == ["Take care."]


def test_a_server_that_is_not_there_is_told(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answered_by(monkeypatch)
    words = ["call", "--audio", turns[0], "--out", str(tmp_path / "out")]
    assert main([*words, "--server", "ws://127.0.0.1:1"]) == 2
    assert "secousti serve" in capsys.readouterr().err


@pytest.mark.parametrize("bad", ["absent.wav", "text.wav", "short.wav", "silent.wav"])
def test_a_recording_that_is_no_turn_is_told_before_the_call(
    tmp_path: Path,
    bad: str,
    hum: Callable[..., np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def too_late(*_: object) -> Parts:
        raise AssertionError("the models were loaded for nothing")

    monkeypatch.setattr(demo, "build_parts", too_late)
    (tmp_path / "text.wav").write_text("words, but not spoken ones")
    soundfile.write(tmp_path / "short.wav", hum(0.1), 16_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    assert main(["call", "--audio", str(tmp_path / bad), "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert bad in shown.err
    assert shown.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_bundled_caller_can_call() -> None:
    from secousti.recording import read_turn

    turns = [read_turn(path) for path in demo.bundled_turns()]
    assert len(turns) == 3
    assert "synthetic" in demo.describe(turns)


def test_an_interrupted_call_leaves_a_whole_log(
    tmp_path: Path, turns: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from secousti.recording import read_turn
    from secousti.settings import load_settings
    from secousti.show import Show

    answered_by(monkeypatch)
    call = demo.make_call(
        load_settings(), None, [read_turn(Path(turns[0]))], tmp_path, Show(quiet=True)
    )
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(call, 1.0))
    assert read_call(tmp_path / "call.jsonl").generations() == [1]
    assert (tmp_path / "greeting.wav").exists()


def test_a_line_that_breaks_is_told_and_not_taken_for_an_answer(
    tmp_path: Path,
    turns: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class FailsOnTheFirstTurn(FakeListener):
        def push(self, pcm: np.ndarray) -> list[Any]:
            if np.abs(pcm).max() > 0.1:
                raise RuntimeError("ears broken on purpose")
            return super().push(pcm)

    monkeypatch.setattr("server.hearing.FAULTS", 1)
    ears = FailsOnTheFirstTurn()
    answered_by(monkeypatch, listener=lambda: ears)
    assert main(["call", "--audio", *turns, "--out", str(tmp_path / "out"), "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "ended the call" in shown.err.splitlines()[-1]


def test_the_end_of_speech_is_found_before_the_room() -> None:
    loud = np.full(8_000, 0.4, np.float32)
    assert caller.last_speech_sample(np.concatenate([loud, loud * 1e-4])) == 8_000
    assert caller.last_speech_sample(np.zeros(100, np.float32)) == 100
