"""Whether words are the agent's own, come back over the caller's line.

A telephone whose echo canceller fails plays the agent to the agent. Taken for a barge-in it cuts
every reply; taken for a turn it is answered. So words over the agent's voice are compared with what
it is saying.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from voice_agent.listen.endings import words_of

SAME = 0.85  # of the words, in the agent's order: recognisers mishear a word of echo now and then
FEWEST = 5  # words of a turn that is dropped; fewer may be a caller who repeats what he heard


def is_echo(heard: str, said: str, fewest: int = FEWEST) -> bool:
    """Whether ``heard`` has at least ``fewest`` words and they are those of ``said``, in order."""
    words = words_of(heard)
    if len(words) < fewest:
        return False
    blocks = SequenceMatcher(None, words, words_of(said), autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) >= SAME * len(words)
