"""The house keeps its shape: five rooms, imports only to the right, files a person can read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE, LONGEST_LINE = 400, 100
MAY_IMPORT = {
    "secousti": {"server", "voice_agent", "codec"},
    "server": {"voice_agent", "codec"},
    "voice_agent": {"codec"},
    "codec": set(),
    "training": {"codec"},
}
# `secousti train` and `secousti bench tokens` have to reach the room that trains; nothing else may.
MOUNTS = {("secousti/commands/train.py", "training"), ("secousti/commands/bench.py", "training")}
SOURCES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_rooms(path: Path) -> Iterator[str]:
    """The rooms that ``path`` imports anywhere in it, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        yield from (room for name in names if (room := name.split(".")[0]) in MAY_IMPORT)


def stray_imports(path: Path) -> set[str]:
    """Rooms that ``path`` imports though they stand to the left of its own."""
    room = path.relative_to(ROOT).parts[0]
    allowed = MAY_IMPORT[room] | {room}
    return {
        other
        for other in imported_rooms(path)
        if other not in allowed and (relative(path), other) not in MOUNTS
    }


def test_top_level_folders_are_the_five_rooms() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == set(MAY_IMPORT)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_a_room_imports_only_from_its_right(path: Path) -> None:
    assert not stray_imports(path)


def test_an_import_to_the_left_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "def late():\n    from server.app import serve\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: wrong)
    assert stray_imports(ROOT / "codec" / "rates.py") == {"server"}


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=relative)
def test_files_stay_readable(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_FILE
    assert not [line for line in lines if len(line) > LONGEST_LINE]


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_every_file_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_nothing_needs_the_build_workplace_at_run_time() -> None:
    assert not [relative(path) for path in SOURCES if "/work/" in path.read_text("utf-8")]
