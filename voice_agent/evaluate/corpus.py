"""The project's dialogue corpus: where it is, its splits, and a strict check of its format.

Format: one dialogue a line, one family a file; ``voice_agent/data/dialogues/README.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import resources
from itertools import pairwise
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.contracts import RiskLevel, Stage, Strategy
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.talks import Talk, read_talks
from voice_agent.think.mi import CODES, canonical_code, sentences
from voice_agent.think.tables import table, table_names

SPLITS = ("train", "valid", "test")
AGES = ("teens", "20s", "30s", "40s", "50s", "60s", "70s+")
FEWEST_TURNS, MOST_TURNS = 10, 30
_LEVELS = [level.value for level in RiskLevel]


def corpus_folder() -> Path:
    """The folder of the corpus inside the package."""
    return Path(str(resources.files("voice_agent").joinpath("data", "dialogues")))


def corpus(split: str, folder: Path | None = None) -> list[Talk]:
    """Dialogues of one split ("train", "valid" or "test").

    Raises:
        SecoustiError: a malformed file, or no dialogue of that split.
    """
    talks = [t for t in read_talks(folder or corpus_folder()) if t.split == split]
    if not talks:
        raise SecoustiError(f"The dialogue corpus has no '{split}' dialogues; check its files.")
    return talks


def check_file(path: Path) -> list[str]:
    """Everything wrong with one family's file, each with line and field; empty when it is sound.

    Raises:
        SecoustiError: the file is not JSON lines at all.
    """
    rows = read_rows(path)
    ids = Counter(str(row.fields.get("id")) for row in rows)
    found = [f"{path.name}: id '{name}' is used {n} times" for name, n in ids.items() if n > 1]
    splits = sorted({str(row.fields.get("split")) for row in rows})
    if len(splits) > 1:
        found.append(f"{path.name}: one family, but splits {', '.join(splits)}")
    for row in rows:
        if row.fields.get("family") != path.stem:
            found.append(f"{row.place}: field 'family' must be the file's name, '{path.stem}'.")
        found += _faults(row)
    return found


def _faults(row: Row) -> list[str]:
    """Faults of one dialogue; the first that hides others ends the list."""
    try:
        row.text("id"), row.text("problem")
        row.choice("split", SPLITS)
        row.choice("locale", table_names("locales"))
        peak = row.choice("risk_peak", _LEVELS)
        caller = Row(f"{row.place}, caller", row.table("caller"))
        caller.choice("age", AGES), caller.text("mood"), caller.text("speech")
        turns = row.rows("turns")
    except SecoustiError as fault:
        return [str(fault)]
    return [*_turn_faults(turns), *_whole_faults(row, turns, peak)]


def _turn_faults(turns: Iterable[Row]) -> Iterator[str]:
    for turn in turns:
        try:
            _check_turn(turn)
        except SecoustiError as fault:
            yield str(fault)


def _check_turn(turn: Row) -> None:
    if not turn.text("text").strip():
        raise turn.fault("field 'text' is empty.")
    if turn.choice("who", ("caller", "supporter")) == "caller":
        turn.choice("emotion", [*table("understand/emotions"), "neutral"])
        turn.choice("risk", _LEVELS)
        return
    turn.choice("strategy", [s.value for s in Strategy])
    turn.choice("stage", [s.value for s in Stage])
    codes = turn.texts("mi")
    for code in codes:
        if canonical_code(code) not in CODES:
            raise turn.fault(f"field 'mi' holds '{code}'; expected codes of {', '.join(CODES)}.")
    count = len(sentences(turn.text("text")))
    if len(codes) != count:
        raise turn.fault(f"field 'mi' has {len(codes)} codes for {count} sentences.")


def _whole_faults(row: Row, turns: list[Row], peak: str) -> Iterator[str]:
    if not FEWEST_TURNS <= len(turns) <= MOST_TURNS:
        yield f"{row.place}: field 'turns' has {len(turns)}; expected 10 to 30."
    speakers = [turn.fields.get("who") for turn in turns]
    if any(a == b for a, b in pairwise(speakers)):
        yield f"{row.place}: field 'turns' must alternate between caller and supporter."
    risks = [turn.fields.get("risk") for turn in turns if turn.fields.get("who") == "caller"]
    known = [risk for risk in risks if risk in _LEVELS]
    if known and max(known, key=_LEVELS.index) != peak:
        yield f"{row.place}: field 'risk_peak' is '{peak}', but the gravest turn is another."
