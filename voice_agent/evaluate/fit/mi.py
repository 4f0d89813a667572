"""Fit the coder of supporter sentences on the dialogue corpus and written lines of rare codes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.memo import Memo
from voice_agent.evaluate.talks import CALLER, Talk
from voice_agent.think.heads import Head, Recipe
from voice_agent.think.mi import CODES, sentences
from voice_agent.think.mi_coder import reply_signals, reply_vectors, sentence_terms
from voice_agent.think.tables import table

LEAST_FAMILIES = 3  # a word run counts once this many dialogue families use it
# L2 penalties of vectors, word runs and signals, and how far rare codes are evened out. Folds over
# the families tell eight such choices hardly apart (macro-F1 .632 to .636).
VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY = 3e-4, 1e-3, 3e-4
EVEN = 0.8


@dataclass(frozen=True)
class CodedReply:
    """A reply's sentences with their codes, and the caller's turn before it ("" where none is)."""

    said: tuple[str, ...]
    codes: tuple[str, ...]
    caller: str
    family: str


def fit_mi(memo: Memo) -> Head:
    """The coder, fitted on train and validation families and on the lines of ``data/mi``."""
    talks = [*corpus("train"), *corpus("valid")]
    replies = [reply for talk in talks for reply in coded_replies(talk)]
    replies += written_lines([reply.caller for reply in replies if reply.caller])
    memo.prefetch(text for reply in replies for text in (*reply.said, reply.caller))
    texts = [text for reply in replies for text in reply.said]
    gold = [code for reply in replies for code in reply.codes]
    families = [reply.family for reply in replies for _ in reply.said]
    signals = [named for reply in replies for named in reply_signals(reply.said)]
    vectors = np.concatenate([reply_vectors(r.said, r.caller, memo) for r in replies])
    terms = [sentence_terms(text) for text in texts]
    kept = tuple(common_terms(terms, families, LEAST_FAMILIES))
    recipe = Recipe(vectors.shape[1], kept, tuple(sorted({n for row in signals for n in row})))
    labels = tuple(code for code in CODES if code in set(gold))
    sizes = (recipe.width, len(recipe.terms), len(recipe.signals))
    decays = np.array([VECTOR_DECAY, TERM_DECAY, SIGNAL_DECAY], np.float32)
    weights, bias = fit_softmax(
        np.stack([recipe.features(*row) for row in zip(vectors, terms, signals, strict=True)]),
        np.array([labels.index(code) for code in gold]),
        balanced(gold, power=EVEN),
        len(labels),
        np.repeat(decays, sizes),
    )
    return Head(labels, recipe, weights, bias, {"sentences": len(texts)})


def coded_replies(talk: Talk) -> Iterator[CodedReply]:
    """Every supporter turn of a talk that has a code for each of its sentences."""
    caller = ""
    for turn in talk.turns:
        if turn.who == CALLER:
            caller = turn.text
            continue
        said = sentences(turn.text)
        if turn.mi and len(turn.mi) == len(said):
            yield CodedReply(said, tuple(turn.mi), caller, talk.family)


def written_lines(callers: Sequence[str]) -> list[CodedReply]:
    """The lines of ``data/mi``, each as a reply to some caller turn: there they have none."""
    rng = random.Random(0)
    return [
        CodedReply((line,), (code,), rng.choice(callers), f"lines:{code}")
        for code, lines in table("mi/lines")["lines"].items()
        for line in lines
    ]
