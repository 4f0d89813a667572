"""Suite ``esrp``: emotional support in a persona's voice, on the nine ratings of ChatAnime.

Ratings are 1 to 5 by rules that only look at words, so they rank systems and do not replace
readers; diversity is measured over the whole set of answers, where templates give themselves away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice_agent.contracts import UserTurn
from voice_agent.evaluate.diversity import distinct, repeated_openers, self_bleu, words
from voice_agent.evaluate.lines import Row, read_rows
from voice_agent.evaluate.report import Report, Score, scored
from voice_agent.evaluate.suites.options import Options
from voice_agent.think import Conversation
from voice_agent.think.mi import code_of, sentences

_FEELING = re.compile(
    r"\b(?:feel|hurt|sad|angry|scared|afraid|lonely|tired|heavy|hard|miss|shame|proud|glad|care"
    r"|worr\w+)\b",
    re.I,
)
_SHARED = re.compile(
    r"\b(?:many|some|a lot of|other) people\b|\bpeople (?:often|tell|say)\b|\bit happens to\b"
    r"|\bi (?:once|remember|used to|know that)\b",
    re.I,
)
_CONCRETE = re.compile(
    r"\b(?:try|could|might|start|write|call|walk|ask|tell|tonight|tomorrow|first|small)\b", re.I
)
_HABIT = re.compile(
    r"\*[^*]+\*|\([^)]+\)|\b(?:smiles?|nods?|sighs?|laughs?|chuckles?|pours?|leans?)\b", re.I
)


@dataclass(frozen=True)
class Scene:
    """Two rounds of one character; ``character`` is a name with or without a description."""

    character: str
    questions: tuple[str, str]
    answers: tuple[str, str]


def run_esrp(path: Path, options: Options) -> Report:
    """Score given answers, or our own where a line has questions only."""
    rows = read_rows(path)
    scenes = [_scene(row, options) for row in rows]
    answers = [answer for scene in scenes for answer in scene.answers]
    rated = {name: scored(scenes, _mean(rate), options.seed) for name, rate in RATINGS.items()}
    own = sum("answer_r1" not in row.fields for row in rows)
    return Report(
        suite="esrp",
        n=len(scenes),
        scores={
            **rated,
            "distinct-1": Score(distinct(answers, 1)),
            "distinct-2": Score(distinct(answers, 2)),
            "self-BLEU-2": Score(self_bleu(answers)),
            "repeated openers": Score(repeated_openers(answers)),
        },
        notes=(f"{own} of {len(rows)} scenes were answered by our own agent",),
    )


def _scene(row: Row, options: Options) -> Scene:
    questions = row.text("question_r1"), row.text("question_r2")
    if "answer_r1" in row.fields or "answer_r2" in row.fields:
        answers = row.text("answer_r1"), row.text("answer_r2")
    else:
        talk = Conversation(options.mind, clock=lambda: 0.0, seed=options.seed)
        talk.open()
        first, second = (talk.respond(UserTurn(question)).text for question in questions)
        answers = first, second
    return Scene(row.text("character"), questions, answers)


def _mean(rate: Callable[[Scene], float]) -> Callable[[Sequence[Scene]], float]:
    return lambda scenes: sum(1 + 4 * min(1.0, rate(scene)) for scene in scenes) / len(scenes)


def _fluency(scene: Scene) -> float:
    """Whole sentences without a word said twice running."""
    said = [s for answer in scene.answers for s in sentences(answer)]
    good = [bool(re.search(r"[.!?][\"']?$", s)) and not re.search(r"\b(\w+) \1\b", s) for s in said]
    return sum(good) / max(1, len(good))


def _coherency(scene: Scene) -> float:
    """Each answer takes up words of its question."""
    return sum(map(_overlap, scene.questions, scene.answers)) / 2


def _overlap(question: str, answer: str) -> float:
    asked, said = (_content(text) for text in (question, answer))
    return min(1.0, 3 * len(asked & said) / max(3, len(asked)))


def _consistency(scene: Scene) -> float:
    """The second answer neither repeats the first nor takes another person's voice."""
    first, second = (set(words(answer)) for answer in scene.answers)
    return 1.0 - max(0.0, len(first & second) / max(1, len(first | second)) - 0.3)


def _knowledge(scene: Scene) -> float:
    """Answers use words of the character's description."""
    said = set().union(*map(_content, scene.answers))
    return min(1.0, len(_content(scene.character) & said) / 3)


def _style(scene: Scene) -> float:
    """Spoken, not written: short sentences, contractions, marks of a voice."""
    text = " ".join(scene.answers)
    lengths = [len(s.split()) for s in sentences(text)] or [40]
    short = sum(length <= 16 for length in lengths) / len(lengths)
    return 0.6 * short + 0.4 * bool(re.search(r"\w'\w|[!\u2026~]", text))


def _habit(scene: Scene) -> float:
    return sum(bool(_HABIT.search(answer)) for answer in scene.answers) / 2


def _emotional_value(scene: Scene) -> float:
    return sum(_comforts(answer) for answer in scene.answers) / 2


def _comforts(answer: str) -> float:
    codes = {code_of(s) for s in sentences(answer)}
    mirrored = bool(codes & {"simple_reflection", "complex_reflection", "affirm", "support"})
    return 0.5 * bool(_FEELING.search(answer)) + 0.5 * mirrored


def _demand(scene: Scene) -> float:
    """Validation, something concrete, and the word handed back."""
    text = " ".join(scene.answers)
    return (bool(_FEELING.search(text)) + bool(_CONCRETE.search(text)) + ("?" in text)) / 3


def _sharing(scene: Scene) -> float:
    return sum(bool(_SHARED.search(answer)) for answer in scene.answers) / 2


def _content(text: str) -> set[str]:
    return {word for word in words(text) if len(word) > 3}


RATINGS: dict[str, Callable[[Scene], float]] = {
    "fluency": _fluency,
    "coherency": _coherency,
    "consistency": _consistency,
    "character knowledge": _knowledge,
    "speech style": _style,
    "behavioural habit": _habit,
    "emotional value": _emotional_value,
    "demand matching": _demand,
    "experience sharing": _sharing,
}
