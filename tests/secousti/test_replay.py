"""A token log as audio again: with real streams, cut logs and logs that are none."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from codec import Codec, SecoustiError, load_codec
from codec.conceal import ConcealingCodec
from codec.model import seeded_model
from codec.rates import HIGH
from secousti import replay as replaying
from secousti.__main__ import main
from secousti.replay import decode_streams, replay, reply_name
from server.calllog import CallLog, Stream
from server.wires.sound import PcmFormat, PcmSound


@pytest.fixture(scope="module")
def codec() -> Codec:
    """The real graph with seeded weights: what it says is noise, but the same noise each time."""
    return Codec(seeded_model(HIGH))


@pytest.fixture
def log(tmp_path: Path, codec: Codec) -> Path:
    """A call in which the agent spoke twice, with a voice codeword in the first reply only."""
    record = CallLog(tmp_path / "call.jsonl", HIGH, itertools.count().__next__, "now")
    encoder = codec.stream_encoder(1)
    sound = torch.from_numpy(np.random.default_rng(0).uniform(-0.3, 0.3, (16, 640))).float()
    for generation, packets in ((1, 12), (2, 4)):
        encoder.reset(0, keep_voice=True)
        for frame in sound[:packets]:
            packet = encoder.step(frame[None], [0])
            record.down(generation, packet)
            if generation == 1:
                record.up(packet)
    record.close()
    return record.path


def test_every_side_of_a_call_is_written(
    tmp_path: Path, log: Path, codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "load_codec", lambda rate, weights: codec)
    written = replay(log, tmp_path / "out")
    assert [path.name for path in written] == ["caller.wav", "greeting.wav", "reply-1.wav"]
    frames = [soundfile.info(path).frames for path in written]
    assert frames == [12 * 640, 12 * 640, 4 * 640]


def test_the_voice_of_the_first_reply_carries_into_the_second() -> None:
    codec = load_codec("high")
    sound = torch.from_numpy(np.random.default_rng(1).uniform(-0.3, 0.3, (12, 640))).float()
    encoder = codec.stream_encoder(1)
    first = [encoder.step(frame[None], [0])[0] for frame in sound]
    encoder.reset(0, keep_voice=True)
    second = [encoder.step(frame[None], [0])[0] for frame in sound[:4]]
    streams = [Stream(codec.rate, first), Stream(codec.rate, second)]
    _, after = decode_streams({"high": ConcealingCodec(codec)}, streams)
    (alone,) = decode_streams({"high": ConcealingCodec(codec)}, streams[1:])
    assert not torch.equal(after, alone)


def test_a_log_cut_in_its_last_line_still_plays(
    tmp_path: Path, log: Path, codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "load_codec", lambda rate, weights: codec)
    log.write_bytes(log.read_bytes()[:-9])
    written = replay(log, tmp_path / "out")
    assert soundfile.info(written[-1]).frames == 3 * 640


@pytest.mark.parametrize(
    "content", [None, b"", b"not a log\n", b'{"format": "secousti-call", "version": 9}\n']
)
def test_what_is_no_log_is_told(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "call.jsonl").write_bytes(content)
    out = tmp_path / "out"
    assert main(["replay", str(tmp_path / "call.jsonl"), "--out", str(out)]) == 2
    fault = capsys.readouterr().err
    assert "call.jsonl" in fault
    assert fault.count("\n") == 1
    assert not out.exists()


def test_missing_weights_are_told(tmp_path: Path, log: Path) -> None:
    with pytest.raises(SecoustiError, match="nowhere"):
        replay(log, tmp_path / "out", tmp_path / "nowhere.safetensors")


def test_replies_are_named_as_the_caller_counts_them() -> None:
    assert [reply_name(generation) for generation in (1, 2, 3)] == [
        "greeting.wav",
        "reply-1.wav",
        "reply-2.wav",
    ]


def test_a_telephone_call_is_written_without_any_codec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mulaw = PcmFormat("mulaw", 8_000)
    record = CallLog(
        tmp_path / "call.jsonl", PcmSound(mulaw, mulaw), itertools.count().__next__, "now"
    )
    record.up([mulaw.encode(np.full(4_000, 0.25, np.float32))])
    record.down(1, [mulaw.encode(np.full(800, 0.5, np.float32))])
    record.close()
    monkeypatch.setattr(replaying, "load_codec", None)
    written = replay(record.path, tmp_path / "out")
    assert [path.name for path in written] == ["caller.wav", "greeting.wav"]
    caller, greeting = (soundfile.read(path)[0] for path in written)
    assert (len(caller), len(greeting)) == (8_000, 1_600)
    assert caller[4_000] == pytest.approx(0.25, abs=0.01)
    assert greeting[800] == pytest.approx(0.5, abs=0.02)
