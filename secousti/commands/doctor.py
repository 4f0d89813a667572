"""``secousti doctor``: say what is live, what is missing and how to get it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from secousti.commands.words import Subparsers, add_config, describe

if TYPE_CHECKING:
    from secousti.doctor import Finding

TEXT = """\
Looks at the machine without changing it. Exit status 1 when a call could not work.

  secousti doctor
  secousti doctor --json
"""
MARKS = {"ready": "[green]ready[/]", "off": "[dim]off[/]", "missing": "[red]missing[/]"}


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "doctor", "Say what is installed and what is missing", TEXT)
    parser.add_argument("--json", action="store_true", help="a JSON list instead of a table")
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from secousti.doctor import as_json, examine, fit_for_a_call
    from secousti.settings import load_settings

    findings = examine(load_settings(args.config))
    if args.json:
        print(json.dumps(as_json(findings), indent=1))
    else:
        show(findings)
    return 0 if fit_for_a_call(findings) else 1


def show(findings: list[Finding]) -> None:
    """Print the findings as a table, remedies under what they cure."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("part", "state", "what"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        cure = f"\n[cyan]{escape(finding.remedy)}[/]" if finding.remedy else ""
        table.add_row(finding.part, MARKS[finding.state], escape(finding.detail) + cure)
    Console().print(table)
