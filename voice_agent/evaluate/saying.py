"""``secousti bench say``: how well the codec's own speaker says a line, beside the agent's voice.

Nothing is compared with a recording, for there is none: a recogniser counts words, and two networks
predict what listeners would say.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from codec import Codec, load_codec
from codec.bench.metrics.intrusive import UnscoredError, Wave
from codec.bench.metrics.predicted import Opinion, load_distillmos, load_dnsmos
from codec.bench.metrics.statistics import bootstrap, mean
from codec.bench.metrics.words import Recognise, WordErrors, word_error_rate, word_errors
from codec.bench.report import machine, write_json
from codec.errors import SecoustiError
from codec.rates import RATES, SAMPLE_RATE_HZ
from voice_agent.speak.token_voice import TokenVoice
from voice_agent.speak.voice import Voice

LINES = Path(__file__).parent.parent / "data" / "speak" / "lines.txt"
SUMMARY = "the codec's own speaker: words, opinions, time, beside the agent's voice"
CONVENTIONS = {
    "wer": "words heard against the text, punctuation and case aside",
    "distillmos": "DistillMOS, predicted opinion 1-5, of the output alone",
    "dnsmos": "DNSMOS P.835 overall, 1-5, of the output alone",
    "real_time_factor": "seconds of work for one second of speech, text to sound, one thread",
    "ci95": "95 % percentile bootstrap over lines, 1000 resamples",
}

Say = Callable[[str], Wave]


@dataclass(frozen=True)
class Spoken:
    """One line by one system."""

    words: WordErrors
    opinions: dict[str, float]
    work_s: float
    seconds: float


def add_say_bench_parser(kinds: Any) -> None:
    """Mounts ``bench say``."""
    parser = kinds.add_parser("say", help=SUMMARY)
    parser.add_argument("--rates", default="low,high", help="operating points, with commas")
    parser.add_argument("--lines", type=Path, default=LINES, help="text, one line each")
    parser.add_argument("--weights", type=Path, help="a folder of codec weights, RATE.safetensors")
    parser.add_argument("--speakers", type=Path, help="a folder of say-RATE.safetensors")
    parser.add_argument("--max", type=int, default=0, help="only so many lines")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.set_defaults(bench=run_say)


def run_say(args: argparse.Namespace, recognise: Recognise | None) -> int:
    """Says every line with every system; raises :class:`SecoustiError` without a recogniser."""
    if recognise is None:
        raise SecoustiError("no recogniser is installed, and words are what is counted")
    torch.set_num_threads(1)
    lines = read_lines(args.lines)[: args.max or None]
    systems = dict(_systems(args.rates.split(","), args.weights, args.speakers))
    judges = {"distillmos": load_distillmos(), "dnsmos": load_dnsmos()}
    there = {name: judge for name, judge in judges.items() if judge is not None}
    found: dict[str, list[Spoken]] = {}
    for line in track(lines, "saying", console=Console(stderr=True)):
        for name, say in systems.items():
            found.setdefault(name, []).append(_judged(line, say, recognise, there))
    rows = {name: _summary(spoken) for name, spoken in found.items()}
    Console().print(_table(rows))
    if args.json:
        about = {"machine": machine(), "conventions": CONVENTIONS, "lines": len(lines)}
        write_json(args.json, {"systems": rows} | about)
    return 0


def read_lines(path: Path) -> list[str]:
    """The lines of a text that have a word; raises :class:`SecoustiError` where there is none."""
    if not path.is_file():
        raise SecoustiError(f"there is no file {path}: give a text with one line to say each")
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if any(map(str.isalpha, line))]
    if not kept:
        raise SecoustiError(f"{path} holds no line with a word in it")
    return kept


def _systems(
    rates: Sequence[str], weights: Path | None, speakers: Path | None
) -> Iterator[tuple[str, Say]]:
    """The agent's voice as it is, and at each rate: through the codec, and in tokens at once."""
    voice = Voice.load()
    yield "agent's voice", partial(_packaged, voice)
    for rate in rates:
        if rate not in RATES:
            raise SecoustiError(f"unknown rate {rate!r}: choose from {', '.join(RATES)}")
        codec = load_codec(rate, weights / f"{rate}.safetensors" if weights else None)
        tokens = TokenVoice.load(rate, speakers / f"say-{rate}.safetensors" if speakers else None)
        yield f"agent's voice, coded {rate}", partial(_coded, voice, codec)
        yield f"tokens {rate}", partial(_in_tokens, tokens, codec)


def _coded(voice: Voice, codec: Codec, line: str) -> Wave:
    return _numpy(codec.decode(codec.encode(torch.from_numpy(_packaged(voice, line)))))


def _in_tokens(tokens: TokenVoice, codec: Codec, line: str) -> Wave:
    return _numpy(codec.decode(tokens.say(line)))


def _packaged(voice: Voice, line: str) -> Wave:
    return np.concatenate(list(voice.speak(line)))


def _numpy(wav: torch.Tensor) -> Wave:
    wave: Wave = wav[0].numpy()
    return wave


def _judged(line: str, say: Say, recognise: Recognise, judges: dict[str, Opinion]) -> Spoken:
    began = time.process_time()
    wave = say(line)
    work_s = time.process_time() - began
    opinions = {}
    for name, judge in judges.items():
        try:
            opinions[name] = judge(wave)
        except UnscoredError:
            continue
    words = word_errors(line, recognise(wave))
    return Spoken(words, opinions, work_s, len(wave) / SAMPLE_RATE_HZ)


def _summary(spoken: Sequence[Spoken]) -> dict[str, Any]:
    words = [line.words for line in spoken]
    row: dict[str, Any] = {"n": len(spoken), "wer": round(word_error_rate(words), 4)}
    row["ci95"] = {"wer": [round(end, 4) for end in bootstrap(words, word_error_rate)]}
    for name in ("distillmos", "dnsmos"):
        values = [line.opinions[name] for line in spoken if name in line.opinions]
        row[name] = round(mean(values), 3) if values else None
        if values:
            row["ci95"][name] = [round(end, 3) for end in bootstrap(values, mean)]
    seconds = sum(line.seconds for line in spoken)
    row["real_time_factor"] = round(sum(line.work_s for line in spoken) / seconds, 4)
    return row


def _table(rows: dict[str, dict[str, Any]]) -> Table:
    grid = Table(box=None, pad_edge=False)
    grid.add_column("")
    for heading in ("WER %", "DistillMOS", "DNSMOS", "real-time factor", "lines"):
        grid.add_column(heading, justify="right")
    for name, row in rows.items():
        opinions = ["-" if row[k] is None else f"{row[k]:.2f}" for k in ("distillmos", "dnsmos")]
        wer, factor = f"{100 * row['wer']:.1f}", f"{row['real_time_factor']:.3f}"
        grid.add_row(name, wer, *opinions, factor, str(row["n"]))
    return grid
