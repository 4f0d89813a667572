"""Evaluation data as JSON lines, read so that a fault names its line and its field."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codec.errors import SecoustiError


@dataclass(frozen=True)
class Row:
    """One JSON object of a file, with where it stood. ``place`` reads "cases.jsonl, line 3"."""

    place: str
    fields: dict[str, Any]

    def fault(self, what: str) -> SecoustiError:
        """A fault at this row; ``what`` names the field and what was expected."""
        return SecoustiError(f"{self.place}: {what}")

    def text(self, name: str, default: str | None = None) -> str:
        """A text field; without ``default`` it must be there."""
        value = self.fields.get(name, default)
        if not isinstance(value, str):
            raise self.fault(f"field '{name}' must be text, not {_shown(value)}.")
        return value

    def choice(self, name: str, allowed: Collection[str], default: str | None = None) -> str:
        """A text field with a closed set of values."""
        value = self.text(name, default)
        if value not in allowed:
            known = ", ".join(sorted(allowed))
            raise self.fault(f"field '{name}' is '{value}'; expected one of {known}.")
        return value

    def texts(self, name: str, default: list[str] | None = None) -> list[str]:
        """A list-of-texts field."""
        value = self.fields.get(name, default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(f"field '{name}' must be a list of texts, not {_shown(value)}.")
        return value

    def rows(self, name: str) -> list[Row]:
        """A list-of-objects field; faults in an object name its number, from 1."""
        value = self.fields.get(name)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fault(f"field '{name}' must be a list of objects, not {_shown(value)}.")
        return [Row(f"{self.place}, {name} {n}", item) for n, item in enumerate(value, 1)]

    def table(self, name: str) -> dict[str, Any]:
        """An object field."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise self.fault(f"field '{name}' must be an object, not {_shown(value)}.")
        return value


def read_rows(path: Path) -> list[Row]:
    """Every object of a JSON-lines file; empty lines are skipped.

    Raises:
        SecoustiError: no such file, not UTF-8, a line that is not a JSON object, or no line at all.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise SecoustiError(
            f"The data file {path} cannot be read ({fault}); name a UTF-8 JSON-lines file."
        ) from fault
    rows = [_row(path, n, line) for n, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise SecoustiError(f"The data file {path} is empty; it needs one JSON object a line.")
    return rows


def _row(path: Path, number: int, line: str) -> Row:
    place = f"{path.name}, line {number}"
    try:
        value = json.loads(line)
    except json.JSONDecodeError as fault:
        raise SecoustiError(
            f"{place}: not valid JSON ({fault.msg} at character {fault.pos + 1}); "
            "each line must be one JSON object."
        ) from fault
    if not isinstance(value, dict):
        raise SecoustiError(f"{place}: a JSON object was expected, not {_shown(value)}.")
    return Row(place, value)


def _shown(value: object) -> str:
    """A wrong value as a fault names it, cut where it is long."""
    if value is None:
        return "missing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."
