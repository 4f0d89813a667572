"""The numbers of a run, by kind of scene, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from voice_agent.evaluate.turns.measure import RemarkResult, TurnResult

HEADER = (
    f"{'scenes':<11}{'turns':>6}{'ended early':>13}{'cut in':>8}"
    f"{'delay p50':>11}{'p95':>7}{'word error':>12}"
)


def summary(results: Sequence[TurnResult]) -> dict[str, Any]:
    """Shares (of turns) and milliseconds by kind, and of all."""
    kinds = dict.fromkeys(result.kind for result in results)
    rows = {kind: _row([r for r in results if r.kind == kind]) for kind in kinds}
    return rows | {"all": _row(results)}


def table(rows: dict[str, Any]) -> str:
    """The summary as text."""
    lines = [HEADER]
    for kind, row in rows.items():
        error = "" if row["word_error"] is None else f"{row['word_error']:.1%}"
        lines.append(
            f"{kind:<11}{row['turns']:>6}{row['ended_early']:>13.0%}{row['cut_in']:>8.0%}"
            f"{row['delay_ms_p50']:>8.0f} ms{row['delay_ms_p95']:>7.0f}"
            f"{error:>12}"
        )
    return "\n".join(lines)


def remark_summary(results: Sequence[RemarkResult]) -> dict[str, int]:
    """How many remarks of each kind were taken for turns, and of how many."""
    listening = [r.taken for r in results if not r.takes]
    taking = [r.taken for r in results if r.takes]
    return {
        "backchannels": len(listening),
        "backchannels_taken": sum(listening),
        "interruptions": len(taking),
        "interruptions_missed": len(taking) - sum(taking),
    }


def remark_line(counts: dict[str, int]) -> str:
    """The counts as text."""
    return (
        f"over the agent: {counts['backchannels_taken']} of {counts['backchannels']} backchannels "
        f"taken as turns, {counts['interruptions_missed']} of {counts['interruptions']} "
        "interruptions missed"
    )


def _row(results: Sequence[TurnResult]) -> dict[str, Any]:
    delays = [r.delay_ms for r in results if r.delay_ms is not None]
    words = sum(r.words for r in results)
    return {
        "turns": len(results),
        "pauses_put_in": sum(r.pauses for r in results),
        "ended_early": _share([r.early > 0 for r in results]),
        "cut_in": _share([r.cut_in > 0 for r in results]),
        "never_ended": sum(r.delay_ms is None for r in results),
        "delay_ms_p50": round(float(np.percentile(delays, 50)), 1) if delays else float("nan"),
        "delay_ms_p95": round(float(np.percentile(delays, 95)), 1) if delays else float("nan"),
        "word_error": round(sum(r.errors for r in results) / words, 4) if words else None,
    }


def _share(flags: Sequence[bool]) -> float:
    return round(float(np.mean(flags)), 4) if flags else float("nan")
