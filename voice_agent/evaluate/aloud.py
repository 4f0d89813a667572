"""``python -m voice_agent.evaluate.aloud CASES.jsonl OUT.jsonl``: cases as a recogniser hears them.

English cases are spoken by the embedded voice, with noise, and written down by the embedded
recogniser; ``secousti eval crisis --data OUT.jsonl`` then measures what those errors cost. The
words as written go to ``OUT.jsonl`` with ``.written.jsonl``, so that both can be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from codec.errors import SecoustiError
from voice_agent.evaluate.lines import read_rows
from voice_agent.listen.backends import recogniser_maker
from voice_agent.listen.settings import ListenSettings
from voice_agent.speak import Voice
from voice_agent.think.words import hear

LINE_NOISE_DB = 15.0  # speech above noise: a phone in a room with a fan


def main() -> int:
    """Speak and recognise every n-th English case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="each N-th case only")
    parser.add_argument("--snr-db", type=float, default=LINE_NOISE_DB)
    args = parser.parse_args()
    try:
        rows = [row.fields for row in read_rows(args.cases) if row.text("lang", "en") == "en"]
        chosen = rows[:: max(1, args.every)]
        texts = heard_texts(chosen, args.snr_db)
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


def heard_texts(cases: list[dict[str, str]], snr_db: float) -> list[str]:
    """What the embedded recogniser writes for each case's text, spoken by the embedded voice."""
    voice = Voice.load()
    recogniser = recogniser_maker(ListenSettings().recogniser)()
    rng = np.random.default_rng(0)
    texts = []
    for case in cases:
        pcm = np.concatenate([*voice.speak(case["text"]), np.zeros(8000, np.float32)])
        level = float(np.sqrt(np.mean(pcm**2))) * 10 ** (-snr_db / 20)
        noisy = pcm + level * rng.standard_normal(pcm.size).astype(np.float32)
        texts.append(recogniser.transcribe(noisy.astype(np.float32)).text or "...")
    return texts


if __name__ == "__main__":
    sys.exit(main())
