"""The command line as a whole: help for strangers, quick to answer, faults in one line."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from codec.errors import SecoustiError
from secousti import __main__ as front
from secousti.commands.registry import LIGHT, MOUNTED

NAMES = [
    *("call", "mic", "serve", "token", "callers", "chat", "personas", "replay"),
    *("encode", "decode", "convert", "say", "info", "export", "doctor"),
]
HEAVY = ("torch", "onnxruntime", "rich", "pydantic", "websockets", "server", "training")


def secousti(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "secousti", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_every_command_is_listed() -> None:
    listed = front.build_parser([]).format_help()
    assert len(LIGHT) == len(NAMES)
    for name in [*NAMES, *(mounted.NAME for mounted in MOUNTED)]:
        assert f"\n    {name} " in listed


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys, secousti.__main__ as front; front.build_parser([]).format_help();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_each_help_has_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        front.main([name, "--help"])
    assert end.value.code == 0
    assert f"\n  secousti {name}" in capsys.readouterr().out


def answering(monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """Make every command line run a command that raises ``fault``."""

    def run(_: argparse.Namespace) -> int:
        raise fault

    parser = argparse.ArgumentParser()
    parser.set_defaults(run=run)
    monkeypatch.setattr(front, "build_parser", lambda words: parser)


def test_a_fault_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, SecoustiError("the cup is empty: fill it"))
    assert front.main([]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "secousti: the cup is empty: fill it\n")


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, KeyboardInterrupt())
    assert front.main([]) == 130


def test_our_own_mistakes_stay_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        front.main([])


def test_a_reader_that_leaves_is_no_error() -> None:
    script = f"{sys.executable} -m secousti doctor --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert done.stdout.strip() in {"0", "1", "141"}


@pytest.mark.parametrize("words", [(), ("sing",), ("encode",), ("encode", "a", "b", "--rate", "9")])
def test_wrong_words_are_status_2(words: tuple[str, ...], tmp_path: Path) -> None:
    done = secousti(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: secousti")
    assert "Traceback" not in done.stderr


def test_version_is_the_installed_one() -> None:
    assert secousti("--version").stdout.startswith("secousti 0.")
