"""Sound files to tokens and back, block by block: a long one needs no more memory than a short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from torch import Tensor

from codec import SAMPLE_RATE_HZ, Codec, Tokens
from codec.audio import audio_blocks, audio_seconds, write_blocks

PATIENCE_S = 60.0  # of sound; what is shorter is done before a bar is read


def encode_file(codec: Codec, audio: Path) -> Tokens:
    """The tokens of the sound file ``audio``.

    Raises :class:`~codec.errors.SecoustiError` as :func:`codec.audio.read_audio` does.
    """
    encoder = codec.whole_encoder()
    for block in watched(audio_blocks(audio), audio_seconds(audio), "encoding"):
        encoder.push(block)
    return encoder.finish()


def decode_file(codec: Codec, tokens: Tokens, audio: Path) -> None:
    """Writes ``tokens`` as the 16 kHz wav file ``audio``, whole or not at all."""
    write_blocks(audio, watched(codec.decode_blocks(tokens), tokens.seconds, "decoding"))


def watched(blocks: Iterable[Tensor], seconds: float, what: str) -> Iterator[Tensor]:
    """``blocks`` as they are; if they last longer than a minute, with a bar on standard error."""
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console, brief = Console(stderr=True), seconds <= PATIENCE_S
    with Progress(*columns, console=console, disable=brief, transient=True) as bar:
        task = bar.add_task(what, total=seconds)
        for block in blocks:
            yield block
            bar.advance(task, block.shape[-1] / SAMPLE_RATE_HZ)
