"""Scripts as audio files: rendered once when the package is built, played without any model.

What must be said when everything else fails lies beside the code as Ogg Opus, one file a script,
with an index of the texts, so that a changed text is noticed and rendered again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import numpy as np
import soundfile
from numpy.typing import NDArray

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from voice_agent.speak.voice import Voice

FOLDER = Path(__file__).resolve().parent.parent / "data" / "scripts_audio"
INDEX = "index.json"
CHUNK_SAMPLES = 3200  # 0.2 s
OPUS_COMPRESSION = 0.95  # libsndfile's scale, 1 is smallest: about 20 kbit/s, clear speech
TAIL_MS = 200  # silence after the last word, so that no word ends on the last packet


def render(scripts: Mapping[str, str], voice: Voice, folder: Path = FOLDER) -> list[str]:
    """Render the scripts whose text is new or changed; returns their ids, sorted.

    Files of scripts that are no longer there are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = texts(folder)
    stale = [name for name in scripts if before.get(name) != scripts[name]]
    for gone in set(before) - set(scripts):
        _path(gone, folder).unlink(missing_ok=True)
    for name in stale:
        _write(_path(name, folder), [*voice.speak(scripts[name])])
    index = json.dumps(dict(sorted(scripts.items())), indent=1, ensure_ascii=False)
    (folder / INDEX).write_text(index + "\n", encoding="utf-8")
    return sorted(stale)


def texts(folder: Path = FOLDER) -> dict[str, str]:
    """The rendered scripts: text by id; empty where nothing was rendered."""
    index = folder / INDEX
    if not index.is_file():
        return {}
    found: dict[str, str] = json.loads(index.read_text(encoding="utf-8"))
    return found


def play(script_id: str, folder: Path = FOLDER) -> Iterator[NDArray[np.float32]]:
    """A rendered script in chunks, float32 ``[T]`` at 16 kHz.

    Raises :class:`SecoustiError` at the first chunk when the script was not rendered.
    """
    path = _path(script_id, folder)
    if not path.is_file():
        raise SecoustiError(f"the script {script_id!r} is not rendered: expected it at {path}")
    with soundfile.SoundFile(path) as audio:
        yield from audio.blocks(CHUNK_SAMPLES, dtype="float32")


def _path(script_id: str, folder: Path) -> Path:
    return folder / f"{quote(script_id, safe='')}.ogg"


def _write(path: Path, pieces: list[NDArray[np.float32]]) -> None:
    tail = np.zeros(TAIL_MS * SAMPLE_RATE_HZ // 1000, np.float32)
    soundfile.write(
        path,
        np.concatenate([*pieces, tail]),
        SAMPLE_RATE_HZ,
        format="OGG",
        subtype="OPUS",
        compression_level=OPUS_COMPRESSION,
    )
