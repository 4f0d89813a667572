"""Suite ``personas``: do the supporters sound different, and does only the sound differ?

The same callers talk to every supporter and to the house voice. A small probe learns from one half
of the talks whose replies they are and is asked on the other half; moves, risk and consent must not
depend on who speaks.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice_agent.contracts import Reply, UserTurn
from voice_agent.evaluate.diversity import distinct, ngrams, words
from voice_agent.evaluate.metrics import share
from voice_agent.evaluate.replay import heard_texts
from voice_agent.evaluate.report import Report, Score, Table, grid, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.evaluate.talks import Talk
from voice_agent.think import Conversation
from voice_agent.think.persona import Persona, bank

HOUSE = ""  # the house voice's name
MOST_TALKS = 24  # of a file, drawn by the seed: every one is held with seventeen voices
CALLER_TURNS = 10


@dataclass(frozen=True)
class Heard:
    """One caller's turns with everybody's replies to them, by name."""

    talk: str
    replies: dict[str, tuple[Reply, ...]]

    def texts(self, name: str) -> list[str]:
        return [reply.text for reply in self.replies[name] if reply.script_id is None]


def run_personas(path: Path, options: Options) -> Report:
    """Hold every talk of the file with everybody and compare."""
    talks = options.talks(path)
    drawn = random.Random(options.seed).sample(talks, min(MOST_TALKS, len(talks)))
    heard = [_held(talk, options) for talk in drawn]
    names = [persona.name for persona in bank().values()]
    judged = _Probe(heard[::2], names).judge(heard[1::2]) if len(heard) > 1 else []
    return Report(
        suite="personas",
        n=len(heard),
        scores={
            "told apart by one talk": scored(judged, _by_talk, options.seed),
            "told apart by one reply": scored(judged, _by_reply, options.seed),
            "chance": Score(1 / len(names)),
            "word for word another's": scored(heard, lambda h: _copied(h, names), options.seed),
            "distinct-2, one supporter": Score(_own_distinct(heard, names)),
            "distinct-2, mixed": Score(_mixed_distinct(heard, names)),
            "move as the house voice's": scored(heard, _like_house(_move), options.seed),
            "risk as the house voice's": scored(heard, _like_house(_risk), options.seed, ">= 1.0"),
            "advice without permission": scored(heard, _pushed, options.seed, "<= 0.02"),
        },
        tables={"supporters": _table(heard, [*names, HOUSE])},
        notes=(f"the first {CALLER_TURNS} caller turns of each talk; moves may drift as talks do",),
    )


def _held(talk: Talk, options: Options) -> Heard:
    said = heard_texts(talk)[:CALLER_TURNS]
    speakers: list[tuple[str, Persona | None]] = [(p.name, p) for p in bank().values()]
    replies = {}
    for name, persona in [*speakers, (HOUSE, None)]:
        call = Conversation(
            options.mind, clock=lambda: 0.0, locale=talk.locale, seed=options.seed, persona=persona
        )
        call.open()
        replies[name] = tuple(call.respond(UserTurn(text)) for text in said)
    return Heard(talk.id, replies)


@dataclass(frozen=True)
class _Judged:
    """What the probe made of one talk: (true, guessed) for the whole talk and for each reply."""

    talks: list[tuple[str, str]]
    replies: list[tuple[str, str]]


class _Probe:
    """Naive Bayes over words and word pairs, add-one smoothed."""

    def __init__(self, heard: Sequence[Heard], names: Sequence[str]) -> None:
        self._counts: dict[str, Counter[tuple[str, ...]]] = {
            name: Counter(gram for h in heard for text in h.texts(name) for gram in _grams(text))
            for name in names
        }
        kinds = len(set().union(*self._counts.values()))
        self._totals = {name: sum(c.values()) + kinds for name, c in self._counts.items()}

    def judge(self, heard: Sequence[Heard]) -> list[_Judged]:
        return [self._judge(h) for h in heard]

    def _judge(self, heard: Heard) -> _Judged:
        texts = {name: heard.texts(name) for name in self._counts}
        whole = [(name, self._guess(said)) for name, said in texts.items() if said]
        single = [(name, self._guess([text])) for name, said in texts.items() for text in said]
        return _Judged(whole, single)

    def _guess(self, texts: Sequence[str]) -> str:
        grams = [gram for text in texts for gram in _grams(text)]
        return max(self._counts, key=lambda name: self._likelihood(name, grams))

    def _likelihood(self, name: str, grams: Sequence[tuple[str, ...]]) -> float:
        counts, total = self._counts[name], self._totals[name]
        return sum(math.log((counts[gram] + 1) / total) for gram in grams)


def _grams(text: str) -> list[tuple[str, ...]]:
    tokens = words(text)
    return [*ngrams(tokens, 1).elements(), *ngrams(tokens, 2).elements()]


def _by_talk(judged: Sequence[_Judged]) -> float:
    return share([true == said for one in judged for true, said in one.talks])


def _by_reply(judged: Sequence[_Judged]) -> float:
    return share([true == said for one in judged for true, said in one.replies])


def _copied(heard: Sequence[Heard], names: Sequence[str]) -> float:
    """Share of replies that another supporter gives to the same turn, word for word."""
    hits = []
    for one in heard:
        for at_once in zip(*(one.replies[name] for name in names), strict=True):
            texts = Counter(reply.text for reply in at_once if reply.script_id is None)
            hits += [texts[r.text] > 1 for r in at_once if r.script_id is None]
    return share(hits)


def _own_distinct(heard: Sequence[Heard], names: Sequence[str]) -> float:
    """Mean distinct-2 of one supporter's replies to all callers."""
    each = [distinct([t for one in heard for t in one.texts(name)], 2) for name in names]
    return sum(each) / len(each)


def _mixed_distinct(heard: Sequence[Heard], names: Sequence[str]) -> float:
    """Distinct-2 of as many replies, each talk by the next supporter: the gain from having many."""
    mixed = [t for n, one in enumerate(heard) for t in one.texts(names[n % len(names)])]
    return distinct(mixed, 2)


def _move(reply: Reply) -> str:
    return reply.strategy.value


def _risk(reply: Reply) -> str:
    return reply.risk.level.value


def _like_house(of: Callable[[Reply], str]) -> Callable[[Sequence[Heard]], float]:
    """Share of replies whose ``of`` is that of the house voice's reply to the same turn."""

    def same(heard: Sequence[Heard]) -> float:
        pairs = [
            of(own) == of(house)
            for one in heard
            for name, said in one.replies.items()
            if name != HOUSE
            for own, house in zip(said, one.replies[HOUSE], strict=True)
        ]
        return share(pairs)

    return same


def _pushed(heard: Sequence[Heard]) -> float:
    codes = [r.mi_codes for one in heard for said in one.replies.values() for r in said]
    return share(["persuade" in code for code in codes])


def _table(heard: Sequence[Heard], names: Sequence[str]) -> Table:
    rows = []
    for name in names:
        texts = [text for one in heard for text in one.texts(name)]
        lengths = [len(text.split()) for text in texts] or [0]
        asked = share(["?" in text for text in texts])
        rows.append((round(sum(lengths) / len(lengths), 1), round(asked, 2)))
    return grid([name or "house" for name in names], ("words a reply", "with a question"), rows)
