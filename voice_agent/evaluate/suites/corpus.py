"""Suite ``corpus``: are the dialogue files sound, and what is in them?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.evaluate.corpus import SPLITS, check_file
from voice_agent.evaluate.decisions import STAGES, STRATEGIES
from voice_agent.evaluate.report import Report, Score, Table, grid
from voice_agent.evaluate.suites.crisis import LEVELS
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.talks import Talk, TalkTurn, read_talks

MOST_FAULTS = 20


def run_corpus(path: Path, options: Options) -> Report:
    """Check every file strictly, then count.

    Raises:
        SecoustiError: there are faults; each is named with file, line and field.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    faults = [fault for file in files for fault in check_file(file)]
    if faults:
        shown = "\n  ".join(faults[:MOST_FAULTS])
        raise SecoustiError(f"{len(faults)} faults in {path}:\n  {shown}")
    talks = read_talks(*files)
    turns = [turn for talk in talks for turn in talk.turns]
    return Report(
        suite="corpus",
        n=len(talks),
        scores={
            "families": Score(float(len({talk.family for talk in talks}))),
            "turns a dialogue": Score(len(turns) / len(talks)),
            "words a caller turn": Score(_mean_words(turns, "caller")),
            "words a supporter turn": Score(_mean_words(turns, "supporter")),
        },
        tables={
            "dialogues": _dialogues(talks),
            "strategies": _shares(STRATEGIES, [t.strategy for t in turns if t.strategy]),
            "stages": _shares(STAGES, [t.stage for t in turns if t.stage]),
            "risk of caller turns": _shares(LEVELS, [t.risk for t in turns if t.risk]),
        },
    )


def _mean_words(turns: Sequence[TalkTurn], who: str) -> float:
    counts = [len(turn.text.split()) for turn in turns if turn.who == who]
    return sum(counts) / max(1, len(counts))


def _dialogues(talks: Sequence[Talk]) -> Table:
    rows = []
    for split in SPLITS:
        own = [talk for talk in talks if talk.split == split]
        rows.append((len({t.family for t in own}), len(own), sum(len(t.turns) for t in own)))
    return grid(SPLITS, ("families", "dialogues", "turns"), rows)


def _shares(labels: Sequence[str], found: Sequence[str]) -> Table:
    counts = Counter(found)
    rows = [(counts[x], round(100 * counts[x] / max(1, len(found)), 1)) for x in labels]
    return grid(labels, ("turns", "percent"), rows)
