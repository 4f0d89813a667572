"""The call log: a call as its own tokens, one JSON line per message, replayable bit for bit.

First a header, then ``{"t", "dir": "up" | "down", "gen", "packets"}`` (packets joined, base64) and
control events ``{"t", "event", ...}``; ``t`` is seconds of call time. With one packet a line an
hour of both sides is about 7 MB. Every line goes to the operating system before the call goes on,
so a killed process loses at most the line it was writing. Words are never in it unless asked for.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codec.errors import SecoustiError
from codec.packets import split_packets
from codec.rates import Rate, rate_named

FORMAT = "secousti-call"
VERSION = 1


class CallLog:
    """Appends one call to ``path``, which must not exist yet.

    Raises:
        SecoustiError: the file exists or cannot be written.
    """

    def __init__(
        self, path: Path, rate: Rate, clock: Callable[[], float], started: str, session: str = ""
    ) -> None:
        self.path = path
        self._clock, self._start = clock, clock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
            self._file: int | None = os.open(path, flags, 0o600)  # a voice is personal
        except OSError as error:
            raise SecoustiError(f"cannot write the call log {path}: {error.strerror}") from error
        self._write(
            {
                "format": FORMAT,
                "version": VERSION,
                "rate": rate.name,
                "session": session,
                "started": started,
            }
        )

    def up(self, packets: Sequence[bytes]) -> None:
        """Packets that came from the caller."""
        self._packets("up", 0, packets)

    def down(self, generation: int, packets: Sequence[bytes]) -> None:
        """Packets of one reply that went to the caller."""
        self._packets("down", generation, packets)

    def event(self, name: str, **fields: Any) -> None:
        """A control event; ``fields`` must be plain JSON values."""
        self._write({"t": self._now(), "event": name, **fields})

    def close(self) -> None:
        """Hands the file to the disk and closes it. Safe to call twice."""
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def _now(self) -> float:
        return round(self._clock() - self._start, 4)

    def _packets(self, direction: str, generation: int, packets: Sequence[bytes]) -> None:
        text = base64.b64encode(b"".join(packets)).decode()
        self._write({"t": self._now(), "dir": direction, "gen": generation, "packets": text})

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is not None:
            os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")


@dataclass(frozen=True)
class RecordedCall:
    """A call read back. ``truncated``: the last line was cut off (the writer was killed)."""

    header: dict[str, Any]
    lines: tuple[dict[str, Any], ...]
    truncated: bool

    @property
    def rate(self) -> Rate:
        return rate_named(self.header["rate"])

    @property
    def events(self) -> list[dict[str, Any]]:
        """The control events in order."""
        return [line for line in self.lines if "event" in line]

    def uplink(self) -> list[bytes]:
        """The caller's packets, whole call, one stream."""
        return self._stream("up", 0)

    def downlink(self, generation: int) -> list[bytes]:
        """The packets of one reply that were sent, from packet 0."""
        return self._stream("down", generation)

    def generations(self) -> list[int]:
        """The replies that have packets, in order."""
        return sorted({line["gen"] for line in self.lines if line.get("dir") == "down"})

    def _stream(self, direction: str, generation: int) -> list[bytes]:
        data = b"".join(
            base64.b64decode(line["packets"])
            for line in self.lines
            if line.get("dir") == direction and line["gen"] == generation
        )
        return split_packets(self.rate, 0, data)


def read_call(path: Path) -> RecordedCall:
    """Reads a call log; a last line without its end is left out and said so.

    Raises:
        SecoustiError: no such file, not a call log, or a damaged line before the last.
    """
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError as error:
        raise SecoustiError(f"cannot read the call log {path}: {error.strerror}") from error
    *whole, rest = text.split("\n")
    lines = [_read_line(path, number, line) for number, line in enumerate(whole, start=1)]
    header = lines[0] if lines else {}
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise SecoustiError(
            f"{path} is not a call log of version {VERSION}: give a file that a call has written"
        )
    rate_named(str(header.get("rate")))
    return RecordedCall(header, tuple(lines[1:]), truncated=bool(rest))


def _read_line(path: Path, number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
        if not isinstance(line, dict):
            raise ValueError("no object")
        if "dir" in line:
            base64.b64decode(line["packets"], validate=True)
            int(line["gen"])
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise SecoustiError(f"{path}, line {number} is damaged: restore it from a copy") from error
    return line
