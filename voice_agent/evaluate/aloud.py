"""``python -m voice_agent.evaluate.aloud CASES OUT.jsonl``: cases as a recogniser hears them.

English cases are spoken by embedded voices, with noise, and written down by the embedded
recogniser; ``secousti eval crisis --data OUT.jsonl`` then measures what those errors cost. The
words as written go to ``OUT.jsonl`` with ``.written.jsonl``, so that both can be compared.

CASES is a file, or a split of the written crisis families ("train"): one reading of each line then,
which ``data/crisis/heard_SPLIT.jsonl`` keeps for the fit. What the recogniser destroyed altogether
no text can bring back: how many cases keep not one of their content words is printed.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from rapidfuzz import fuzz

from codec import load_codec
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ
from voice_agent.evaluate.families import EVERYDAY, families, spelled_out
from voice_agent.evaluate.lines import read_rows
from voice_agent.listen.backends import recogniser_maker
from voice_agent.listen.settings import ListenSettings
from voice_agent.speak import Voice
from voice_agent.speak.pico import PicoSpeaker
from voice_agent.speak.settings import SpeakSettings
from voice_agent.think.words import hear

Pcm = NDArray[np.float32]
LINE_NOISE_DB = 15.0  # speech above noise: a phone in a room with a fan
VOICES = ("piper", "pico")
WAYS = ("line", "phone", "low", "high")  # as it is, 8 kHz mu-law, the codec's two rates
NARROW_HZ = 8_000
CONTENT_LETTERS = 4  # a word of so many carries content, roughly
ALIKE = 75.0  # of 100: a word that is still to be made out in another


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
    parser.add_argument("--over", nargs="+", choices=WAYS, default=["line"],
                        help="what the speech goes through, taken in turn")  # fmt: skip
    args = parser.parse_args()
    try:
        chosen = english_cases(args.cases)[:: max(1, args.every)]
        texts = heard_texts(chosen, args.snr_db, args.voices, args.over)
    except SecoustiError as fault:
        print(f"aloud: {fault}", file=sys.stderr)
        return 2
    heard = [{**row, "text": text} for row, text in zip(chosen, texts, strict=True)]
    for path, cases in ((args.out, heard), (args.out.with_suffix(".written.jsonl"), chosen)):
        lines = (json.dumps(case, ensure_ascii=False) for case in cases)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    both = zip(texts, chosen, strict=True)
    pairs = [(hear(text).text, hear(row["text"]).text) for text, row in both]
    changed = sum(text != written for text, written in pairs)
    lost = sum(traces(text, said) == 0 < traces(said, said) for text, said in pairs)
    print(
        f"{len(texts)} cases, {changed} heard in other words, {lost} without a trace of their own"
    )
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


def traces(heard: str, written: str) -> int:
    """How many of the content words that were said can still be made out in what was heard."""
    kept = heard.split()
    said = {word for word in written.split() if len(word) >= CONTENT_LETTERS}
    return sum(any(fuzz.ratio(word, other) >= ALIKE for other in kept) for word in said)


def heard_texts(
    cases: Sequence[dict[str, str]],
    snr_db: Sequence[float],
    voices: Sequence[str],
    over: Sequence[str],
) -> list[str]:
    """What the embedded recogniser writes for each case's text, spoken by voices in turn."""
    recogniser = recogniser_maker(ListenSettings().recogniser)()
    speakers, levels = cycle(_voice(name) for name in voices), cycle(snr_db)
    ways, rng = cycle(_way(name) for name in over), np.random.default_rng(0)
    return [
        recogniser.transcribe(way(_noisy(case["text"], voice, level, rng))).text or "..."
        for case, voice, level, way in zip(cases, speakers, levels, ways, strict=False)
    ]


def _voice(name: str) -> Voice:
    return Voice.load() if name == "piper" else Voice(PicoSpeaker(), SpeakSettings())


def _noisy(text: str, voice: Voice, snr_db: float, rng: np.random.Generator) -> Pcm:
    pcm = np.concatenate([*voice.speak(text), np.zeros(8000, np.float32)])
    level = float(np.sqrt(np.mean(pcm**2))) * 10 ** (-snr_db / 20)
    noise = rng.standard_normal(pcm.size).astype(np.float32)
    noisy: Pcm = (pcm + level * noise).astype(np.float32)
    return noisy


def _way(name: str) -> Callable[[Pcm], Pcm]:
    """What speech, float32 ``[T]`` at 16 kHz, becomes on its way."""
    if name == "phone":
        return _telephoned
    if name == "line":
        return lambda pcm: pcm
    codec = load_codec(name)

    def coded(pcm: Pcm) -> Pcm:
        found: Pcm = codec.decode(codec.encode(torch.from_numpy(pcm)))[0].numpy()
        return found

    return coded


def _telephoned(pcm: Pcm) -> Pcm:
    """8 kHz in the mu-law of G.711, and back."""
    line = io.BytesIO()
    narrow = soxr.resample(pcm, SAMPLE_RATE_HZ, NARROW_HZ)
    soundfile.write(line, narrow, NARROW_HZ, format="WAV", subtype="ULAW")
    line.seek(0)
    wide: Pcm = soxr.resample(soundfile.read(line, dtype="float32")[0], NARROW_HZ, SAMPLE_RATE_HZ)
    return wide


if __name__ == "__main__":
    sys.exit(main())
