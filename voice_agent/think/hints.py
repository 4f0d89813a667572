"""The second crisis net: sentence vectors near indirect ways of not wanting to live.

It may only raise the risk to "watch", where the agent asks directly; the phrase rules never wait
for it. Examples are in ``data/guard/hints``.
"""

from __future__ import annotations

import numpy as np

from voice_agent.think.prototypes import Embed, Vectors
from voice_agent.think.tables import table
from voice_agent.think.words import Heard

# On 350 project-written turns: 3 % of harmless ones caught, 35 % of indirect hints (the rules have
# their own, larger share); stricter values lose hints faster than false alarms.
MIN_COSINE = 0.45
MIN_LEAD = 0.05  # over the nearest everyday turns
MIN_WORDS = 5  # "bye" and "maybe" lie near anything
NEAREST = 2  # mean of this many nearest examples, so that one odd seed does not decide


class HintNet:
    """Shared and immutable."""

    def __init__(self, embed: Embed) -> None:
        """Args:
        embed: texts -> float32 [N, 384], L2-normalised.
        """
        book = table("guard/hints")
        self._near = embed(list(book["near"]))  # [N, 384]
        self._far = embed(list(book["far"]))  # [M, 384]

    def hit(self, heard: Heard, vector: Vectors) -> bool:
        """Whether a turn and its vector [384] are closer to a hint than to everyday talk."""
        if len(heard.text.split()) < MIN_WORDS:
            return False
        near, far = _closeness(self._near, vector), _closeness(self._far, vector)
        return near >= MIN_COSINE and near - far >= MIN_LEAD


def _closeness(examples: Vectors, vector: Vectors) -> float:
    cosines = np.sort(examples @ vector)
    return float(cosines[-NEAREST:].mean())
