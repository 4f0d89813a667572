"""``python -m voice_agent.evaluate.aloud CASES OUT.jsonl``: cases as a recogniser hears them.

English cases are spoken by embedded voices, with noise, and written down by the embedded
recogniser; ``secousti eval crisis --data OUT.jsonl`` then measures what those errors cost. The
words as written go to ``OUT.jsonl`` with ``.written.jsonl``, so that both can be compared.

CASES is a file, or a split of the written crisis families ("train"): one reading of each line then,
which ``data/crisis/heard_SPLIT.jsonl`` keeps for the fit.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.errors import SecoustiError
from voice_agent.evaluate.families import EVERYDAY, families, spelled_out
from voice_agent.evaluate.lines import read_rows
from voice_agent.listen.backends import recogniser_maker
from voice_agent.listen.recognise import Recogniser
from voice_agent.listen.settings import ListenSettings
from voice_agent.speak import Voice
from voice_agent.speak.pico import PicoSpeaker
from voice_agent.speak.settings import SpeakSettings
from voice_agent.think.words import hear

LINE_NOISE_DB = 15.0  # speech above noise: a phone in a room with a fan
VOICES = ("piper", "pico")


def main() -> int:
    """Speak and recognise every n-th English case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", help="cases as JSON lines, or a split: train, valid, test")
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each N-th case only")
    parser.add_argument("--snr-db", type=float, nargs="+", default=[LINE_NOISE_DB],
                        help="speech above noise, taken in turn")  # fmt: skip
    parser.add_argument("--voices", nargs="+", choices=VOICES, default=["piper"],
                        help="taken in turn")  # fmt: skip
    args = parser.parse_args()
    try:
        chosen = english_cases(args.cases)[:: max(1, args.every)]
        texts = heard_texts(chosen, args.snr_db, args.voices)
    except SecoustiError as fault:
        print(f"aloud: {fault}", file=sys.stderr)
        return 2
    heard = [{**row, "text": text} for row, text in zip(chosen, texts, strict=True)]
    for path, cases in ((args.out, heard), (args.out.with_suffix(".written.jsonl"), chosen)):
        lines = (json.dumps(case, ensure_ascii=False) for case in cases)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pairs = zip(texts, chosen, strict=True)
    changed = sum(hear(text).text != hear(row["text"]).text for text, row in pairs)
    print(f"{len(texts)} cases, {changed} heard in other words")
    return 0


def english_cases(source: str) -> list[dict[str, str]]:
    """English cases of a file, or one reading of every line of a split's written families."""
    if not Path(source).suffix:
        return list(_family_readings(source))
    rows = read_rows(Path(source))
    return [row.fields for row in rows if row.text("lang", "en") == "en"]


def _family_readings(split: str) -> Iterator[dict[str, str]]:
    rng = random.Random(0)
    for family in families(split):
        if family["name"] == EVERYDAY:  # long written comments: nobody says them
            continue
        for line in family["say"].strip().split("\n"):
            (text,) = spelled_out(line, rng, most=1)
            yield {"text": text, "risk": family["risk"], "family": family["name"]}


def heard_texts(
    cases: Sequence[dict[str, str]], snr_db: Sequence[float], voices: Sequence[str]
) -> list[str]:
    """What the embedded recogniser writes for each case's text, spoken by voices in turn."""
    recogniser = recogniser_maker(ListenSettings().recogniser)()
    speakers, levels = cycle(_voice(name) for name in voices), cycle(snr_db)
    rng = np.random.default_rng(0)
    return [
        _recognised(case["text"], voice, level, rng, recogniser)
        for case, voice, level in zip(cases, speakers, levels, strict=False)
    ]


def _voice(name: str) -> Voice:
    return Voice.load() if name == "piper" else Voice(PicoSpeaker(), SpeakSettings())


def _recognised(
    text: str, voice: Voice, snr_db: float, rng: np.random.Generator, recogniser: Recogniser
) -> str:
    pcm = np.concatenate([*voice.speak(text), np.zeros(8000, np.float32)])
    level = float(np.sqrt(np.mean(pcm**2))) * 10 ** (-snr_db / 20)
    noise = rng.standard_normal(pcm.size).astype(np.float32)
    noisy: NDArray[np.float32] = (pcm + level * noise).astype(np.float32)
    return recogniser.transcribe(noisy).text or "..."


if __name__ == "__main__":
    sys.exit(main())
