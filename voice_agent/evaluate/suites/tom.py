"""Suite ``tom``: belief questions in the third and the first person, and the number game.

A diagnostic. The embedded answers are those of the tracker that follows a call's other people
(:mod:`voice_agent.think.perspective`); where it knows nothing of the matter, the option nearest to
the story is taken, and the report says how often. An endpoint is asked in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voice_agent.evaluate.first_person import Item, first_person
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import share
from voice_agent.evaluate.number_game import LEVELS, Player, play, rule_reader
from voice_agent.evaluate.report import Report, Score, Table, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.tracked import tracked_answer
from voice_agent.think.endpoint import Endpoint, Message

DEADLINE_S = 20.0  # nobody waits on the phone here
LETTERS = "ABCDEFGH"
Pair = tuple[bool, bool]  # right in the third person, right in the first


def run_tom(path: Path, options: Options) -> Report:
    """Answer lines of ``{"story","question","options","answer","ability"}`` in both persons."""
    items = [_item(row) for row in read_rows(path)]
    told = [(item, first_person(item)) for item in items]
    pairs = [(_right(third, options), _right(first, options)) for third, first in told]
    tracked = [tracked_answer(item) is not None for both in told for item in both]
    endpoint = options.mind.endpoint
    player = _asks(endpoint) if endpoint else rule_reader
    games = {f"number game, {level}": Score(share(play(level, player))) for level in LEVELS}
    return Report(
        suite="tom",
        n=len(items),
        scores={
            "third person": scored(pairs, lambda p: share([a for a, _ in p]), options.seed),
            "first person": scored(pairs, lambda p: share([b for _, b in p]), options.seed),
            "first less third": scored(pairs, _difference, options.seed, note="paired"),
            "chance": Score(sum(1 / len(item.options) for item in items) / len(items)),
            **({} if endpoint else {"answered by the tracker": Score(share(tracked))}),
            **games,
        },
        tables={"abilities": _abilities(items, pairs)},
        notes=()
        if endpoint
        else ("without a word from the tracker: the option nearest to the story",),
    )


def _item(row: Row) -> Item:
    choices = row.texts("options")
    if not 2 <= len(choices) <= len(LETTERS):
        raise row.fault(f"field 'options' has {len(choices)} entries; expected 2 to 8.")
    answer = row.text("answer")
    letter = answer.strip().rstrip(".").upper()
    if answer in choices:
        index = choices.index(answer)
    elif len(letter) == 1 and letter in LETTERS[: len(choices)]:
        index = LETTERS.index(letter)
    else:
        raise row.fault("field 'answer' must be one of the options or its letter.")
    return Item(
        row.text("story"), row.text("question"), tuple(choices), index, row.text("ability", "")
    )


def _right(item: Item, options: Options) -> bool:
    endpoint = options.mind.endpoint
    if endpoint:
        return _answered(item, endpoint) == item.answer
    tracked = tracked_answer(item)
    return (_nearest(item, options) if tracked is None else tracked) == item.answer


def _nearest(item: Item, options: Options) -> int:
    if options.memo is None:
        return 0
    vectors = options.memo([f"{item.story} {item.question}", *item.options])
    return int(np.argmax(vectors[1:] @ vectors[0]))


def _answered(item: Item, endpoint: Endpoint) -> int:
    listed = "\n".join(f"{LETTERS[n]}. {option}" for n, option in enumerate(item.options))
    asked = f"{item.story}\n\n{item.question}\n{listed}\n\nAnswer with one letter."
    said = endpoint.say(_question(asked), DEADLINE_S) or ""
    found = re.search(rf"\b[{LETTERS[: len(item.options)]}]\b", said)
    return LETTERS.index(found.group()) if found else -1


def _asks(endpoint: Endpoint) -> Player:
    def player(theirs: Sequence[int], ours: Sequence[int]) -> int:
        asked = (
            f"A number game. The opponent has said {list(theirs)}, you have guessed {list(ours)}. "
            "Guess the opponent's next number exactly. Answer with the number only."
        )
        found = re.search(r"-?\d+", endpoint.say(_question(asked), DEADLINE_S) or "")
        return int(found.group()) if found else -1

    return player


def _question(text: str) -> list[Message]:
    return [{"role": "user", "content": text}]


def _difference(pairs: Sequence[Pair]) -> float:
    return share([b for _, b in pairs]) - share([a for a, _ in pairs])


def _abilities(items: Sequence[Item], pairs: Sequence[Pair]) -> Table:
    names = sorted({item.ability for item in items})
    rows = []
    for name in names:
        own = [p for item, p in zip(items, pairs, strict=True) if item.ability == name]
        third, first = (round(share([p[k] for p in own]), 3) for k in (0, 1))
        rows.append((len(own), third, first))
    return grid(names or [""], ("n", "third person", "first person"), rows)
