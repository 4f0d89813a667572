"""Understanding one turn: feelings, intensity, topic, facts, needs and small signals.

Words give the first opinion; sentence vectors, where they are at hand, add a second one. Without
them everything still works, a little coarser.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from voice_agent.contracts import Fact, Understanding, UserTurn
from voice_agent.think.crisis import Answer, short_answer_of
from voice_agent.think.facts import Event, events, facts, patterns
from voice_agent.think.mi import sentences
from voice_agent.think.paraphrase import own_clause
from voice_agent.think.prototypes import Embed, Prototypes, Vectors
from voice_agent.think.tables import table
from voice_agent.think.verdict import VerdictReader
from voice_agent.think.words import Heard, hear

logger = logging.getLogger(__name__)

NO_CUE = -2.4  # log-odds of a feeling with nothing pointing to it; "neutral" has 0
WORD_WEIGHT = 3.0  # log-odds that one feeling word adds
STATED_WEIGHT = 1.6  # "I feel ..." says it outright
EVENT_WEIGHT = 2.7  # what happened suggests it ("you're not sleeping" -> exhaustion)
VECTOR_WEIGHT = 7.0  # log-odds per unit of cosine above the average label
TOPIC_COSINE = 0.42  # below this a sentence vector does not decide the topic alone

_NOT = re.compile(r"\b(?:not|never|no longer)(?: \w+)?$")
_STATED = (
    r"\bi (?:am|feel|felt|get|have been|was|been)(?: feeling| getting)?"
    r"(?: (?:so|very|really|pretty|too|a bit|a little|always|quite|completely|all))* "
)


@dataclass(frozen=True)
class Insight:
    """One understood turn with what the writer may use of it, beside the public record.

    ``feeling`` is the caller's strongest feeling as a label, ``feeling_said`` how to say it back;
    ``named`` where they put that very word to it. ``clause`` is a safe paraphrase of their words,
    or None. ``declined``: they were asked whether they want an idea and do not. ``at_a_loss``:
    they do not know what to do. ``verdict``: they judge themselves or what is to come harshly.
    ``takes``: they pick what was offered. ``says_when``: they name a time to come. ``vector``: of
    the turn's words, [384], where there are vectors.
    """

    heard: Heard
    record: Understanding
    feeling: str
    feeling_said: str
    named: bool
    events: tuple[Event, ...]
    clause: str | None
    asks_why: bool
    asks_info: bool
    sustain: bool
    commits: bool
    declined: bool
    at_a_loss: bool
    answer: Answer
    verdict: bool = False
    takes: bool = False
    says_when: bool = False
    vector: Vectors | None = field(default=None, compare=False, repr=False)


@cache
def _feeling_words() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    rows = []
    for label, entry in table("understand/emotions").items():
        joined = "|".join(f"(?:{w})" for w in entry["words"])
        plain = re.compile(rf"\b(?:{joined})")
        rows.append((label, plain, re.compile(rf"{_STATED}(?P<word>{joined})\b")))
    return tuple(rows)


@cache
def _topic_words() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = table("understand/topics").items()
    return tuple((n, re.compile(r"\b(?:" + "|".join(e["cues"]) + r")\b")) for n, e in rows)


class Understander:
    """Shared and immutable: one for all callers."""

    def __init__(self, embed: Embed | None = None) -> None:
        """Args:
        embed: texts -> float32 [N, 384], L2-normalised; None works from words alone.
        """
        self._embed = embed
        self._feelings = self._prototypes("emotions")
        self._topics = self._prototypes("topics")
        self._verdicts = self._reader()

    def _prototypes(self, name: str) -> Prototypes | None:
        if self._embed is None:
            return None
        rows: dict[str, Any] = table(f"understand/{name}")
        try:
            return Prototypes({label: row["seeds"] for label, row in rows.items()}, self._embed)
        except Exception:
            logger.exception("sentence vectors failed; understanding from words alone")
            self._embed = None
            return None

    def _reader(self) -> VerdictReader | None:
        if self._embed is None:
            return None
        try:
            return VerdictReader(self._embed)
        except Exception:
            logger.exception("sentence vectors failed; harsh verdicts will not be heard")
            return None

    def understand(
        self, turn: UserTurn, number: int, *, topic: str = "", permission_asked: bool = False
    ) -> Insight:
        """Understand one turn.

        Args:
            number: index of the turn in the call. topic: of the call so far, kept when this turn
                names none. permission_asked: the agent's last line asked whether an idea is wanted.
        """
        heard = hear(turn.text)
        vector = self._vector(turn.text)
        found = tuple(events(heard))
        feelings = _feelings(heard, found, self._feelings, vector)
        answer = short_answer_of(turn.text)
        record = Understanding(
            emotions=feelings,
            intensity=_intensity(heard, feelings),
            topic=_topic(heard, found, self._topics, vector) or topic or "general",
            facts=facts(heard, number),
            needs=_needs(feelings),
            change_talk=_change(heard),
            consent=_consents(heard, answer, permission_asked),
            rejection=_hit("rejection", heard) or (permission_asked and answer is Answer.NO),
        )
        label = _strongest(feelings)
        own_word = _own_word(heard, label)
        return Insight(
            heard=heard,
            record=record,
            feeling=label,
            feeling_said=own_word or _usual_word(label),
            named=own_word is not None,
            events=found,
            clause=own_clause(heard, turn.asr_conf),
            asks_why=_hit("asks_why", heard),
            asks_info=_hit("ask_info", heard),
            sustain=_hit("sustain_talk", heard),
            commits=_hit("commitment", heard),
            at_a_loss=_hit("at_a_loss", heard),
            declined=permission_asked and answer is Answer.NO,
            answer=answer,
            verdict=self._verdict(turn.text),
            takes=_hit("takes", heard),
            says_when=_hit("says_when", heard),
            vector=vector,
        )

    def _vector(self, text: str) -> Vectors | None:
        if self._embed is None or not text.strip():
            return None
        try:
            vector: Vectors = self._embed([text])[0]
            return vector
        except Exception:
            logger.exception("sentence vectors failed on a turn; words alone are used")
            return None

    def _verdict(self, text: str) -> bool:
        if self._embed is None or self._verdicts is None or not text.strip():
            return False
        try:
            return self._verdicts.hears(self._embed(list(sentences(text))))
        except Exception:
            logger.exception("sentence vectors failed on a turn; no verdict is heard in it")
            return False


def _hit(name: str, heard: Heard) -> bool:
    return bool(patterns(name).search(heard.text))


def _feelings(
    heard: Heard, found: Iterable[Event], prototypes: Prototypes | None, vector: Vectors | None
) -> dict[str, float]:
    """Probabilities over the feelings and "neutral"; they sum to 1."""
    odds = {label: _word_odds(heard, plain, stated) for label, plain, stated in _feeling_words()}
    if prototypes is not None and vector is not None:
        cosines = prototypes.scores(vector)
        mean = sum(cosines.values()) / len(cosines)
        for label, cosine in cosines.items():
            odds[label] += VECTOR_WEIGHT * max(0.0, cosine - mean)
    for event in found:
        if event.feel:
            odds[event.feel] = max(odds[event.feel], NO_CUE + EVENT_WEIGHT)
    odds["neutral"] = 0.0
    total = sum(math.exp(value) for value in odds.values())
    return {label: round(math.exp(value) / total, 4) for label, value in odds.items()}


def _word_odds(heard: Heard, plain: re.Pattern[str], stated: re.Pattern[str]) -> float:
    starts = [match.start() for match in plain.finditer(heard.text)]
    hits = [start for start in starts if not _NOT.search(heard.text[:start].rstrip())]
    if not hits:
        return NO_CUE
    outright = any(not _NOT.search(m.group()) for m in stated.finditer(heard.text))
    more = 0.5 * WORD_WEIGHT if len(hits) > 1 else 0.0
    return NO_CUE + WORD_WEIGHT + more + (STATED_WEIGHT if outright else 0.0)


def _strongest(feelings: dict[str, float]) -> str:
    return max(feelings, key=lambda label: feelings[label])


def _own_word(heard: Heard, label: str) -> str | None:
    """The caller's own adjective for the feeling, where it fits into "you feel ..."."""
    for name, _, stated in _feeling_words():
        match = stated.search(heard.text) if name == label else None
        if match and match.group("word") in _adjectives():
            return match.group("word")
    return None


def _usual_word(label: str) -> str:
    return "" if label == "neutral" else str(table("understand/emotions")[label]["adj"][0])


@cache
def _adjectives() -> frozenset[str]:
    """Feeling words that fit into "you feel ..."."""
    own = {a for row in table("understand/emotions").values() for a in row["adj"]}
    more = "tired drained scared nervous worried stuck numb empty hopeless useless ashamed guilty "
    more += "embarrassed lonely frustrated annoyed betrayed abandoned rejected trapped helpless "
    more += "confused torn relieved proud hopeful stressed overwhelmed depressed angry hurt sad "
    more += "invisible isolated terrified afraid jealous"
    return frozenset(own | set(more.split()))


def _intensity(heard: Heard, feelings: dict[str, float]) -> int:
    """1 (calm) to 5 (overwhelmed), from wording."""
    tones = {label: row["tone"] for label, row in table("understand/emotions").items()}
    hard = sum(p for label, p in feelings.items() if tones.get(label) == "hard")
    strong = len(patterns("intensifiers").findall(heard.text))
    soft = len(patterns("softeners").findall(heard.text))
    return int(max(1, min(5, round(1 + 2 * hard + min(2, strong) - min(1, soft)))))


def _topic(
    heard: Heard, found: Iterable[Event], prototypes: Prototypes | None, vector: Vectors | None
) -> str:
    votes: dict[str, float] = {}
    for name, cue in _topic_words():
        votes[name] = float(len(cue.findall(heard.text)))
    for event in found:
        if event.topic:
            weight = 1.5 if event.kind == "what" else 0.5
            votes[event.topic] = votes.get(event.topic, 0.0) + weight
    best = max(votes, key=lambda name: votes[name])
    if votes[best] > 0:
        return best
    if prototypes is None or vector is None:
        return ""
    cosines = prototypes.scores(vector)
    nearest = max(cosines, key=lambda name: cosines[name])
    return nearest if cosines[nearest] >= TOPIC_COSINE else ""


def _needs(feelings: dict[str, float]) -> tuple[str, ...]:
    label = _strongest(feelings)
    return () if label == "neutral" else tuple(table("understand/emotions")[label]["needs"])


def _change(heard: Heard) -> float:
    """0-1: how much the caller speaks for a change, less what they say against it."""
    forward = len(patterns("change_talk").findall(heard.text))
    forward += 2 * len(patterns("commitment").findall(heard.text))
    against = len(patterns("sustain_talk").findall(heard.text))
    return max(0.0, min(1.0, 0.5 * forward - 0.5 * against))


def _consents(heard: Heard, answer: Answer, permission_asked: bool) -> bool:
    if permission_asked and answer is Answer.YES and not _hit("rejection", heard):
        return True
    return _hit("consent", heard) and not _hit("rejection", heard)


def merge_facts(known: tuple[Fact, ...], new: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts of the call so far, each said once, oldest first."""
    texts = {(fact.kind, fact.text) for fact in known}
    return known + tuple(fact for fact in new if (fact.kind, fact.text) not in texts)
