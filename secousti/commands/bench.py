"""``secousti bench``: the words are the benchmarks' own; the ear they measure with is lent.

The codec may not know of the agent's recogniser, so the command hands it over as a callable. What
the tokens carry is asked by networks that have to be trained: that measure is the trainers' own.
"""

from __future__ import annotations

import argparse
from functools import cache
from typing import TYPE_CHECKING

from secousti.commands.words import Subparsers, describe

if TYPE_CHECKING:
    import numpy as np

    from voice_agent.listen.recognise import Recogniser

NAME = "bench"
SUMMARY = "Measure the codec against others, and the server under calls"
TEXT = """\
  secousti bench codec --manifest valid/manifest.tsv --json R.json --plot R.png
  secousti bench speed --json speed.json
  secousti bench calls --sessions 4 --seconds 120 --json calls.json
  secousti bench soak --calls 1000
  secousti bench tokens --manifest speech.tsv --cache runs/corpus --json tokens.json
  secousti bench turns --table speech.tsv --json turns.json

'secousti bench codec --help' describes the manifest; 'secousti doctor' names missing tools.
"""


def add_parser(subparsers: Subparsers) -> None:
    from codec.bench.cli import add_bench_parsers
    from secousti.bench.cli import add_calls_parsers
    from training.probes.cli import add_tokens_parser
    from voice_agent.evaluate.saying import add_say_bench_parser
    from voice_agent.evaluate.turns.cli import add_turns_parser

    parser = describe(subparsers, NAME, SUMMARY, TEXT)
    kinds = parser.add_subparsers(title="measurements", metavar="WHAT", required=True)
    parser.set_defaults(run=run)
    add_bench_parsers(kinds)
    add_calls_parsers(kinds)
    add_tokens_parser(kinds)
    add_say_bench_parser(kinds)
    add_turns_parser(kinds)


def run(args: argparse.Namespace) -> int:
    from codec.bench.cli import run as run_bench

    return run_bench(args, recognise)


def recognise(wav: np.ndarray) -> str:
    """The words in ``wav``, float32 [T] at 16 kHz."""
    return recogniser().transcribe(wav).text


@cache
def recogniser() -> Recogniser:
    """The agent's recogniser, loaded when the first clip is to be heard."""
    from secousti.settings import load_settings
    from voice_agent.listen.backends import recogniser_maker

    return recogniser_maker(load_settings().recogniser)()
