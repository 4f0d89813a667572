"""The words of ``secousti bench turns``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from codec import Codec, load_codec
from codec.rates import SAMPLE_RATE_HZ
from voice_agent.evaluate.turns.compose import Remark, Speak, read_scenes, remarks, spoken_scenes
from voice_agent.evaluate.turns.measure import TimedRecogniser, hear, hear_remark
from voice_agent.evaluate.turns.report import remark_line, remark_summary, summary, table
from voice_agent.evaluate.turns.scenes import Pcm, Scene, alone
from voice_agent.listen.activity import VoiceActivity
from voice_agent.listen.backends import recogniser_maker
from voice_agent.listen.ears import Ears
from voice_agent.listen.finished import Finished
from voice_agent.listen.recognise import RecogniserPool
from voice_agent.listen.settings import ListenSettings
from voice_agent.speak.voice import Voice

TEXT = """\
Composes calls whose pauses are known and has the ears hear them, learnt ones and ones that go by
silence alone: how often they end a turn before its end, how often the agent would then be heard
over a caller who only paused ("cut in"), how long after the last sound a turn ends, and how often
"mhm" over the agent is taken for a turn.

  secousti bench turns --json turns.json
  secousti bench turns --table speech.tsv
  secousti bench turns --codec high
  secousti bench turns --sure 0.85 1.0 1.5

told: what callers say in the dialogue corpus, clause by clause; searching: sentences with a pause
to think inside; answering: short and whole. All in the agent's own voice: words that people say,
but every piece ends alike. narrated, sentences: recorded people (--table). Pauses are log-normal
around 350, 600 or 950 ms, a median for each caller."""

SILENCE_MS = 704  # what ended every finished turn before the ears learnt
LONG_S = 60.0  # a recogniser behind a pool is waited for without limit here


def add_turns_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of ``secousti bench``."""
    about = "Measure the end of turns: delay, false cut-ins, backchannels"
    parser = subparsers.add_parser(
        "turns",
        help=about,
        description=f"{about}.\n\n{TEXT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", type=Path, metavar="TSV", help="the project's speech table")
    parser.add_argument(
        "--sure",
        type=float,
        nargs="+",
        default=(),
        metavar="ODDS",
        help=f"also ears that end a turn at these log odds (in force: {ListenSettings().sure})",
    )
    parser.add_argument("--codec", choices=("low", "high"), help="hear it through the codec")
    parser.add_argument("--seed", type=int, default=0, help="of the pauses (default: 0)")
    parser.add_argument("--json", type=Path, metavar="F")
    parser.set_defaults(bench=run)


def run(args: argparse.Namespace, _recognise: object) -> int:
    """Measure, print and keep; returns the exit status."""
    torch.set_num_threads(1)
    recogniser = TimedRecogniser(recogniser_maker(ListenSettings().recogniser)())
    pool = RecogniserPool(lambda: recogniser, 1, LONG_S)
    activity, finished, speak = VoiceActivity.load(), Finished.load(), _speaker()
    scenes = list(_scenes(args, speak))
    over = [(remark, _remark(args, remark, speak)) for remark in remarks()]
    found: dict[str, Any] = {}
    for name, settings in ears_measured(args.sure).items():
        ears = Ears(activity, pool, settings, finished)
        rows = summary([result for scene in scenes for result in hear(ears.listener(), scene)])
        counts = remark_summary([hear_remark(ears.listener(), r.takes, wav) for r, wav in over])
        found[name] = {"turns": rows, "over_the_agent": counts}
        print(f"{name}\n{table(rows)}\n{remark_line(counts)}\n")
    seconds = sum(len(scene.wav) for scene in scenes) / SAMPLE_RATE_HZ
    found["recogniser"] = _cost(recogniser.seconds)
    print(f"{seconds:.0f} s of audio; recogniser {found['recogniser']}")
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


def ears_measured(sure: Sequence[float]) -> dict[str, ListenSettings]:
    """What is measured, by name: the ears in force, those of other odds, and silence alone."""
    learnt = {f"learnt, sure at {odds:g}": ListenSettings(sure=odds) for odds in sure}
    by_silence = {f"silence of {SILENCE_MS} ms": ListenSettings(silence_ms=SILENCE_MS)}
    return {"learnt": ListenSettings()} | learnt | by_silence


def _cost(seconds: list[float]) -> dict[str, float]:
    """Of one core, by question."""
    return {
        "questions": len(seconds),
        "ms_p50": round(1000 * float(np.percentile(seconds, 50)), 1),
        "ms_p95": round(1000 * float(np.percentile(seconds, 95)), 1),
    }


def _scenes(args: argparse.Namespace, speak: Speak) -> Iterator[Scene]:
    if args.table is not None:
        for scene in read_scenes(args.table, args.seed):
            yield _coded(scene, args.codec)
    for scene in spoken_scenes(speak, args.seed):
        yield _coded(scene, args.codec)


def _remark(args: argparse.Namespace, remark: Remark, speak: Speak) -> Pcm:
    return _through(args.codec, alone(speak(remark.text)))


def _speaker() -> Speak:
    return partial(_spoken, Voice.load())


def _spoken(voice: Voice, text: str) -> Pcm:
    return np.concatenate([np.zeros(1, np.float32), *voice.speak(text)])


def _coded(scene: Scene, rate: str | None) -> Scene:
    """The scene as the server hears it behind the codec."""
    return Scene(scene.name, scene.kind, _through(rate, scene.wav), scene.turns)


@cache
def _codec(rate: str) -> Codec:
    return load_codec(rate)


def _through(rate: str | None, pcm: Pcm) -> Pcm:
    if rate is None:
        return pcm
    codec = _codec(rate)
    with torch.inference_mode():
        wav = codec.decode(codec.encode(torch.from_numpy(pcm)[None]))
    coded: Pcm = wav[0].numpy()[: len(pcm)]
    return coded
