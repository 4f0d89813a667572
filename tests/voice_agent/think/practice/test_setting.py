"""What is rehearsed, from spoken words: partner, fact, ask, difficulty; and rewritten lines."""

from __future__ import annotations

import pytest

from voice_agent.think.practice.rewrite import MOST_WORDS, plain, rewrite
from voice_agent.think.practice.setting import (
    Difficulty,
    Partner,
    Setting,
    ask_of,
    difficulty_in,
    fact_of,
    manner_of,
    partner_in,
)
from voice_agent.think.practice.skills import Level, Skill
from voice_agent.think.words import hear

BOSS = Setting(
    Partner("your boss", "work"),
    fact="You ring me on Sundays.",
    ask="I'd like you to stop ringing me on Sundays.",
    feeling="worn out",
)


@pytest.mark.parametrize(
    ("goal", "ask"),
    [
        ("I want him to stop calling me at night", "I'd like you to stop calling me at night."),
        ("get her to knock on her own door first", "I'd like you to knock on your own door first."),
        ("to ask my boss for a raise", "I'd like a raise."),
        ("I want to say no to lending her money", "I'm saying no to lending you money."),
        ("say no", "My answer is no."),
        ("that he stops shouting", "I'd like you to stop shouting."),
        ("stop reading my post", "I'd like you to stop reading my post."),
        ("tell her that I am moving out", "I'm moving out."),
        ("I need a plan for his safety", "I'd like a plan for your safety."),
        ("dunno", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_goal_becomes_an_ask_to_their_face(goal: str, ask: str) -> None:
    assert ask_of(hear(goal)) == ask


@pytest.mark.parametrize(
    ("situation", "fact"),
    [
        ("she rings me every Sunday to cover shifts", "You ring me every Sunday to cover shifts."),
        ("well my dad has borrowed my car since May", "You've borrowed my car since May."),
        ("it is complicated", ""),
        ("no", ""),
    ],
)
def test_what_they_do_becomes_a_fact_to_their_face(situation: str, fact: str) -> None:
    assert fact_of(hear(situation)) == fact


def test_partners_by_the_callers_word() -> None:
    assert partner_in(hear("can I practise talking to my boss")) == Partner("your boss", "work")
    assert partner_in(hear("it's my mother in law")) == Partner("your mother in law", "parent")
    assert partner_in(hear("landlord")) == Partner("your landlord", "office")
    assert partner_in(hear("I don't know")) is None


def test_difficulty_and_manner() -> None:
    assert difficulty_in(hear("hard please")) is Difficulty.HARD
    assert difficulty_in(hear("make it easy")) is Difficulty.EASY
    assert difficulty_in(hear("hm")) is None
    assert manner_of("he makes me feel guilty") == "guilt"
    assert manner_of("he is nice") == ""


def test_apologies_and_hedges_go() -> None:
    line = hear("Sorry, I was wondering if maybe you could call me first?")
    assert plain(line) == "I'd like you to call me first."


@pytest.mark.parametrize("skill", list(Skill))
@pytest.mark.parametrize("level", [Level.NONE, Level.WEAK])
def test_every_rewrite_is_short_and_has_the_skill(skill: Skill, level: Level) -> None:
    line = hear("You never think of me, maybe you could, um, ring somebody else, sorry")
    said = rewrite(skill, line, level, BOSS)
    assert 0 < len(said.split()) <= MOST_WORDS
    wanted = {
        Skill.EXPRESS: "I feel worn out.",
        Skill.ASSERT: BOSS.ask,
        Skill.MINDFUL: BOSS.ask,
        Skill.REINFORCE: "That way I can give you my best",
        Skill.NEGOTIATE: "?",
    }
    assert wanted.get(skill, "") in said
    assert "never" not in said or skill is not Skill.DESCRIBE
    assert "sorry" not in said.lower()


def test_a_rewrite_needs_nothing_but_the_line() -> None:
    bare = Setting(Partner("the other person", "office"))
    for skill in Skill:
        assert rewrite(skill, hear("hm"), Level.NONE, bare)
