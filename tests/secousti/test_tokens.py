"""``secousti token``: a token is shown once, and its file is whole at every moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from secousti.__main__ import main
from server.tenants import Tenants


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "tokens.json"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["token", *words]) == 0
    return capsys.readouterr().out.strip()


def test_tokens_are_given_rotated_and_taken_back(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--file", str(file))
    first = said(capsys, "add", "north", *at)
    other = said(capsys, "add", "south", *at)
    second = said(capsys, "rotate", "north", "--days", "1", *at)
    tenants = Tenants(None, file)
    assert [tenants.whose(token) for token in (first, second, other)] == ["north"] * 2 + ["south"]
    assert file.stat().st_mode & 0o077 == 0
    listed = said(capsys, "list", *at)
    assert len(listed.splitlines()) == 3
    assert not [token for token in (first, second, other) if token in listed]
    said(capsys, "revoke", "north", "--id", first[:8], *at)
    assert [Tenants(None, file).whose(token) for token in (first, second)] == [None, "north"]
    said(capsys, "revoke", "north", *at)
    assert Tenants(None, file).whose(second) is None
    assert "ended" in said(capsys, "list", *at)


def test_the_file_may_stand_in_the_settings(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECOUSTI_TOKENS", str(file))
    token = said(capsys, "add", "north")
    assert Tenants(None, file).whose(token) == "north"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["list"], "--file"),
        (["add", "--file", "t.json"], "say whose"),
        (["add", "No One", "--file", "t.json"], "tenant's name"),
        (["revoke", "nobody", "--file", "t.json"], "cannot read"),
        (["rotate", "nobody", "--file", "t.json"], "cannot read"),
    ],
)
def test_a_mistake_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert main(["token", *words]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not list(file.parent.iterdir())
