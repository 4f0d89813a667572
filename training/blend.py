"""``python -m training.blend FROM.pt TO.pt OUT.safetensors --share .4``: a point between two runs.

The averages of a run and of one that went on from it lie in one valley, so that a point between
them can be better than either: the second run's gain, with less of what it gave up for it
(Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from torch import Tensor

from codec.errors import SecoustiError
from training.checkpoint import export_weights, load_checkpoint


def blend(start: Path, end: Path, out: Path, share: float) -> None:
    """Writes ``(1 - share) * start + share * end`` of two checkpoints' averages, in float16.

    Raises:
        SecoustiError: a checkpoint is unreadable, or they are not of the same network; or
            ``share`` is not in 0-1.
    """
    if not 0 <= share <= 1:
        raise SecoustiError(f"a share of {share}: choose one from 0 to 1")
    ours, theirs = (_average(path) for path in (start, end))
    if {k: v.shape for k, v in ours.items()} != {k: v.shape for k, v in theirs.items()}:
        raise SecoustiError(f"{start} and {end} are not runs of the same network")
    values = {name: torch.lerp(ours[name], theirs[name], share) for name in ours}
    export_weights(out, values, {"blend": f"{share:g} of a later run"})


def _average(path: Path) -> dict[str, Tensor]:
    content = load_checkpoint(path)
    if "average" not in content:
        raise SecoustiError(f"{path} is no checkpoint of 'secousti train codec'")
    average: dict[str, Tensor] = content["average"]
    return average


def main(words: list[str]) -> str | None:
    """Blends two checkpoints; the fault as one line, or None."""
    parser = argparse.ArgumentParser(prog="python -m training.blend")
    for name in ("start", "end", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the later run, 0-1")
    args = parser.parse_args(words)
    try:
        blend(args.start, args.end, args.out, args.share)
    except SecoustiError as fault:
        return str(fault)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
