"""Suite ``mi``: motivational-interviewing codes of single sentences, and of whole replies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from voice_agent.evaluate.fit.mi import CodedReply, coded_replies
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.metrics import Pairs, accuracy, confusion, f1_scores, macro_f1_present
from voice_agent.evaluate.report import Report, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.talks import read_talks
from voice_agent.think.mi import CODES, canonical_code
from voice_agent.think.mi_coder import learnt_codes
from voice_agent.think.prototypes import Embed
from voice_agent.think.settings import Part

QUESTIONS = ("open_question", "closed_question", "seek_collaboration")
REFLECTIONS = ("simple_reflection", "complex_reflection")


def run_mi(path: Path, options: Options) -> Report:
    """Measure on lines of ``{"text", "role", "code"}``, or on dialogues with codes."""
    groups = _groups(path, options)
    embed = None if Part.HEADS in options.settings.leave_out else options.memo
    if embed is not None:
        replies = [reply for group in groups for reply in group]
        embed.prefetch(text for reply in replies for text in (*reply.said, reply.caller))
    coded = [[pair for r in group for pair in _pairs(r, embed)] for group in groups]
    by_rule = [[pair for r in group for pair in _pairs(r, None)] for group in groups]
    pairs = _flat(coded)
    present = [code for code in CODES if any(code in pair for pair in pairs)]
    f1 = f1_scores(pairs, present)
    counts = [(sum(g == c for g, _ in pairs), round(f1[c], 3)) for c in present]
    return Report(
        suite="mi",
        n=len(pairs),
        scores={
            "macro-F1": scored(coded, _macro, options.seed, ">= 0.68"),
            "macro-F1, rules alone": scored(by_rule, _macro, options.seed),
            "accuracy": scored(coded, lambda c: accuracy(_flat(c)), options.seed),
            "macro-F1, four kinds": scored(coded, _macro_kinds, options.seed, note=_KINDS_NOTE),
        },
        tables={
            "codes": grid(present, ("gold", "F1"), counts),
            "confusion": grid(present, present, confusion(pairs, present)),
        },
        notes=("a dialogue's sentences are coded in their reply; lines by themselves",),
    )


_KINDS_NOTE = "question, reflection, input, other: AnnoMI's grain"


def _pairs(reply: CodedReply, embed: Embed | None) -> Pairs:
    """(gold, said) for every sentence of a reply."""
    return list(zip(reply.codes, learnt_codes(reply.said, reply.caller, embed), strict=True))


def _groups(path: Path, options: Options) -> list[list[CodedReply]]:
    """Coded replies grouped by dialogue, or single lines one by one."""
    if not path.is_dir() and "code" in (rows := read_rows(path))[0].fields:
        return [[_line(row)] for row in rows]
    talks = [t for t in read_talks(path) if not options.split or t.split == options.split]
    return [list(coded_replies(talk)) for talk in talks]


def _line(row: Row) -> CodedReply:
    row.text("role", "supporter")
    code = canonical_code(row.text("code"))
    chosen = Row(row.place, {"code": code}).choice("code", CODES)
    return CodedReply((row.text("text"),), (chosen,), "", "")


def _macro(groups: Sequence[Pairs]) -> float:
    return macro_f1_present(_flat(groups))


def _flat(groups: Sequence[Pairs]) -> list[tuple[str, str]]:
    return [pair for group in groups for pair in group]


def _macro_kinds(groups: Sequence[Pairs]) -> float:
    return macro_f1_present([(_kind(gold), _kind(said)) for gold, said in _flat(groups)])


def _kind(code: str) -> str:
    if code in QUESTIONS:
        return "question"
    if code in REFLECTIONS:
        return "reflection"
    inputs = ("give_information", "persuade", "persuade_with_permission")
    return "input" if code in inputs else "other"
