"""Phone alignments from transcripts, by pocketsphinx: model and dictionary are in its wheel.

Two passes an utterance: words are aligned to the sound, then phones within the words. What cannot
be aligned (no transcript, a word outside the dictionary, no path) stays unlabelled and is counted.
The arrays fill in place, so that a killed run goes on where it stopped.
"""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache as once
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from rich.progress import track

from codec.errors import SecoustiError
from codec.rates import HOP_SAMPLES
from codec.speaking.phones import NUMBER
from training.corpus import Corpus, in_reading_order, load_corpus, read_manifest
from training.phones import NOT_ALIGNED, PENDING, UNKNOWN, WORST_SCORE, label_paths, label_starts

Labelled = tuple[NDArray[np.uint8], float]  # labels at 10 ms, mean log likelihood a frame
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*'?")


class CannotAlign(Exception):
    """Why one utterance stays without labels; a word that counts in the report."""


def align_corpus(manifest: Path, split: str, cache: Path, jobs: int = 1) -> Counter[str]:
    """Labels every utterance of the split that has no labels yet; returns how each one went.

    Writes ``SPLIT.phones.npy`` and ``SPLIT.scores.npy`` into ``cache``, beside the decoded corpus.
    """
    corpus = load_corpus(manifest, split, cache)
    rows = in_reading_order([row for row in read_manifest(manifest) if row["split"] == split])
    if [row["speaker"] for row in rows] != [u.speaker for u in corpus.utterances]:
        raise SecoustiError(f"{cache} holds another corpus than {manifest}: remove it first")
    _aligner()  # a missing package is told before anything is written
    labels, scores = _arrays(corpus, cache, split)
    starts, outcome = label_starts(corpus), Counter[str]()
    waiting = [number for number, score in enumerate(scores) if np.isnan(score)]
    outcome["done before"] = len(scores) - len(waiting)
    work = [(_sound(corpus, number), rows[number].get("transcript", "")) for number in waiting]
    with ProcessPoolExecutor(jobs) as pool:
        results = pool.map(_attempt, work, chunksize=16)
        for number, result in zip(
            waiting, track(results, "aligning", total=len(waiting)), strict=True
        ):
            if isinstance(result, str):
                outcome[result] += 1
                scores[number] = NOT_ALIGNED
                continue
            found, score = result
            labels[starts[number] : starts[number] + len(found)] = found
            scores[number] = score
            outcome["aligned" if score > WORST_SCORE else "poor fit"] += 1
    return outcome


def align(pcm: NDArray[np.int16], transcript: str) -> Labelled:
    """Labels of one utterance at 16 kHz; raises :class:`CannotAlign` with the reason."""
    words = _WORD.findall(transcript.lower())
    if not words:
        raise CannotAlign("no transcript")
    aligner = _aligner()
    if any(aligner.lookup_word(word) is None for word in words):
        raise CannotAlign("a word outside the dictionary")
    try:
        aligner.set_align_text(" ".join(words))
        _hear(aligner, pcm)
        aligner.set_alignment()
        _hear(aligner, pcm)
        phones = [phone for word in aligner.get_alignment() for phone in word]
    except RuntimeError as error:
        raise CannotAlign("no path through the sound") from error
    labels = np.full(len(pcm) // HOP_SAMPLES, UNKNOWN, np.uint8)
    for phone in phones:
        labels[phone.start : phone.start + phone.duration] = NUMBER.get(phone.name, UNKNOWN)
    return labels, sum(phone.score for phone in phones) / max(1, len(labels))


def _attempt(work: tuple[NDArray[np.int16], str]) -> Labelled | str:
    try:
        return align(*work)
    except CannotAlign as reason:
        return str(reason)


@once
def _aligner() -> Any:
    """The aligner of this process; its search keeps every path to the end of the utterance."""
    try:
        import pocketsphinx  # type: ignore[import-untyped]
    except ImportError as error:
        raise SecoustiError(
            "alignments need pocketsphinx, which is missing: pip install 'secousti[train]'"
        ) from error
    return pocketsphinx.Decoder(lm=None, loglevel="FATAL", bestpath=False)


def _hear(aligner: Any, pcm: NDArray[np.int16]) -> None:
    aligner.start_utt()
    aligner.process_raw(pcm.tobytes(), full_utt=True)
    aligner.end_utt()


def _sound(corpus: Corpus, number: int) -> NDArray[np.int16]:
    utterance = corpus.utterances[number]
    return corpus.audio[utterance.start : utterance.start + utterance.length]


def _arrays(
    corpus: Corpus, cache: Path, split: str
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The arrays on disk, made first where they are missing or belong to another corpus."""
    labels_path, scores_path = label_paths(cache, split)
    frames, count = int(label_starts(corpus)[-1]), len(corpus.utterances)
    if labels_path.is_file() and scores_path.is_file():
        labels = open_memmap(labels_path, mode="r+")
        scores = open_memmap(scores_path, mode="r+")
        if (len(labels), len(scores)) == (frames, count):
            return labels, scores
    labels = open_memmap(labels_path, mode="w+", dtype=np.uint8, shape=(frames,))
    labels[:] = UNKNOWN
    scores = open_memmap(scores_path, mode="w+", dtype=np.float32, shape=(count,))
    scores[:] = PENDING
    return labels, scores
