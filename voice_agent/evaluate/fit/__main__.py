"""``python -m voice_agent.evaluate.fit [NAME ...]``: fit the learnt heads again.

Without names all are fitted. ``--vectors FILE.npz`` keeps sentence vectors between runs, which is
most of the time it takes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.evaluate.fit.crisis import fit_crisis
from voice_agent.evaluate.fit.ending import fit_ending
from voice_agent.evaluate.fit.mi import fit_mi
from voice_agent.evaluate.fit.moves import fit_stage, fit_strategy
from voice_agent.evaluate.fit.practice import fit_practice
from voice_agent.evaluate.memo import Memo
from voice_agent.think.heads import Head, head_path
from voice_agent.vectors import SentenceVectors

HEADS: dict[str, Callable[[Memo], Head]] = {
    "crisis": fit_crisis,
    "strategy": fit_strategy,
    "stage": fit_stage,
    "mi": fit_mi,
    "practice": fit_practice,
    "ending": fit_ending,
}


def main() -> int:
    """Fit the named heads and write each into the package."""
    parser = argparse.ArgumentParser(prog="python -m voice_agent.evaluate.fit", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(HEADS)}")
    parser.add_argument("--vectors", type=Path, metavar="FILE.npz")
    args = parser.parse_args()
    try:
        memo = Memo(SentenceVectors.load(), args.vectors)
        for name in args.names or HEADS:
            _fit(name, memo)
    except SecoustiError as fault:
        print(f"fit: {fault}", file=sys.stderr)
        return 2
    return 0


def _fit(name: str, memo: Memo) -> None:
    if name not in HEADS:
        raise SecoustiError(f"There is no head '{name}'; known: {', '.join(HEADS)}.")
    head = HEADS[name](memo)
    memo.save()
    head.save(head_path(name))
    size_kb = head_path(name).stat().st_size // 1024
    print(f"{name}: {size_kb} kB, {head.recipe.size} features, {dict(head.notes)}")


if __name__ == "__main__":
    sys.exit(main())
