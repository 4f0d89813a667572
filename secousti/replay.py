"""A call's log as audio again: what the caller heard and what the agent heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from codec import Codec, load_codec
from codec.audio import write_wav
from codec.rates import Rate
from secousti.files import existing, replacing
from server.calllog import RecordedCall, read_call


def reply_name(generation: int) -> str:
    """The sound file of one reply: the agent opens with generation 1, the greeting."""
    return "greeting.wav" if generation == 1 else f"reply-{generation - 1}.wav"


def replay(log: Path, out: Path, weights: Path | None = None) -> list[Path]:
    """Write the audio of the call in ``log`` to the folder ``out``; the paths written.

    Decoding repeats the steps of the live decoders packet by packet, so the samples are the
    same. A call without tokens needs no codec.

    Raises:
        SecoustiError: the log or the weights are not whole.
    """
    call = read_call(existing(log, "the log of a call"))
    names = ["caller.wav", *map(reply_name, call.generations())]
    sounds = decoded(call, weights) if isinstance(call.sound, Rate) else recorded(call)
    return [write(out / name, wav) for name, wav in zip(names, sounds, strict=True)]


def decoded(call: RecordedCall, weights: Path | None) -> list[Tensor]:
    """The caller and then each reply of a call that came as tokens, float32 [T]."""
    codec = load_codec(call.rate.name, weights=weights)
    replies = [call.downlink(number) for number in call.generations()]
    return decode_streams(codec, [call.uplink()]) + decode_streams(codec, replies)


def recorded(call: RecordedCall) -> list[Tensor]:
    """The same of a call that came as samples."""
    replies = [call.pcm("down", number) for number in call.generations()]
    return [torch.from_numpy(wav) for wav in (call.pcm("up"), *replies)]


def decode_streams(codec: Codec, streams: Sequence[Sequence[bytes]]) -> list[Tensor]:
    """Streams that one decoder hears after each other, each float32 [T]; voice is kept between."""
    decoder = codec.stream_decoder(slots=1)
    sounds = []
    for packets in streams:
        decoder.reset(0, keep_voice=True)
        steps = [decoder.step([packet], [0])[0] for packet in packets]
        sounds.append(torch.cat(steps) if steps else torch.zeros(0))
    return sounds


def write(path: Path, wav: Tensor) -> Path:
    with replacing(path) as draft:
        write_wav(draft, wav)
    return path
