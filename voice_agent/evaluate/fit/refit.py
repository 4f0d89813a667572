"""The planner fitted on a team's own dialogues, and measured on those it did not see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from codec.errors import SecoustiError
from voice_agent.evaluate.fit.moments import FOLDS, Moments, folds_of, moments, picked
from voice_agent.evaluate.fit.moves import choices, planner_head
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.talks import Talk
from voice_agent.think.heads import packaged_head

FEWEST_TALKS = 40  # a planner of eight moves learnt from less is worse than the packaged one


def refit_planner(talks: list[Talk], memo: Memo, path: Path) -> list[list[tuple[str, str]]]:
    """Fit the planner's head to these supporters and write it.

    Returns:
        (gold, favoured) pairs of every dialogue, by heads that saw neither it nor its family;
        what each is held back and debiased by was chosen without them as well.

    Raises:
        SecoustiError: too few dialogues carry strategies, or the file cannot be written.
    """
    rows = moments(talks, memo, packaged_head("stage"))
    rows = picked(rows, np.array([bool(strategy) for strategy in rows.strategies]))
    families = sorted(set(rows.families))
    if len(families) < FEWEST_TALKS:
        raise SecoustiError(
            f"A planner is fitted on {FEWEST_TALKS} families of dialogues or more; "
            f"{len(families)} of these carry a strategy."
        )
    if not path.parent.is_dir():
        raise SecoustiError(f"There is no folder {path.parent} for the planner; make it first.")
    groups = _held_out(rows)
    try:
        planner_head(rows).save(path)
    except (OSError, SafetensorError) as fault:
        raise SecoustiError(f"The planner {path} cannot be written ({fault}).") from fault
    return groups


def _held_out(rows: Moments) -> list[list[tuple[str, str]]]:
    folds = folds_of(rows.families)
    fold = np.array([folds[family] for family in rows.families])
    groups: dict[str, list[tuple[str, str]]] = {}
    for number in range(FOLDS):
        unseen = picked(rows, fold == number)
        said = choices(planner_head(picked(rows, fold != number)), unseen)
        for family, gold, favoured in zip(unseen.families, unseen.strategies, said, strict=True):
            groups.setdefault(family, []).append((gold, favoured))
    return [groups[family] for family in sorted(groups)]
