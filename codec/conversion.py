"""Voice conversion: the tokens say what is spoken, the voice codeword says by whom.

The words of one recording are decoded with the voice of another. Of the second recording only its
last voice codeword is used, 16 bits: the description is a running one, so the last has heard most.
It is held from the first sample to the end. What the tokens themselves carry of the first speaker
stays in them; ``secousti bench convert`` measures how much that is.
"""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from codec.codec import Codec, packets_of
from codec.errors import SecoustiError
from codec.rates import DELAY_SAMPLES, SAMPLE_RATE_HZ


def convert(codec: Codec, content: Tensor, voice: Tensor) -> Tensor:
    """What ``content`` says, as ``voice`` would say it: float32 ``[T]``, as long as ``content``.

    Both are float32 at 16 kHz, ``[T]`` and ``[V]``. Raises :class:`SecoustiError` when either is
    empty or not finite, or ``voice`` is silent or too short to carry a codeword.
    """
    codeword = settled_voice(codec, voice)
    tokens = codec.encode(content)
    held = replace(tokens, voice=torch.full_like(tokens.voice, codeword))
    decoder = codec.stream_decoder()
    decoder.voice[0] = codeword  # in force before the stream's own first codeword comes
    wav = torch.cat([decoder.step([packet], [0]) for packet in packets_of(held)], dim=1)[0]
    spoken = wav[DELAY_SAMPLES : DELAY_SAMPLES + tokens.samples]
    return F.pad(spoken, (0, tokens.samples - len(spoken)))


def settled_voice(codec: Codec, wav: Tensor) -> int:
    """The last voice codeword of ``wav`` float32 ``[V]``; five seconds of speech settle it.

    Raises :class:`SecoustiError` when ``wav`` is silent or ends before its first codeword.
    """
    if wav.numel() and not wav.any():
        raise SecoustiError("the voice recording is silent: give some speech of the voice")
    codewords = codec.encode(wav).voice[0]
    if not len(codewords):
        raise SecoustiError(
            f"the voice recording lasts {len(wav) / SAMPLE_RATE_HZ:.2f} s, too short to tell a "
            "voice: give five seconds or more of one speaker"
        )
    return int(codewords[-1])
