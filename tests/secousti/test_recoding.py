"""Long sound files: a bar for patience, and memory that does not grow with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import soundfile
import torch
from rich.progress import Progress

from codec import Codec
from codec.model import seeded_model
from codec.rates import LOW
from secousti import recoding
from secousti.__main__ import main
from secousti.recoding import decode_file, encode_file, watched

Hum = Callable[..., np.ndarray]


def test_a_file_has_the_tokens_and_the_sound_of_its_signal(tmp_path: Path, hum: Hum) -> None:
    codec, wav = Codec(seeded_model(LOW), "auto"), hum(2.5)
    soundfile.write(tmp_path / "in.wav", wav, 16_000, subtype="FLOAT")
    tokens = encode_file(codec, tmp_path / "in.wav")
    assert tokens.equals(codec.encode(torch.from_numpy(wav)))
    decode_file(codec, tokens, tmp_path / "out.wav")
    heard, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    expected = codec.decode(tokens)[0].clamp(-1, 1).numpy()
    np.testing.assert_allclose(heard, expected, atol=1e-4)


def test_blocks_are_taken_one_by_one() -> None:
    """The next block is read only when the last one is done with: nothing piles up."""
    alive: list[int] = []

    def blocks() -> Iterator[torch.Tensor]:
        for number in range(3):
            alive.append(number)
            yield torch.zeros(1, 16_000)

    seen = [list(alive) for _ in watched(blocks(), 3.0, "encoding")]
    assert seen == [[0], [0, 1], [0, 1, 2]]


@pytest.mark.parametrize(("seconds", "shown"), [(59.0, False), (3600.0, True)])
def test_only_what_takes_long_shows_a_bar(
    seconds: float, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []

    class Spy(Progress):
        def __init__(self, *columns: Any, disable: bool, **options: Any) -> None:
            made.append(not disable)
            super().__init__(*columns, disable=True, **options)

    monkeypatch.setattr(recoding, "Progress", Spy)
    assert len(list(watched([torch.zeros(9)], seconds, "decoding"))) == 1
    assert made == [shown]


@pytest.mark.parametrize("words", [[], ["--int8"]])
def test_export_writes_two_graphs_and_what_they_mean(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "folder"
    assert main(["export", "--rate", "low", "--out", str(out), *words]) == 0
    assert capsys.readouterr().out.count("bytes") == 3
    facts = json.loads((out / "codec.json").read_text())
    assert (facts["rate"], facts["packet_samples"], facts["int8"]) == ("low", 2560, bool(words))
    assert (facts["voice_first_packet"], facts["voice_period_packets"]) == (2, 8)
    for name in ("encoder", "decoder"):
        graph = onnx.load(out / facts[name]["file"]).graph
        widths = {v.name: v.type.tensor_type.shape.dim[-1].dim_value for v in graph.input}
        assert widths["state"] == facts[name]["state"]["width"]
        assert graph.output[-1].name == "state_after"


def test_a_folder_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert main(["export", "--out", str(tmp_path / "file")]) == 2
    assert "cannot write" in capsys.readouterr().err
