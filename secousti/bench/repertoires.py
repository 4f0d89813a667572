"""The far ends of the benchmarks by the wire they are on, and what their callers say there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codec import load_codec
from codec.conceal import ConcealingCodec
from codec.rates import rate_named
from secousti.bench.far_ends import AudioSocketEnd, FarEnd, NativeEnd, TwilioEnd
from secousti.bench.lines import Repertoire, pcm_repertoire, token_repertoire
from server.parts import Pcm
from server.wires.twilio import MULAW

WIRES = ("native", "twilio", "audiosocket")
PHONE_FRAME_MS = 20


def end_of(wire: str, rate: str = "high") -> Callable[[], FarEnd]:
    """What makes far ends of one kind, our own speaking at ``rate``."""
    makers: dict[str, Callable[[], FarEnd]] = {
        "native": lambda: NativeEnd(rate_named(rate)),
        "twilio": TwilioEnd,
        "audiosocket": AudioSocketEnd,
    }
    return makers[wire]


def repertoire_of(wire: str, wavs: Sequence[Pcm], rate: str = "high") -> Repertoire:
    """``wavs``, float32 ``[T]`` at 16 kHz, as that wire carries them."""
    if wire == "native":
        return token_repertoire(ConcealingCodec(load_codec(rate)), rate_named(rate), wavs)
    return pcm_repertoire(MULAW if wire == "twilio" else AudioSocketEnd.form, PHONE_FRAME_MS, wavs)
