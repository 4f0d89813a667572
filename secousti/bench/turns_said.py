"""What the callers of ``secousti bench calls`` say where no other recordings are named.

*Long* are the bundled turns as they are, each of several sentences with pauses; *usual* are the
same, cut between sentences to the length of most turns of the dialogue corpus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

from codec.rates import SAMPLE_RATE_HZ
from secousti.demo import BUNDLED_CALLER, bundled_turns
from secousti.recording import read_turn
from server.parts import Pcm

LONG, USUAL = "long", "usual"
CUTS = BUNDLED_CALLER / "usual.json"


def turns_said(length: str) -> list[Pcm]:
    """The bundled turns of that length, float32 ``[T]`` each."""
    if length == LONG:
        return [read_turn(path).wav for path in bundled_turns()]
    cuts = json.loads(CUTS.read_text(encoding="utf-8"))["cuts_s"]
    return [part for path in bundled_turns() for part in _cut(read_turn(path).wav, cuts[path.name])]


def _cut(wav: Pcm, cuts_s: list[float]) -> Iterator[Pcm]:
    places = [0, *(round(at * SAMPLE_RATE_HZ) for at in cuts_s), len(wav)]
    for start, stop in pairwise(places):
        yield wav[start:stop]
