"""Written-out dialogues for measuring: our own corpus, the suites' plain format, and ESConv.

All become one :class:`Talk`. ESConv spells its strategies in several ways; they are evened out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voice_agent.contracts import Stage, Strategy
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.think.mi import CODES, canonical_code

CALLER, SUPPORTER = "caller", "supporter"
_SPEAKERS = {
    "caller": CALLER, "seeker": CALLER, "usr": CALLER,
    "supporter": SUPPORTER, "sys": SUPPORTER,
}  # fmt: skip
_SPELLINGS = {
    "questions": "question",
    "restatement or paraphrasing": "restatement",
    "reflection of feelings": "reflection",
    "feelings": "reflection",
    "self-disclosure": "self_disclosure",
    "affirmation and reassurance": "affirmation",
    "providing suggestions": "suggestion",
    "providing suggestions or information": "suggestion",
    "other": "others",
}
_STRATEGIES = [s.value for s in Strategy]


@dataclass(frozen=True)
class TalkTurn:
    """One turn. ``strategy``, ``stage``, ``mi`` belong to supporters, ``emotion`` and ``risk`` to
    callers; what the data does not say is "" or ()."""

    who: str
    text: str
    strategy: str = ""
    stage: str = ""
    mi: tuple[str, ...] = ()
    emotion: str = ""
    risk: str = ""


@dataclass(frozen=True)
class Talk:
    """One dialogue. ``family`` groups dialogues of one origin; ``split`` is "" where not given."""

    id: str
    family: str
    turns: tuple[TalkTurn, ...]
    split: str = ""
    locale: str = "US"


def read_talks(*paths: Path) -> list[Talk]:
    """Every dialogue of some files; a folder stands for all its ``.jsonl`` files, sorted.

    Raises:
        SecoustiError: a malformed file, with line number and field.
    """
    files = [file for path in paths for file in _files(path)]
    return [_talk(row, file.stem, n) for file in files for n, row in enumerate(read_rows(file))]


def _files(path: Path) -> list[Path]:
    return sorted(path.glob("*.jsonl")) if path.is_dir() else [path]


def _talk(row: Row, stem: str, number: int) -> Talk:
    dialogue = "dialog" if "dialog" in row.fields else "turns"
    talk_id = row.text("id", f"{stem}-{number + 1}")
    return Talk(
        id=talk_id,
        family=row.text("family", talk_id),
        turns=tuple(_turn(turn) for turn in row.rows(dialogue)),
        split=row.text("split", ""),
        locale=row.text("locale", "US"),
    )


def _turn(row: Row) -> TalkTurn:
    key = next((k for k in ("who", "role", "speaker") if k in row.fields), "who")
    who = _SPEAKERS[row.choice(key, _SPEAKERS)]
    if who == CALLER:
        return TalkTurn(
            who, row.text("text"), emotion=row.text("emotion", ""), risk=row.text("risk", "")
        )
    return TalkTurn(
        who,
        row.text("text"),
        strategy=_strategy(row),
        stage=_stage(row),
        mi=tuple(_code(row, name) for name in row.texts("mi", [])),
    )


def _strategy(row: Row) -> str:
    name = row.text("strategy", "").strip().lower()
    name = _SPELLINGS.get(name, name).replace(" ", "_")
    if name and name not in _STRATEGIES:
        known = ", ".join(_STRATEGIES)
        raise row.fault(f"field 'strategy' is '{name}'; expected one of {known}.")
    return name


def _stage(row: Row) -> str:
    name = row.text("stage", "")
    name = "insight" if name == "comforting" else name  # ESConv's word for Hill's middle stage
    return Row(row.place, {"stage": name}).choice("stage", [*Stage, ""]) if name else ""


def _code(row: Row, name: str) -> str:
    code = canonical_code(name)
    if code not in CODES:
        raise row.fault(f"field 'mi' holds '{name}'; expected codes of {', '.join(CODES)}.")
    return code
