"""The bank: original, announced as fiction, sayable line by line, and outside of every decision."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from codec.errors import SecoustiError
from voice_agent.contracts import RiskLevel, Stage, StageEstimate, Strategy, StrategyPlan, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think import persona as persona_module
from voice_agent.think.dialogue import Draft
from voice_agent.think.grammar import Line, spoken
from voice_agent.think.guard_out import faults
from voice_agent.think.manner import situations, with_aside, wordings
from voice_agent.think.persona import AXES, Persona, bank, persona_named
from voice_agent.think.prompts import reply_messages
from voice_agent.think.strategy import Planner
from voice_agent.think.tables import table
from voice_agent.think.words import hear
from voice_agent.think.writer import MAX_WORDS, Brief

from .talks import GRIEF, LONELY, WORK, dialogue, record

PERSONAS = list(bank().values())
VALUES = {
    "said": "the work keeps piling up", "said2": "you lost your job", "thing": "the workload",
    "thing2": "losing your job", "impact": "you're not sleeping", "impact_thing": "the bad nights",
    "feeling": "worried", "noun": "worry", "clause": "your landlord keeps raising the rent",
    "when": "for months", "who": "your mother", "common": "losing a job", "step": "a short walk",
    "strength_said": "you talked to your sister", "step2": "writing it down",
    "chain_cause": "the work keeps piling up", "chain_effect": "you're not sleeping",
}  # fmt: skip
VALUES |= {name.capitalize(): text[0].upper() + text[1:] for name, text in VALUES.items()}
LIFE_STORY = re.compile(
    r"\b(?:my (?:life|childhood|family|mother|father|friend|past|job)|when i was|i grew up|"
    r"i used to|i remember when|years old|i feel|i felt|i cried|i love)\b",
    re.I,
)


def plan(strategy: Strategy, *constraints: str) -> StrategyPlan:
    return StrategyPlan(strategy, {}, {}, (strategy,), "", constraints)


def lines_of(persona: Persona) -> list[Line]:
    own = [line for lines in persona.lines.values() for line in lines]
    return own + [preset.line for preset in persona.presets]


def test_there_are_sixteen_and_more_of_them() -> None:
    assert len(PERSONAS) >= 16
    assert len({persona.style for persona in PERSONAS}) == len(PERSONAS)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_every_line_may_be_spoken(persona: Persona) -> None:
    for line in lines_of(persona):
        text = spoken(line, VALUES, random.Random(0))
        asking = ("ask_permission",) if line.asks == "permission" else ()
        wrong = faults(
            Draft(text, line.strategy, line.asks),
            plan(line.strategy, *asking),
            consent=line.strategy is Strategy.SUGGESTION,
            recent=[],
        )
        assert not wrong, text
        assert len(text.split()) <= MAX_WORDS, text
        assert not LIFE_STORY.search(text), text


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_it_is_announced_as_a_style_of_an_ai(persona: Persona) -> None:
    for text in persona.greets:
        assert "AI" in text and "not a" in text and persona.name in text
        assert not LIFE_STORY.search(text)
    assert "AI" in persona.takes_over and persona.name in persona.takes_over


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_a_persona_is_whole(persona: Persona) -> None:
    moves = {Strategy.QUESTION, Strategy.REFLECTION, Strategy.RESTATEMENT, Strategy.AFFIRMATION}
    assert moves | {Strategy.SUGGESTION, Strategy.SELF_DISCLOSURE} == set(persona.lines)
    assert any(line.asks == "permission" for line in persona.lines[Strategy.QUESTION])
    assert set(persona.manner) == set(AXES)
    assert all(0.0 <= value <= 1.0 for value in persona.manner.values())
    assert 0.85 <= persona.pace <= 1.2
    assert len(persona.presets) >= 5
    known = {*table("understand/topics"), *table("understand/emotions"), "neutral"}
    assert persona.topics | persona.feelings | persona.not_for <= known
    assert {preset.situation for preset in persona.presets} <= set(table("understand/situations"))


def test_no_line_is_shared_between_personas() -> None:
    said = [line.say for persona in PERSONAS for line in lines_of(persona)]
    twice = {text for text in said if said.count(text) > 1}
    assert twice <= {"Since when?"}


def test_who_is_not_there_is_named_with_those_who_are() -> None:
    assert persona_named("") is None
    assert persona_named("MARA") is bank()["mara"]
    with pytest.raises(SecoustiError, match="no persona 'Bob'; there are Anselm"):
        persona_named("Bob")


def test_a_file_that_does_not_say_fiction_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {**table("personas/mara"), "fictional_persona": False}
    monkeypatch.setattr(persona_module, "table", lambda _: row)
    with pytest.raises(SecoustiError, match="fictional_persona"):
        persona_module.bank.__wrapped__()


# ---------------------------------------------------------------- how it speaks


def replies(mind: Mind, said: list[str], name: str, **options: Any) -> list[Any]:
    talk = Conversation(mind, clock=lambda: 0.0, persona=persona_named(name), **options)
    talk.open()
    return [talk.respond(UserTurn(text)) for text in said]


@pytest.mark.parametrize("said", [WORK, GRIEF, LONELY])
def test_personas_word_the_same_moves_differently(mind: Mind, said: list[str]) -> None:
    house, mara, jonas = (replies(mind, said, name) for name in ("", "Mara", "Jonas"))
    same = [a.text == b.text for a, b in zip(mara, jonas, strict=True)]
    assert sum(same) <= len(same) // 2
    assert [r.text for r in mara] != [r.text for r in house]
    assert [r.risk for r in mara] == [r.risk for r in jonas] == [r.risk for r in house]


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda p: p.name)
def test_rules_of_speech_hold_for_all_of_them(mind: Mind, persona: Persona) -> None:
    for said in (WORK, GRIEF):
        for reply in replies(mind, said, persona.name):
            assert "persuade" not in reply.mi_codes
            assert reply.text.count("?") <= 1
            assert len(reply.text.split()) <= 42
            assert (reply.pace, reply.pause) == (persona.pace, persona.pause)


def test_the_crisis_path_speaks_in_nobody_s_style(mind: Mind) -> None:
    said = ["I want to die", "yes", "yes", "nobody is here"]
    house, sol = replies(mind, said, ""), replies(mind, said, "Sol")
    assert [r.text for r in sol] == [r.text for r in house]
    assert all((r.pace, r.pause) == (1.0, 1.0) for r in sol)
    assert all(r.script_id for r in sol)


def test_what_a_preset_is_for_is_answered_with_it() -> None:
    talk, insight = dialogue("I can't stop crying")
    assert "crying" in situations(insight.heard)
    best = max(
        wordings(bank()["wren"], Strategy.REFLECTION, insight, talk), key=lambda pair: pair[1]
    )
    assert best[0].say == "Cry. I'm listening."


def test_a_light_style_stays_out_of_mourning(mind: Mind) -> None:
    talk, insight = dialogue("my mom died in March")
    own = {line.id for line in bank()["sol"].lines[Strategy.RESTATEMENT]}
    found = {line.id for line, _ in wordings(bank()["sol"], Strategy.RESTATEMENT, insight, talk)}
    assert not own & found
    bye = replies(mind, ["my mom died in March", "okay bye"], "Sol")[-1]
    assert "dull" not in bye.text


def test_nothing_is_put_beside_words_of_self_blame() -> None:
    said = Draft("There's a harsh voice in there.", Strategy.REFLECTION)
    for text, alone in (("I'm such a failure", True), ("my boss keeps adding work", False)):
        talk, _ = dialogue(text)
        made = [with_aside(said, bank()["anselm"], talk, random.Random(n)) for n in range(20)]
        assert all(draft == said for draft in made) is alone


def test_situations_are_heard_in_plain_words() -> None:
    assert "too_fast" in situations(hear("everything is coming at once"))
    assert "self_blame" in situations(hear("it's all my fault"))
    assert not situations(hear("I had toast this morning"))


def test_an_endpoint_is_told_the_style_and_still_the_move() -> None:
    talk, insight = dialogue("my boss keeps adding work and I can't keep up")
    stage = StageEstimate(Stage.EXPLORATION, {}, 0, "")
    chosen = Planner().plan(talk, insight, stage, RiskLevel.NONE)
    brief = Brief(talk, insight, stage, chosen, record(talk, insight), bank()["mara"])
    system = reply_messages(brief)[0]["content"]
    assert "the style called Mara" in system and "not a person" in system
    assert f"The move to make now: {chosen.strategy.value}" in system
    plain = reply_messages(Brief(talk, insight, stage, chosen, record(talk, insight)))[0]["content"]
    assert "style called" not in plain
