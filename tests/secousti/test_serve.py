"""``secousti serve`` as a process of its own: health, refusals, and a graceful end on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from secousti.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
# The real command in a real process, with stand-ins for the models.
SCRIPT = """
import sys
import secousti.house as house
from tests.server.fakes import fake_parts
house.build_parts = lambda settings: fake_parts()
from secousti.__main__ import main
sys.exit(main(["serve", *sys.argv[1:]]))
"""


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and the address it says it answers at."""
    command = [sys.executable, "-c", SCRIPT, "--port", "0", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "loading the models\n"
            address = process.stdout.readline().removeprefix("answering at ").split(" ")[0]
            yield process, address
        finally:
            process.kill()


def test_it_tells_its_health_and_ends_politely() -> None:
    with serving() as (process, address):
        health = address.replace("ws://", "http://") + "/healthz"
        with urllib.request.urlopen(health, timeout=20) as answer:
            assert json.load(answer)["status"] == "ready"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def held(address: str, until: Callable[[], Awaitable[object]]) -> None:
    """A call that is answered, and goes on until ``until`` has come back."""
    from tests.server.sockets import calling

    async def hold() -> None:
        async with calling(SimpleNamespace(port=int(address.rpartition(":")[2]))):
            await until()

    asyncio.run(hold())


def test_on_sigterm_a_running_call_may_finish() -> None:
    with serving("--log-format", "json") as (process, address):

        async def asked_to_stop() -> None:
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            line = await asyncio.to_thread(process.stderr.readline)
            while "may finish" not in line:
                line = await asyncio.to_thread(process.stderr.readline)
            assert json.loads(line)["message"] == "no more calls; 1 may finish"
            assert process.poll() is None

        held(address, asked_to_stop)
        assert process.wait(timeout=30) == 0


def test_a_second_sigterm_ends_it_at_once() -> None:
    with serving() as (process, address):

        async def asked_twice() -> None:
            process.send_signal(signal.SIGTERM)
            assert process.stderr is not None
            while "may finish" not in await asyncio.to_thread(process.stderr.readline):
                pass
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 30) == -signal.SIGTERM

        held(address, asked_twice)


def test_a_call_finds_it_and_it_keeps_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np
    import soundfile

    from codec.rates import RATES
    from secousti import demo
    from server.calllog import read_call
    from tests.server.fakes import FakeCodec

    monkeypatch.setattr(demo, "load_codec", lambda rate, weights: FakeCodec(RATES[rate]))
    soundfile.write(tmp_path / "in.wav", np.full(8_000, 0.3), 16_000)
    words = ["--audio", str(tmp_path / "in.wav"), "--out", str(tmp_path / "out"), "--json"]
    with serving("--token", "open-sesame", "--log-dir", str(tmp_path / "logs")) as (_, address):
        assert main(["call", *words, "--server", address]) == 2
        assert "--token" in capsys.readouterr().err
        assert main(["call", *words, "--server", address, "--token", "open-sesame"]) == 0
    (log,) = (tmp_path / "logs").glob("*.jsonl")
    ours = read_call(tmp_path / "out" / "call.jsonl")
    theirs = read_call(log)
    assert theirs.downlink(2) == ours.downlink(2)
    assert theirs.uplink()[: len(ours.uplink())] == ours.uplink()[: len(theirs.uplink())]


def test_a_port_in_use_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.server.fakes import fake_parts

    monkeypatch.setattr("secousti.house.build_parts", lambda settings: fake_parts())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--host", "0.0.0.0"], "TOKEN"),
        (["--token", "x"], "token"),
        (["--port", "70000"], "'port'"),
        (["--slots", "0"], "'slots'"),
    ],
)
def test_what_cannot_be_is_told_before_the_models_load(
    words: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def too_late(_: object) -> None:
        raise AssertionError("the models were loaded for nothing")

    monkeypatch.setattr("secousti.house.build_parts", too_late)
    assert main(["serve", *words]) == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert shown.err.count("\n") == 1


def test_missing_weights_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECOUSTI_WEIGHTS", str(tmp_path / "other.safetensors"))
    assert main(["serve", "--port", "0"]) == 2
    assert "other.safetensors" in capsys.readouterr().err
