"""``secousti say``: text as tokens of the codec, and as the sound they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from secousti.commands.words import Subparsers, add_config, add_rate, add_weights, describe

TEXT = """\
Speaks English text in the codec's own tokens: phones, their lengths, then every token at once. No
other voice is involved. --out takes a sound file, or a .sec file of 0.27 or 1 kilobit a second.

  secousti say "It sounds as if this week has been hard." --out said.wav
  secousti say "The same, slower." --pace 1.2 --rate low --out said.sec
  secousti say "In somebody else's voice." --voice somebody.wav --out said.wav
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "say", "Speak text in tokens of the codec", TEXT)
    parser.add_argument("text", help="what to say, or - to read it from standard input")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=".wav or .sec")
    parser.add_argument("--voice", type=Path, metavar="WAV", help="a recording to sound like")
    parser.add_argument("--pace", type=float, default=1.0, help="length of sounds (1.2 is slow)")
    parser.add_argument("--speaker", type=Path, metavar="FILE", help="a speaker you trained")
    add_rate(parser)
    add_weights(parser)
    add_config(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import sys

    from codec import load_codec
    from codec.audio import read_audio, write_wav
    from codec.conversion import settled_voice
    from codec.errors import SecoustiError
    from codec.file import write_sec
    from codec.speaking.speaker import Manner
    from secousti.files import existing, replacing
    from secousti.settings import load_settings
    from voice_agent.speak.token_voice import TokenVoice

    if not 0.5 <= args.pace <= 2:
        raise SecoustiError(f"--pace is {args.pace}: choose between 0.5 (fast) and 2 (slow)")
    settings = load_settings(args.config, rate=args.rate, weights=args.weights)
    speaker = TokenVoice.load(settings.rate, args.speaker)
    codec = load_codec(settings.rate, weights=settings.weights)
    voice = None
    if args.voice:
        voice = settled_voice(codec, read_audio(existing(args.voice, "a sound file")))
    text = sys.stdin.read() if args.text == "-" else args.text
    tokens = speaker.say(text, voice, Manner(pace=args.pace))
    if args.out.suffix == ".sec":
        write_sec(args.out, tokens)
    else:
        with replacing(args.out) as draft:
            write_wav(draft, codec.decode(tokens)[0])
    print(f"{args.out}: {tokens.seconds:.1f} s, {tokens.bits_sent} bits, {tokens.bps:.0f} a second")
    return 0
