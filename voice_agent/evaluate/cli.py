"""The words of ``secousti eval``: one measurement a suite, a page of reports, a corpus check."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from codec.errors import SecoustiError
from voice_agent.evaluate.report import (
    EMBEDDED,
    ENDPOINT,
    Report,
    read_reports,
    summary,
    write_reports,
)
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.suites.registry import SUITES, Suite
from voice_agent.think.settings import Part, ThinkSettings

TEXT = """\
Each suite reads JSON lines (a folder stands for all its .jsonl files) and prints its scores with
95 % bootstrap intervals; --json keeps them, 'secousti eval report' draws them.

  secousti eval strategy --data dialogues/ --split test --json strategy.json
  secousti eval crisis --data cases.jsonl --llm http://localhost:8000/v1 --json crisis.json
  secousti eval report strategy.json crisis.json --html report.html
  secousti eval corpus --data voice_agent/data/dialogues

suites:
"""


def describe_suites(more: Sequence[Suite] = ()) -> str:
    """The help text: examples and one line a suite."""
    lines = [f"  {suite.name:<18}{suite.about}" for suite in (*SUITES.values(), *more)]
    return TEXT + "\n".join(lines)


def add_eval_arguments(parser: argparse.ArgumentParser, more: Sequence[Suite] = ()) -> None:
    """Add the suites' and the report's words to the parser of ``secousti eval``.

    Args:
        more: suites of other rooms.
    """
    kinds = parser.add_subparsers(title="measurements", metavar="SUITE", required=True)
    for suite in (*SUITES.values(), *more):
        _add_suite(kinds.add_parser(suite.name, help=suite.about, description=suite.about), suite)
    report = kinds.add_parser("report", help="draw reports as one HTML page")
    report.add_argument("reports", type=Path, nargs="+", metavar="R.json")
    report.add_argument("--html", type=Path, default=Path("report.html"), metavar="FILE")
    report.set_defaults(measure=_draw)


def _add_suite(parser: argparse.ArgumentParser, suite: Suite) -> None:
    parser.add_argument("--json", type=Path, metavar="R.json", help="where the report goes")
    if not suite.data:
        parser.set_defaults(measure=_measure, suite=suite, data=Path(), split="", seed=0)
        parser.set_defaults(llm="", llm_model="", leave_out="", vectors=None)
        return
    parser.add_argument(
        "--data", type=Path, required=True, metavar=suite.data, help="file or folder"
    )
    parser.add_argument("--split", default="", help="only dialogues of this split")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")
    parser.add_argument("--llm", default="", metavar="URL", help="add a run with this endpoint")
    parser.add_argument("--llm-model", default="default", metavar="NAME")
    parser.add_argument(
        "--leave-out", default="", metavar="PARTS", help=f"ablation: {', '.join(Part)}"
    )
    parser.add_argument(
        "--vectors", type=Path, metavar="FILE.npz", help="keep sentence vectors between runs"
    )
    if suite.ablates:
        parser.add_argument(
            "--ablations", action="store_true", help="measure without each part as well"
        )
    if suite.refits:
        parser.add_argument(
            "--refit",
            type=Path,
            metavar="HEAD.safetensors",
            help="fit a planner to this data too, score it on what each fold did not see, and keep "
            "it here (setting 'planner')",
        )
    parser.set_defaults(measure=_measure, suite=suite)


def run(args: argparse.Namespace) -> int:
    """Run what the parser chose and return the exit status.

    Raises:
        SecoustiError: data, report or endpoint at fault.
    """
    command: Callable[[argparse.Namespace], int] = args.measure
    return command(args)


def _measure(args: argparse.Namespace) -> int:
    suite: Suite = args.suite
    runs = [_timed(suite, args, "")]
    if args.llm and suite.uses_endpoint:
        runs.append(_timed(suite, args, args.llm))
    elif args.llm:
        note = f"no endpoint has a say in '{suite.name}': one run, embedded"
        runs[0] = replace(runs[0], notes=(*runs[0].notes, note))
    for report in runs:
        print(summary(report))
    if args.json:
        write_reports(args.json, runs)
    return 0


def _timed(suite: Suite, args: argparse.Namespace, url: str) -> Report:
    settings = ThinkSettings(
        llm_url=url, llm_model=args.llm_model, leave_out=_parts(args.leave_out)
    )
    ablations = getattr(args, "ablations", False)
    refit = getattr(args, "refit", None)
    options = Options(args.seed, args.split, settings, args.vectors, ablations, refit)
    start = time.monotonic()
    report = suite.run(args.data, options)
    options.keep_vectors()
    left_out = [f"measured without: {args.leave_out}"] if args.leave_out else []
    return replace(
        report,
        mode=ENDPOINT if url else EMBEDDED,
        data=args.data.name + (f" ({args.split})" if args.split else ""),
        seed=args.seed,
        seconds=round(time.monotonic() - start, 2),
        command=shlex.join(["secousti", *sys.argv[1:]]),
        notes=(*left_out, *report.notes),
    )


def _parts(text: str) -> frozenset[Part]:
    try:
        return frozenset(Part(name) for name in text.split(",") if name)
    except ValueError as fault:
        raise SecoustiError(f"{fault}; parts that can be left out: {', '.join(Part)}.") from fault


def _draw(args: argparse.Namespace) -> int:
    from voice_agent.evaluate.page import page

    reports = [report for path in args.reports for report in read_reports(path)]
    try:
        args.html.write_text(page(reports), encoding="utf-8")
    except OSError as fault:
        raise SecoustiError(f"The page {args.html} cannot be written ({fault}).") from fault
    print(args.html)
    return 0
