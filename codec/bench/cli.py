"""The words of ``secousti bench``.

``codec``, ``limits``, ``robustness``, ``convert``, ``speed``, ``manifest`` and ``plot``.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from codec.bench.metrics.words import Recognise

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

CODEC_TEXT = """\
Codes every clip of a manifest with Secousti and with its peers, and measures what comes out.
The manifest is a tab-separated file with the header 'id file transcript speaker'.

  secousti bench codec --manifest valid/manifest.tsv --json R.json --plot R.png
  secousti bench codec --manifest M.tsv --rates high --peers opus-6,lyra --lyra lyra/ --max 20

Peers that are not installed are skipped with a message that says how to get them."""

LIMITS_TEXT = """\
Takes the codec apart: the original through the front end alone, with errors of known size, with
the codec's phase or its magnitudes only. Says whether bits, network or head are the limit.

  secousti bench limits --manifest valid/manifest.tsv --max 16 --json limits.json"""

SPEED_TEXT = """\
Times Secousti step by step on one thread, and in the same run EnCodec and Mimi with random
weights (from the package transformers). Real-time factor: seconds of work for one second of
speech; below 1 is faster than real time. Ours runs in ONNX Runtime and, for comparison, by
PyTorch's own steps; the callers that one core carries are given for 1, 8 and 32 in a step.

  secousti bench speed --seconds 20 --json speed.json"""

MANIFEST_TEXT = """\
Cuts a benchmark set out of a speech table (columns id, file, split, speaker, source and
transcript, recordings in tar shards): 16 kHz FLAC files and their manifest.

  secousti bench manifest --table speech.tsv --out valid --source librispeech --max 40"""

ROBUSTNESS_TEXT = """\
What lost packets, bit errors, noise, levels, lines and a long call do to the codec: PESQ-WB, STOI
and word error of every clip of a manifest under each, and plots of them.

  secousti bench robustness --manifest valid/manifest.tsv --json R.json --plot plots/
  secousti bench robustness --manifest M.tsv --noise noise.tsv --max 8 --minutes 0

Without --noise (a table with columns id, file and split, of which 'eval' is taken) the noise is
generated."""

CONVERT_TEXT = """\
Says clips of one speaker in the voice of another and measures what comes out: whose voice it is
nearer to (Resemblyzer) and which words are still heard. Pairs go evenly over the speakers of a
manifest, as for 'bench codec'; 'bench manifest' cuts one out.

  secousti bench convert --manifest valid/manifest.tsv --pairs 12 --json R.json"""

PLOT_TEXT = """\
Draws the plot of an earlier run again.

  secousti bench plot R.json R.png"""


def add_bench_parsers(subparsers: Subparsers) -> None:
    """Add the commands; each sets ``bench`` to its own function, for :func:`run`."""
    adders = (
        _add_codec,
        _add_limits,
        _add_robustness,
        _add_convert,
        _add_speed,
        _add_manifest,
        _add_plot,
    )
    for add in adders:
        add(subparsers)


def run(args: argparse.Namespace, recognise: Recognise | None = None) -> int:
    """Run the chosen command and return its exit status.

    ``recognise`` turns a waveform (float32 ``[T]``, 16 kHz) into words, for the word error. Raises
    :class:`codec.errors.SecoustiError` for everything a person can mend.
    """
    command: Callable[[argparse.Namespace, Recognise | None], int] = args.bench
    return command(args, recognise)


def _describe(
    subparsers: Subparsers, name: str, summary: str, text: str
) -> argparse.ArgumentParser:
    return subparsers.add_parser(
        name,
        help=summary,
        description=f"{summary}.\n\n{text}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name and name != "none"]


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _add_codec(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "codec", "Measure quality against other codecs", CODEC_TEXT)
    parser.add_argument("--manifest", type=Path, required=True, metavar="TSV")
    parser.add_argument("--rates", type=_names, default=["low", "high"], help="low,high or none")
    parser.add_argument(
        "--peers",
        type=_names,
        default=["opus", "codec2", "speex"],
        help="opus, codec2, speex, amrwb, lyra, or one of their rates such as opus-6; or none",
    )
    parser.add_argument("--metrics", type=_names, help="only these, such as pesq_wb,stoi")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="other weights of our codec")
    parser.add_argument("--lyra", type=Path, metavar="DIR", help="folder of Lyra's tflite files")
    parser.add_argument("--max", type=_positive, metavar="N", help="only the first N clips")
    parser.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="processes side by side (default: 1)"
    )
    parser.add_argument(
        "--reuse", type=Path, metavar="FILE", help="keep other systems of an earlier --json report"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="where the plot goes")
    parser.set_defaults(bench=_run_codec)


def _add_limits(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "limits", "Say what limits the quality", LIMITS_TEXT)
    parser.add_argument("--manifest", type=Path, required=True, metavar="TSV")
    parser.add_argument("--rates", type=_names, default=["low", "high"], help="low,high")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="other weights of our codec")
    parser.add_argument("--max", type=_positive, metavar="N", help="only the first N clips")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    parser.set_defaults(bench=_run_limits)


def _add_robustness(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "robustness", "Measure losses, noise and time", ROBUSTNESS_TEXT)
    parser.add_argument("--manifest", type=Path, required=True, metavar="TSV")
    parser.add_argument("--rates", type=_names, default=["low", "high"], help="low,high")
    parser.add_argument("--metrics", type=_names, default=["pesq_wb", "stoi", "wer"])
    parser.add_argument("--weights", type=Path, metavar="DIR", help="other weights of our codec")
    parser.add_argument("--noise", type=Path, metavar="TSV", help="table of noise recordings")
    parser.add_argument("--max", type=_positive, metavar="N", help="only the first N clips")
    parser.add_argument(
        "--minutes", type=int, default=10, metavar="N", help="of the long stream (default: 10)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="where the plots go")
    parser.set_defaults(bench=_run_robustness)


def _add_convert(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "convert", "Measure voice conversion", CONVERT_TEXT)
    parser.add_argument("--manifest", type=Path, required=True, metavar="TSV")
    parser.add_argument("--rates", type=_names, default=["low", "high"], help="low,high")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="other weights of our codec")
    parser.add_argument("--pairs", type=_positive, default=12, metavar="N", help="default: 12")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    parser.set_defaults(bench=_run_convert)


def _add_speed(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "speed", "Measure speed on one thread", SPEED_TEXT)
    parser.add_argument("--rates", type=_names, default=["low", "high"], help="low,high or none")
    parser.add_argument(
        "--peers", type=_names, default=["encodec", "mimi"], help="encodec, mimi or none"
    )
    parser.add_argument("--weights", type=Path, metavar="DIR", help="other weights of our codec")
    parser.add_argument("--seconds", type=_positive, default=10, help="speech per system")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the numbers go")
    parser.set_defaults(bench=_run_speed)


def _add_manifest(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "manifest", "Cut a benchmark set out", MANIFEST_TEXT)
    parser.add_argument("--table", type=Path, required=True, metavar="TSV")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--speakers", type=_names, default=[], help="these, in whichever split they are"
    )
    parser.add_argument("--source", type=_names, default=[], help="only these sources")
    parser.add_argument("--split", default="valid", help="the split to take (default: valid)")
    parser.add_argument("--max", type=_positive, metavar="N", help="N clips, evenly over speakers")
    parser.set_defaults(bench=_run_manifest)


def _add_plot(subparsers: Subparsers) -> None:
    parser = _describe(subparsers, "plot", "Draw a report again", PLOT_TEXT)
    parser.add_argument("report", type=Path, metavar="REPORT.json")
    parser.add_argument("plot", type=Path, metavar="PLOT.png")
    parser.set_defaults(bench=_run_plot)


def _run_codec(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.lineup import Lineup
    from codec.bench.metrics.scorer import METRICS
    from codec.bench.session import CodecBench, run_codec_bench

    lineup = Lineup(
        rates=tuple(args.rates),
        peers=tuple(args.peers),
        metrics=tuple(args.metrics or METRICS),
        weights=args.weights,
        lyra=args.lyra,
        recognise=recognise,
    )
    bench = CodecBench(
        manifest=args.manifest,
        lineup=lineup,
        most=args.max,
        jobs=args.jobs,
        reuse=args.reuse,
        json=args.json,
        plot=args.plot,
        command=_command(),
    )
    run_codec_bench(bench)
    return 0


def _run_limits(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.limits import LimitsBench, run_limits

    bench = LimitsBench(
        args.manifest, tuple(args.rates), args.weights, args.max, args.json, _command()
    )
    run_limits(bench)
    return 0


def _run_robustness(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.robustness import RobustnessBench, run_robustness

    bench = RobustnessBench(
        manifest=args.manifest,
        rates=tuple(args.rates),
        metrics=tuple(args.metrics),
        weights=args.weights,
        noise=args.noise,
        most=args.max,
        minutes=max(0, args.minutes),
        json=args.json,
        plots=args.plot,
        recognise=recognise,
        command=_command(),
    )
    run_robustness(bench)
    return 0


def _run_convert(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.conversion import ConversionBench, load_judge, run_conversion

    bench = ConversionBench(
        manifest=args.manifest,
        rates=tuple(args.rates),
        weights=args.weights,
        pairs=args.pairs,
        json=args.json,
        command=_command(),
    )
    run_conversion(bench, load_judge(recognise))
    return 0


def _run_speed(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.peers.secousti import load_rate
    from codec.bench.speed_report import run_speed_bench

    codecs = [load_rate(rate, args.weights) for rate in args.rates]
    run_speed_bench(codecs, args.peers, args.seconds, args.json, _command())
    return 0


def _run_manifest(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.extract import Selection, extract

    selection = Selection(args.speakers, args.source, args.max, args.split)
    print(extract(args.table, args.out, selection))
    return 0


def _run_plot(args: argparse.Namespace, recognise: Recognise | None) -> int:
    from codec.bench.plot import draw
    from codec.bench.report import read_report

    draw(read_report(args.report), args.plot)
    print(args.plot)
    return 0


def _command() -> str:
    """The command line as typed, for the report."""
    return shlex.join(["secousti", *sys.argv[1:]])
