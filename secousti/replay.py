"""A call's log as audio again: what the caller heard and what the agent heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from codec import load_codec
from codec.audio import write_wav
from codec.conceal import ConcealingCodec
from codec.rates import Rate
from secousti.files import existing, replacing
from server.calllog import RecordedCall, Stream, read_call


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
    """The caller and then each reply of a call that came as tokens, float32 [T]; ``weights`` are
    those of the rate it began at."""
    replies = [Stream(call.rate_of(n), [*call.downlink(n)]) for n in call.generations()]
    caller = call.uplinks()
    rates = {stream.rate.name for stream in (*caller, *replies)}
    own = {call.rate.name: weights}
    codecs = {rate: ConcealingCodec(load_codec(rate, weights=own.get(rate))) for rate in rates}
    return [torch.cat(decode_streams(codecs, caller)), *decode_streams(codecs, replies)]


def recorded(call: RecordedCall) -> list[Tensor]:
    """The same of a call that came as samples."""
    replies = [call.pcm("down", number) for number in call.generations()]
    return [torch.from_numpy(wav) for wav in (call.pcm("up"), *replies)]


def decode_streams(
    codecs: Mapping[str, ConcealingCodec], streams: Sequence[Stream]
) -> list[Tensor]:
    """Streams that one listener hears after each other, each float32 [T]; the voice is kept from
    one to the next of the same rate."""
    decoders = {rate: codec.stream_decoder(slots=1) for rate, codec in codecs.items()}
    sounds, before = [], None
    for stream in streams:
        decoder = decoders[stream.rate.name]
        decoder.reset(0, keep_voice=stream.rate == before)
        before = stream.rate
        steps = [decoder.step([packet], [0])[0] for packet in stream.packets]
        sounds.append(torch.cat(steps) if steps else torch.zeros(0))
    return sounds


def write(path: Path, wav: Tensor) -> Path:
    with replacing(path) as draft:
        write_wav(draft, wav)
    return path
