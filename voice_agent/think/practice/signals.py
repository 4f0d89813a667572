"""What the words of a rehearsed line show, as numbers: how often each cue is heard."""

from __future__ import annotations

import re
from functools import cache

from voice_agent.think.tables import table
from voice_agent.think.words import Heard, hear

MOST = 3  # hits of one cue that count
_RAW = "fillers"
_WORDS_SCALE = 40.0  # a long spoken line


@cache
def _cues() -> dict[str, tuple[re.Pattern[str], ...]]:
    return {
        name: tuple(re.compile(pattern) for pattern in patterns)
        for name, patterns in table("practice/cues").items()
    }


def signals(text: str, heard: Heard | None = None) -> dict[str, float]:
    """Signal -> value, 0 to 1; what is not heard is left out."""
    heard = heard or hear(text)
    counts = {
        name: sum(len(p.findall(text.lower() if name == _RAW else heard.text)) for p in patterns)
        for name, patterns in _cues().items()
    }
    found = {name: min(count, MOST) / MOST for name, count in counts.items() if count}
    found |= {f"any:{name}": 1.0 for name, count in counts.items() if count}
    words = len(heard.text.split())
    found["length"] = min(1.0, words / _WORDS_SCALE)
    if "?" in text:
        found["asks"] = 1.0
    if text.rstrip().endswith("?"):
        found["ends asking"] = 1.0
    return found
