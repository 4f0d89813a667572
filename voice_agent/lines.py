"""``python -m voice_agent.lines OUT --minutes 40``: the agent's voice reading what the agent says.

The voice that answers is known before any call, so a codec may be trained on it, and must be
measured on it apart from unseen speakers. Writes FLAC files and ``lines.tsv``, a manifest as
``secousti train`` and ``secousti bench manifest`` read it; supporters' turns of the dialogues, each
in its dialogue's split.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.talks import SUPPORTER
from voice_agent.speak.settings import SpeakSettings
from voice_agent.speak.voice import Voice

COLUMNS = ("id", "file", "split", "speaker", "gender", "lang", "transcript", "source", "license")
SOURCE, LICENCE = "agent", "Apache-2.0"
TEST_SHARE = 0.1  # of the minutes, read by nobody but the benchmark


class Table(csv.excel_tab):
    """Tabs between fields and no quoting: what is said may hold quotes."""

    quoting, quotechar = csv.QUOTE_NONE, None


def write_lines(out: Path, minutes: float, voice: Voice, seed: int = 0) -> int:
    """Speaks lines into ``out`` until there are ``minutes``; returns how many lines.

    Raises:
        SecoustiError: ``minutes`` is not positive, or ``out`` cannot be written to.
    """
    if not minutes > 0:
        raise SecoustiError(f"{minutes} minutes: ask for more than none")
    try:
        out.mkdir(parents=True, exist_ok=True)
        rows = [
            row
            for split, share in (("train", 1 - TEST_SHARE), ("test", TEST_SHARE))
            for row in _spoken(out, split, 60 * share * minutes, voice, seed)
        ]
        with (out / "lines.tsv").open("w", newline="") as file:
            table = csv.DictWriter(file, COLUMNS, dialect=Table)
            table.writeheader()
            table.writerows(rows)
    except OSError as error:
        raise SecoustiError(f"cannot write to {out}: {error.strerror}") from error
    return len(rows)


def _spoken(
    out: Path, split: str, seconds: float, voice: Voice, seed: int
) -> Iterator[dict[str, str]]:
    """Lines of one split until they fill ``seconds``, each once, in an order of the seed's."""
    texts = sorted(_texts(split))
    random.Random(seed).shuffle(texts)
    spoken = 0.0
    for number, text in enumerate(texts):
        if spoken >= seconds:
            return
        wav = np.concatenate(list(voice.speak(text)))
        spoken += len(wav) / SAMPLE_RATE_HZ
        name = f"{split}-{number:04}"
        soundfile.write(out / f"{name}.flac", wav, SAMPLE_RATE_HZ)
        yield {
            "id": name,
            "file": f"{name}.flac",
            "split": "train" if split == "train" else "valid",
            "speaker": "agent",
            "gender": "",
            "lang": "en",
            "transcript": text,
            "source": SOURCE,
            "license": LICENCE,
        }


def _texts(split: str) -> set[str]:
    """What supporters say in the dialogues of a split."""
    return {turn.text for talk in corpus(split) for turn in talk.turns if turn.who == SUPPORTER}


def main(words: list[str]) -> str | None:
    """Speaks the lines; the fault as one line, or None."""
    parser = argparse.ArgumentParser(prog="python -m voice_agent.lines")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=40.0)
    args = parser.parse_args(words)
    try:
        count = write_lines(args.out, args.minutes, Voice.load(SpeakSettings()))
    except SecoustiError as fault:
        return str(fault)
    print(f"{count} lines; the manifest is {args.out / 'lines.tsv'}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
