"""Fit the coder of supporter sentences on the dialogue corpus: word runs and the rules' opinion."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voice_agent.evaluate.corpus import corpus
from voice_agent.evaluate.fit.softmax import balanced, common_terms, fit_softmax
from voice_agent.evaluate.memo import Memo
from voice_agent.think.heads import Head, Recipe
from voice_agent.think.mi import CODES, rule_code, sentence_terms, sentences

LEAST_FAMILIES = 3  # a word run counts once this many dialogue families use it
TERM_DECAY, SIGNAL_DECAY = 1e-4, 1e-4


def fit_mi(memo: Memo) -> Head:
    """The coder; it needs no sentence vectors, so replies can be graded at no cost."""
    rows = list(coded_sentences("train"))
    texts, gold, families = (list(column) for column in zip(*rows, strict=True))
    terms = [sentence_terms(text) for text in texts]
    opinions = [rule_code(text) for text in texts]
    kept = tuple(common_terms(terms, families, LEAST_FAMILIES))
    recipe = Recipe(0, kept, tuple(sorted({name for row in opinions for name in row})))
    labels = tuple(code for code in CODES if code in set(gold))
    x = np.stack([recipe.features(None, *row) for row in zip(terms, opinions, strict=True)])
    sizes = (len(recipe.terms), len(recipe.signals))
    weights, bias = fit_softmax(
        x,
        np.array([labels.index(code) for code in gold]),
        balanced(gold, power=0.5),
        len(labels),
        np.repeat(np.array([TERM_DECAY, SIGNAL_DECAY], np.float32), sizes),
    )
    return Head(labels, recipe, weights, bias, {"sentences": len(texts)})


def coded_sentences(split: str) -> Iterator[tuple[str, str, str]]:
    """(sentence, code, family) of every supporter turn that has a code for each sentence."""
    for talk in corpus(split):
        for turn in talk.turns:
            said = sentences(turn.text)
            if turn.mi and len(turn.mi) == len(said):
                yield from (
                    (text, code, talk.family) for text, code in zip(said, turn.mi, strict=True)
                )
