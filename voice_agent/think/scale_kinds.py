"""Which scales there are: those of the package and those that an operator brings.

PHQ-9 and GAD-7 ship, because their owner lets anybody reproduce them. The wordings of ISI and PANAS
may not be shipped; an operator with a licence brings them as a file of the same form.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codec.errors import SecoustiError
from voice_agent.think.activity import Activity, Moment, says
from voice_agent.think.scale import Questionnaire, Scale, Total
from voice_agent.think.tables import table, table_names
from voice_agent.think.words import Heard


@dataclass(frozen=True)
class ScaleKind:
    """One scale; the :class:`~voice_agent.think.activity.Kind` of it."""

    questionnaire: Questionnaire
    asked: re.Pattern[str]

    @property
    def name(self) -> str:
        return self.questionnaire.name

    def asked_for(self, heard: Heard) -> bool:
        """Whether the caller asks for it by name."""
        return bool(self.asked.search(heard.text)) and says("ask", heard)

    def offer(self, moment: Moment) -> str | None:
        """Never: a questionnaire is the caller's wish."""
        return None

    def make(self, moment: Moment) -> Activity:
        """A new one."""
        return Scale(self.questionnaire)

    def restore(self, state: dict[str, Any]) -> Activity:
        """One as :meth:`Scale.state` left it."""
        answers = [None if a is None else int(a) for a in state["answers"]]
        if len(answers) >= len(self.questionnaire.items):
            raise ValueError(f"{self.name} has no item {len(answers) + 1}")
        return Scale(self.questionnaire, answers)


def scales(folder: Path | None = None) -> tuple[ScaleKind, ...]:
    """The package's scales and the TOML files of ``folder``.

    Raises:
        SecoustiError: there is no such folder, or a file does not hold together.
    """
    ours = {name: table(f"scales/{name}") for name in table_names("scales")}
    books = {**ours, **_own(folder)}
    return tuple(_kind(name, book) for name, book in books.items())


def _own(folder: Path | None) -> dict[str, dict[str, Any]]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise SecoustiError(f"there is no folder of scales {folder}: check the setting")
    try:
        return {p.stem: tomllib.loads(p.read_text("utf-8")) for p in sorted(folder.glob("*.toml"))}
    except (OSError, ValueError) as fault:
        raise SecoustiError(f"a scale in {folder} cannot be read: {fault}") from fault


def _kind(name: str, book: Mapping[str, Any]) -> ScaleKind:
    try:
        kind = ScaleKind(_questionnaire(name, book), re.compile("|".join(book["asked_for"])))
    except KeyError as fault:
        raise SecoustiError(f"scale '{name}' lacks {fault}; docs/exercises.md has all") from fault
    except (TypeError, ValueError, re.error) as fault:
        raise SecoustiError(f"scale '{name}' cannot be used: {fault}") from fault
    _check(kind.questionnaire)
    return kind


def _questionnaire(name: str, book: Mapping[str, Any]) -> Questionnaire:
    items = tuple(str(item) for item in book["items"])
    rows = book.get("answer") or table("understand/how_often")["answer"]
    return Questionnaire(
        name=name, called=book["called"], stem=book["stem"], choices=book["choices"], items=items,
        answers=tuple((int(row["score"]), re.compile("|".join(row["cues"]))) for row in rows),
        lowest=int(book.get("lowest", 0)), highest=int(book.get("highest", 3)),
        crisis_item=int(book["crisis_item"]),
        totals=tuple(_total(row, len(items)) for row in book["total"]),
    )  # fmt: skip


def _total(row: Mapping[str, Any], count: int) -> Total:
    return Total(
        called=row.get("called", "That's"),
        items=tuple(row.get("items", range(1, count + 1))),
        bands=tuple((int(most), str(word)) for most, word in row.get("bands", ())),
        worth_a_talk=row.get("worth_a_talk"),
    )


def _check(about: Questionnaire) -> None:
    """A scale that would be told wrongly is refused when it is read, not when it is used."""
    count, scores = len(about.items), range(about.lowest, about.highest + 1)
    if not 0 <= about.crisis_item <= count:
        raise SecoustiError(f"scale '{about.name}' has no item {about.crisis_item} (crisis_item)")
    if any(score not in scores for score, _ in about.answers):
        raise SecoustiError(f"scale '{about.name}': an answer lies outside lowest to highest")
    for total in about.totals:
        if not total.items or any(not 1 <= n <= count for n in total.items):
            raise SecoustiError(f"scale '{about.name}': a total over items that are not there")
        ends = [most for most, _ in total.bands]
        if ends and (ends != sorted(ends) or ends[-1] != about.highest * len(total.items)):
            raise SecoustiError(f"scale '{about.name}': its bands do not end at the highest total")
