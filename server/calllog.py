"""The call log: a call as it went over its wire, one JSON line per message, replayable bit for bit.

First a header, then ``{"t", "dir": "up" | "down", "gen", "packets"}`` (packets joined, base64) and
control events ``{"t", "event", ...}``; ``t`` is seconds of call time. With one packet a line an
hour of both sides is about 7 MB. Words are never in it unless asked for. A killed process loses at
most what it has not yet handed to the operating system: :mod:`server.logfile`.

A call without tokens is logged as the samples that its wire carried, about 45 MB an hour in mu-law:
what the caller and the ears heard is then in the log, which tokens made for the log alone would not
be, and the codec's time stays with the calls that need it. ``secousti encode`` makes it small.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from codec.errors import SecoustiError
from codec.packets import split_packets
from codec.rates import SAMPLE_RATE_HZ, Rate, rate_named
from server.logfile import LogFile, OwnFile
from server.wires.concealing import Concealer
from server.wires.sound import Pcm, PcmFormat, PcmSound, Resampler, Sound, format_named

FORMAT = "secousti-call"
VERSION = 1


class CallLog:
    """Appends one call to ``path``, which must not exist yet; ``file`` opens it.

    Raises:
        SecoustiError: the file exists or cannot be written, where ``file`` says so; here and in
            every method.
    """

    def __init__(
        self,
        path: Path,
        sound: Sound,
        clock: Callable[[], float],
        started: str,
        session: str = "",
        file: Callable[[Path], LogFile] = OwnFile,
    ) -> None:
        self.path, self._file = path, file(path)
        self._clock, self._start = clock, clock()
        self._write(
            {
                "format": FORMAT,
                "version": VERSION,
                **_sound_fields(sound),
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
        self._file.close()

    def _now(self) -> float:
        return round(self._clock() - self._start, 4)

    def _packets(self, direction: str, generation: int, packets: Sequence[bytes]) -> None:
        text = base64.b64encode(b"".join(packets)).decode()
        self._write({"t": self._now(), "dir": direction, "gen": generation, "packets": text})

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


@dataclass(frozen=True)
class Stream:
    """Packets that one decoder takes in a row, from packet 0; None for one that was lost."""

    rate: Rate
    packets: list[bytes | None]


@dataclass(frozen=True)
class RecordedCall:
    """A call read back. ``truncated``: the last line was cut off (the writer was killed)."""

    header: dict[str, Any]
    lines: tuple[dict[str, Any], ...]
    truncated: bool

    @property
    def sound(self) -> Sound:
        """What its packets are: tokens of a rate, or samples."""
        return _sound_of(self.header)

    @property
    def rate(self) -> Rate:
        """The rate it began at; raises :class:`SecoustiError` for a call without tokens."""
        if not isinstance(self.sound, Rate):
            raise SecoustiError(f"this call came in {self.sound.up}, not as tokens: replay it")
        return self.sound

    @property
    def events(self) -> list[dict[str, Any]]:
        """The control events in order."""
        return [line for line in self.lines if "event" in line]

    def uplink(self) -> list[bytes]:
        """The caller's packets that came, whole call."""
        return [packet for stream in self.uplinks() for packet in stream.packets if packet]

    def uplinks(self) -> list[Stream]:
        """The caller's streams: one, and one more for every change of rate or loss of place."""
        streams = [Stream(self.rate, [])]
        for line in self.lines:
            packets = streams[-1].packets
            if line.get("event") == "rate":
                streams.append(Stream(rate_named(str(line.get("rate"))), []))
            elif line.get("event") == "lost":
                packets += [None] * int(line["packets"])
            elif line.get("dir") == "up":
                data = base64.b64decode(line["packets"])
                packets += split_packets(streams[-1].rate, len(packets), data)
        return streams

    def downlink(self, generation: int) -> list[bytes]:
        """The packets of one reply that were sent, from packet 0."""
        return split_packets(self.rate_of(generation), 0, self._bytes("down", generation))

    def rate_of(self, generation: int) -> Rate:
        """The rate of one reply."""
        begins = (line for line in self.events if line["event"] == "begin")
        named = (
            str(line["rate"]) for line in begins if line["gen"] == generation and "rate" in line
        )
        return rate_named(next(named, self.rate.name))

    def pcm(self, direction: str, generation: int = 0) -> Pcm:
        """A stream of a call without tokens, float32 ``[T]`` at 16 kHz, as the ears heard it.

        Raises:
            SecoustiError: the call has tokens, which take a codec.
        """
        if isinstance(self.sound, Rate):
            raise SecoustiError("this call came as tokens: decode them with a codec")
        form = self.sound.up if direction == "up" else self.sound.down
        resampler = Resampler(form.rate_hz, SAMPLE_RATE_HZ)
        pieces = [resampler.push(piece) for piece in self._pieces(form, direction, generation)]
        return np.concatenate([*pieces, resampler.finish()])

    def _pieces(self, form: PcmFormat, direction: str, generation: int) -> Iterator[Pcm]:
        """Samples in order, those that were lost on the way made up as they were for the ears."""
        concealer = Concealer(form.rate_hz)
        for line in self.lines:
            if line.get("dir") == direction and line["gen"] == generation:
                yield concealer.came(form.decode(base64.b64decode(line["packets"])))
            elif line.get("event") == "lost" and direction == "up" and "samples" in line:
                yield concealer.lost(round(line["samples"] * form.rate_hz / SAMPLE_RATE_HZ))

    def generations(self) -> list[int]:
        """The replies that have packets, in order."""
        return sorted({line["gen"] for line in self.lines if line.get("dir") == "down"})

    def _bytes(self, direction: str, generation: int) -> bytes:
        return b"".join(
            base64.b64decode(line["packets"])
            for line in self.lines
            if line.get("dir") == direction and line["gen"] == generation
        )


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
    _sound_of(header)
    return RecordedCall(header, tuple(lines[1:]), truncated=bool(rest))


def _sound_fields(sound: Sound) -> dict[str, str]:
    if isinstance(sound, Rate):
        return {"rate": sound.name}
    return {"up": str(sound.up), "down": str(sound.down)}


def _sound_of(header: dict[str, Any]) -> Sound:
    if "up" in header:
        return PcmSound(format_named(str(header["up"])), format_named(str(header.get("down"))))
    return rate_named(str(header.get("rate")))


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
