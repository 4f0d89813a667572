"""``secousti convert``: what one recording says, in the voice of another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from secousti.commands.words import Subparsers, add_config, add_rate, add_weights, describe

if TYPE_CHECKING:
    from torch import Tensor

TEXT = """\
The tokens of --content are decoded with the last voice codeword of --voice (16 bits), held for
the whole file. Five seconds of one speaker settle a voice. The tokens keep some of the first
speaker; 'secousti bench convert' measures how much.

  secousti convert --content words.wav --voice speaker.wav --out converted.wav
  secousti convert --content A.wav --voice B.wav --out C.wav --rate low --json C.json
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "convert", "Say one recording in the voice of another", TEXT)
    parser.add_argument("--content", type=Path, required=True, metavar="A.wav", help="the words")
    parser.add_argument("--voice", type=Path, required=True, metavar="B.wav", help="the voice")
    parser.add_argument("--out", type=Path, required=True, metavar="C.wav", help="where it goes")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="speaker similarity and word error of the result"
    )
    add_rate(parser)
    add_weights(parser)
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from codec import load_codec
    from codec.audio import read_audio, write_wav
    from codec.bench.report import write_json
    from codec.conversion import convert
    from secousti.files import existing, replacing
    from secousti.settings import load_settings

    settings = load_settings(args.config, rate=args.rate, weights=args.weights)
    content = read_audio(existing(args.content, "a sound file"))
    voice = read_audio(existing(args.voice, "a sound file"))
    spoken = convert(load_codec(settings.rate, weights=settings.weights), content, voice)
    with replacing(args.out) as draft:
        write_wav(draft, spoken)
    print(f"{args.out}: the words of {args.content} in the voice of {args.voice}")
    if args.json:
        write_json(args.json, {"rate": settings.rate} | measured(spoken, content, voice))
    return 0


def measured(spoken: Tensor, content: Tensor, voice: Tensor) -> dict[str, Any]:
    """How near ``spoken`` is to either speaker, and its words; null, with a reason, if unknown."""
    from codec.bench.conversion import CONVENTIONS, load_judge, summary
    from secousti.commands.bench import recognise

    judge = load_judge(recognise)
    a, b, c = (wav.numpy() for wav in (content, voice, spoken))
    said = judge.heard(a)
    judged = judge(c, a, b, said)
    row = summary([judged])
    keys = ("to_voice", "to_content", "wer")
    return {
        **{key: row[key] for key in keys},
        "words": {"content": said, "converted": judged.heard},
        "missing": judge.missing,
        "conventions": {key: CONVENTIONS[key] for key in keys},
    }
