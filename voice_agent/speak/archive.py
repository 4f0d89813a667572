"""Crisis scripts rendered long before a call: as audio, and as codec tokens of both rates.

What must be said when everything else fails lies in one archive beside the code. A text is found by
its own hash, so lines that several locales share are stored once, and a line whose words changed
since the rendering is simply not found, never spoken wrongly. Nothing but ``zipfile`` and
``soundfile`` is needed to read it: no voice, no network, no encoder.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from codec import Codec, SecoustiError, Tokens, packets_of
from codec.file import from_bytes, to_bytes
from codec.rates import SAMPLE_RATE_HZ
from codec.tokens import shortened
from voice_agent.speak.voice import Voice

ARCHIVE = Path(__file__).resolve().parent.parent / "data" / "scripts.zip"
OPUS_COMPRESSION = 0.95  # libsndfile's scale, 1 is smallest: about 20 kbit/s, clear speech
BATCH = 16
TAIL_MS = 200  # silence after the last word, so that no word ends on the last packet


class ScriptArchive:
    """The rendered lines of one archive, read into memory at once (a few MB)."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    @classmethod
    def load(cls, path: Path = ARCHIVE) -> ScriptArchive:
        """The archive at ``path``; empty where there is none.

        Raises :class:`SecoustiError` when it is damaged.
        """
        if not path.is_file():
            return cls({})
        try:
            with zipfile.ZipFile(path) as archive:
                return cls({name: archive.read(name) for name in archive.namelist()})
        except zipfile.BadZipFile as error:
            raise SecoustiError(f"{path} is damaged ({error}): reinstall secousti") from error

    def __contains__(self, text: str) -> bool:
        return f"{key(text)}.ogg" in self._files

    def audio(self, text: str) -> NDArray[np.float32] | None:
        """The line as float32 ``[T]`` at 16 kHz, or None where it was not rendered."""
        data = self._files.get(f"{key(text)}.ogg")
        return None if data is None else _decoded(data)

    def packets(self, rate: str, text: str) -> list[bytes] | None:
        """The line as packets of ``rate`` from packet 0, or None where it was not rendered."""
        data = self._files.get(f"{key(text)}.{rate}.sec")
        return None if data is None else packets_of(from_bytes(data))


def key(text: str) -> str:
    """Name of a line in the archive: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def render(
    texts: Iterable[str], voice: Voice, codecs: Iterable[Codec], path: Path = ARCHIVE
) -> int:
    """Writes the archive of ``texts`` anew, taking over audio that is already there.

    Tokens are always made again, since the weights may be others. Returns the number of lines that
    had to be spoken. The old archive stays until the new one is complete.
    """
    before, lines = ScriptArchive.load(path), sorted(set(texts))
    new = [text for text in lines if text not in before]
    sound = {text: before._files[f"{key(text)}.ogg"] for text in lines if text in before}
    sound |= {text: _opus(_speak(voice, text)) for text in new}
    wavs = [_decoded(sound[text]) for text in lines]
    aside = path.with_suffix(".partial")
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as archive:
        for text in lines:
            _put(archive, f"{key(text)}.ogg", sound[text])
        for codec in codecs:
            for text, tokens in zip(lines, _encode(codec, wavs), strict=True):
                _put(archive, f"{key(text)}.{codec.rate.name}.sec", to_bytes(tokens))
    aside.replace(path)
    return len(new)


def _encode(codec: Codec, wavs: Sequence[NDArray[np.float32]]) -> list[Tokens]:
    """Tokens of every waveform; those of like length share a batch, several times faster."""
    order = sorted(range(len(wavs)), key=lambda i: len(wavs[i]))
    made: dict[int, Tokens] = {}
    for at in range(0, len(order), BATCH):
        members = order[at : at + BATCH]
        longest = len(wavs[members[-1]])
        padded = np.stack([np.pad(wavs[i], (0, longest - len(wavs[i]))) for i in members])
        batch = codec.encode(torch.from_numpy(padded))
        made |= {i: shortened(batch, row, len(wavs[i])) for row, i in enumerate(members)}
    return [made[i] for i in range(len(wavs))]


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """With a fixed date, so that the same content makes the same file."""
    archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)


def _speak(voice: Voice, text: str) -> NDArray[np.float32]:
    tail = np.zeros(TAIL_MS * SAMPLE_RATE_HZ // 1000, np.float32)
    return np.concatenate([*voice.speak(text), tail])


def _decoded(ogg: bytes) -> NDArray[np.float32]:
    wav, _rate = soundfile.read(io.BytesIO(ogg), dtype="float32")
    return np.asarray(wav, dtype=np.float32)


def _opus(wav: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(
        buffer, wav, SAMPLE_RATE_HZ, "OPUS", format="OGG", compression_level=OPUS_COMPRESSION
    )
    return buffer.getvalue()
