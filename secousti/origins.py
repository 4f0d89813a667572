"""Where a setting comes from: a flag, a variable, a line of the settings file, or the default."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PREFIX = "SECOUSTI_"
DEFAULT = "default"


@dataclass(frozen=True)
class Origins:
    """The sources of one run: the settings file, which need not exist, and the flags given."""

    file: Path
    flags: Iterable[str]

    def of(self, name: str) -> str:
        """The nearest source that has ``name``, in words a person can go to."""
        if name in self.flags:
            return f"--{name.replace('_', '-')}"
        variable = f"{PREFIX}{name.upper()}"
        if any(known.upper() == variable for known in os.environ):
            return variable
        line = self._line(name)
        return DEFAULT if line is None else f"{self.file}, line {line}"

    def _line(self, name: str) -> int | None:
        """The line of the file that sets ``name``; no setting is a table, so a key begins it."""
        if not self.file.is_file():
            return None
        key = re.compile(rf"""\s*["']?{re.escape(name)}["']?\s*[=.]|\s*\[+\s*{re.escape(name)}\b""")
        lines = self.file.read_text(encoding="utf-8").splitlines()
        return next((number for number, line in enumerate(lines, 1) if key.match(line)), None)
