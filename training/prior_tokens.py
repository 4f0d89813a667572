"""Token sequences of a speech corpus, as the prior of :mod:`codec.entropy` learns from them.

They depend on the codec's sender only, so the cache is named by a hash of the sender's weights: a
codec whose receiver was trained further keeps its tokens, another sender gets a file of its own.
Utterances come in a drawn order, so that a cache cut short by its time limit is a fair sample.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from codec.model import SecoustiModel
from codec.rates import SAMPLE_RATE_HZ, VOICE_FIRST_MS, VOICE_PERIOD_MS
from codec.streaming import fresh_state
from training.corpus import Corpus

SENDER = ("encoder.", "tokens.", "voice_encoder.")
BATCH = 16  # utterances side by side, alike in length
POOL = 16 * BATCH  # drawn together, then sorted by length to waste little padding
PERIOD_SAMPLES = VOICE_PERIOD_MS * SAMPLE_RATE_HZ // 1000


@dataclass(frozen=True)
class TokenCorpus:
    """Codes int32 ``[N]`` and voice codewords int32 ``[V]``, both end to end.

    ``ends`` int64 ``[U, 2]``: where each utterance ends in the two arrays.
    """

    codes: NDArray[np.int32]
    voice: NDArray[np.int32]
    ends: NDArray[np.int64]

    def utterances(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """Each utterance's codes ``[n]`` and codewords ``[v]``."""
        start = (0, 0)
        for end in self.ends.tolist():
            yield self.codes[start[0] : end[0]], self.voice[start[1] : end[1]]
            start = end


def sender_hash(model: SecoustiModel) -> str:
    """Sixteen hex digits that name the weights which decide the tokens."""
    digest = hashlib.sha256(model.rate.name.encode())
    for name, value in sorted(model.named_parameters()):
        if name.startswith(SENDER):
            digest.update(name.encode() + value.detach().float().numpy().tobytes())
    return digest.hexdigest()[:16]


def load_tokens(
    corpus: Corpus,
    model: SecoustiModel,
    cache: Path,
    cpu_seconds: float,
    report: Callable[[float], None],
    weights: Mapping[str, float],
) -> TokenCorpus:
    """Tokens of ``corpus`` from ``cache``, extended for about ``cpu_seconds`` of this process.

    An empty cache gets a first pool of utterances however little time there is.

    ``report`` hears the share of the time (0-1) that is used up. ``weights`` make a source rarer
    (below 1) among the first utterances.
    """
    path = cache / f"tokens-{model.rate.name}-{sender_hash(model)}.npz"
    codes, voice = _read(path)
    order = drawn_order(corpus, weights)
    began = time.process_time()
    while len(codes) < len(order) and not (codes and time.process_time() - began >= cpu_seconds):
        pool = order[len(codes) : len(codes) + POOL]
        for pair in _encode_pool(corpus, model, pool):
            codes.append(pair[0])
            voice.append(pair[1])
        report(min(1.0, (time.process_time() - began) / max(1e-9, cpu_seconds)))
    content = _joined(codes, voice)
    cache.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".partial.npz")
    np.savez(aside, codes=content.codes, voice=content.voice, ends=content.ends)
    aside.replace(path)
    return content


def _read(path: Path) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]]:
    if not path.is_file():
        return [], []
    with np.load(path) as stored:
        content = TokenCorpus(stored["codes"], stored["voice"], stored["ends"])
    pairs = list(content.utterances())
    return [codes for codes, _ in pairs], [voice for _, voice in pairs]


def _joined(codes: Sequence[NDArray[np.int32]], voice: Sequence[NDArray[np.int32]]) -> TokenCorpus:
    lengths = np.array([[len(c), len(v)] for c, v in zip(codes, voice, strict=True)], np.int64)
    return TokenCorpus(np.concatenate(codes), np.concatenate(voice), np.cumsum(lengths, axis=0))


def drawn_order(corpus: Corpus, weights: Mapping[str, float]) -> list[int]:
    """Every utterance once, as :func:`load_tokens` takes them.

    Drawn without replacement in proportion to their source's weight.
    """
    waits = np.random.default_rng(0).exponential(size=len(corpus.utterances))
    shares = np.array([weights.get(u.source, 1.0) for u in corpus.utterances])
    return [int(i) for i in np.argsort(waits / shares)]


def _encode_pool(
    corpus: Corpus, model: SecoustiModel, pool: Sequence[int]
) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Codes and codewords of the utterances ``pool``, in its order."""
    found: dict[int, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
    by_length = sorted(pool, key=lambda i: corpus.utterances[i].length)
    for first in range(0, len(by_length), BATCH):
        batch = by_length[first : first + BATCH]
        found.update(zip(batch, _encode_batch(corpus, model, batch), strict=True))
    return [found[i] for i in pool]


@torch.inference_mode()
def _encode_batch(
    corpus: Corpus, model: SecoustiModel, batch: Sequence[int]
) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Streams the batch in pieces that end where a voice codeword is sent, so that each is had."""
    rate = model.rate
    first = VOICE_FIRST_MS * SAMPLE_RATE_HZ // 1000 + rate.packet_samples
    lengths = [corpus.utterances[i].length // rate.token_samples for i in batch]
    pieces = max(0, -(-(max(lengths) * rate.token_samples - first) // PERIOD_SAMPLES))
    wav = torch.zeros(len(batch), first + pieces * PERIOD_SAMPLES)
    for row, i in enumerate(batch):
        utterance = corpus.utterances[i]
        audio = corpus.audio[utterance.start : utterance.start + utterance.length]
        count = min(len(audio), wav.shape[1])
        wav[row, :count] = torch.from_numpy(audio[:count].astype(np.float32) / 32768)
    state = fresh_state(model, len(batch))
    cuts = torch.split(wav, [first] + [PERIOD_SAMPLES] * pieces, dim=1)
    steps = [model.encode_step(piece, state) for piece in cuts]
    codes = torch.cat([c for c, _ in steps], dim=1).int().numpy()
    voice = torch.stack([v for _, v in steps], dim=1).int().numpy()
    return [
        (codes[row, :n], voice[row, : _codewords(n * rate.token_samples)])
        for row, n in enumerate(lengths)
    ]


def _codewords(samples: int) -> int:
    """Codewords sent at or before the start of the last token that ``samples`` hold."""
    after_first = samples - 1 - VOICE_FIRST_MS * SAMPLE_RATE_HZ // 1000
    return max(0, after_first // PERIOD_SAMPLES + 1)
