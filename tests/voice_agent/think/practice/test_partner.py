"""The played partner resists, reacts to how a line is said, comes round, and stays in bounds."""

from __future__ import annotations

import random

import pytest

from voice_agent.think.endpoint import Message
from voice_agent.think.practice.partner import MOST_REPLIES, PlayedPartner, Word
from voice_agent.think.practice.setting import Difficulty, Partner, Setting
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.tables import table

SHARP = {skill: Level.STRONG for skill in Skill}
BLANK = {skill: Level.NONE for skill in Skill}
STEADY = BLANK | {
    Skill.ASSERT: Level.STRONG,
    Skill.MINDFUL: Level.STRONG,
    Skill.APPEAR_CONFIDENT: Level.STRONG,
}
CALM = BLANK | {Skill.APPEAR_CONFIDENT: Level.STRONG, Skill.MINDFUL: Level.STRONG}
ATTACK = BLANK | {Skill.APPEAR_CONFIDENT: Level.WEAK}


def partner(difficulty: Difficulty = Difficulty.MEDIUM, manner: str = "") -> PlayedPartner:
    who = Partner("your boss", "work")
    return PlayedPartner(Setting(who, difficulty=difficulty, manner=manner))


def talk(own: PlayedPartner, *lines: dict[Skill, Level], word: Word | None = None) -> list[str]:
    rng = random.Random(0)
    moods = []
    for ratings in lines:
        own.answer("line", ratings, rng, word)
        moods.append(own.mood)
    return moods


@pytest.mark.parametrize(
    ("ratings", "mood"),
    [(ATTACK, "hurt"), (BLANK, "walked"), (CALM, "unclear")],
)
def test_it_reacts_to_how_a_line_is_said(ratings: dict[Skill, Level], mood: str) -> None:
    assert talk(partner(), ratings) == [mood]


def test_harder_partners_take_longer_to_come_round() -> None:
    moods = {level: talk(partner(level), *[SHARP] * MOST_REPLIES) for level in Difficulty}
    needed = [moods[level].index("agree") for level in Difficulty]
    assert needed == sorted(needed) and needed[0] < needed[-1]
    assert moods[Difficulty.EASY][0] == "agree"


def test_it_may_stay_unmoved_and_the_talk_still_ends() -> None:
    own = partner(Difficulty.HARD)
    moods = talk(own, *[ATTACK, STEADY] * 3)
    assert "agree" not in moods
    assert own.mood == "stay" and own.over


def test_the_manner_that_the_caller_told_comes_first() -> None:
    assert talk(partner(Difficulty.HARD, "guilt"), STEADY) == ["guilt"]


def test_it_says_nothing_twice_while_it_has_other_words() -> None:
    own = partner(Difficulty.HARD)
    talk(own, *[STEADY] * MOST_REPLIES)
    assert len(set(own.lines)) == len(own.lines)


@pytest.mark.parametrize("said", [
    "As an AI I cannot do that.",
    "You are useless.",
    "Go and kill yourself then.",
    "No. " * 40,
    "",
])  # fmt: skip
def test_unfit_words_of_an_endpoint_are_not_spoken(said: str) -> None:
    own = partner()
    talk(own, STEADY, word=lambda messages: said)
    book = table("practice/partners")[own.mood]
    assert own.lines[0] in [*book["any"], *book.get("work", [])]


def test_an_endpoint_words_the_mood_that_was_chosen_here() -> None:
    asked: list[list[Message]] = []

    def word(messages: list[Message]) -> str:
        asked.append(messages)
        return "I had no idea it was like that."

    own = partner()
    talk(own, STEADY, word=word)
    assert own.lines == ["I had no idea it was like that."]
    assert table("practice/partners")["prompt"]["moods"][own.mood] in asked[0][0]["content"]


def test_its_state_comes_back() -> None:
    own = partner(Difficulty.HARD)
    talk(own, STEADY, ATTACK)
    again = PlayedPartner.restored(own.setting, own.state())
    assert again == own
