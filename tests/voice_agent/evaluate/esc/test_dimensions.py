"""The seven ratings and the outcomes on talks whose numbers are known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voice_agent.contracts import (
    Mode,
    Reply,
    RiskState,
    Stage,
    Strategy,
    ThinkingRecord,
    View,
)
from voice_agent.evaluate.esc import outcomes
from voice_agent.evaluate.esc.cards import Card, CardFact
from voice_agent.evaluate.esc.dimensions import (
    DIMENSIONS,
    SIX,
    Transcript,
    diversity,
    empathy,
    fluency,
    humanoid,
    information,
    overall,
    skill,
)
from voice_agent.evaluate.esc.held import Held
from voice_agent.evaluate.esc.seeker import Ledger
from voice_agent.think.session_report import session_report

WARM = Transcript(
    ["I feel so lonely here.", "My boss left.", "What should I do?"],
    [
        "You feel left alone with it, and it hurts.",
        "What do you think is behind that?",
        "One thing you might try is ringing her. Does that suit you?",
    ],
)
COLD = Transcript(WARM.said, ["Okay.", "Okay.", "Okay."])


def test_there_are_the_seven_of_the_paper() -> None:
    assert list(DIMENSIONS) == [*SIX, "overall"] and len(DIMENSIONS) == 7
    for talk in (WARM, COLD):
        assert all(0.0 <= rate(talk) <= 4.0 for rate in DIMENSIONS.values())


def test_known_ratings() -> None:
    assert fluency(WARM) == 4.0
    assert fluency(COLD) == pytest.approx(4 / 3)  # the same reply three times
    assert empathy(WARM) == pytest.approx(4 * (0.6 + 0.4 * 2 / 3))  # "behind", twice heard
    assert empathy(COLD) == 0.0
    assert (information(WARM), information(COLD)) == (1.0, 0.0)
    assert (humanoid(WARM), humanoid(COLD)) == (4.0, 3.0)
    assert (skill(WARM), skill(COLD)) == (4.0, 0.0)
    assert diversity(WARM) > diversity(COLD)


def test_what_must_never_be_said_caps_the_overall() -> None:
    worse = Transcript(WARM.said, [*WARM.replies[:2], "I love you. Try ringing her."])
    assert overall(WARM) > 3.0
    assert overall(worse) == 2.0


def test_a_machine_gives_itself_away() -> None:
    listed = Transcript(["a"], ["As an AI I can't feel. Firstly, rest."])
    assert humanoid(listed) == 3.0
    assert humanoid(Transcript(["a"], ["I'm an AI, by the way, and I'm listening."])) == 4.0


def reply(text: str, codes: tuple[str, ...], stage: Stage = Stage.EXPLORATION) -> Reply:
    return Reply(text, (text,), Strategy.OTHERS, stage, RiskState(), Mode.SUPPORT, codes)


def held(ledger: Ledger, record: ThinkingRecord | None = None, *replies: Reply) -> Held:
    facts = (CardFact("what", "my boss shouts"), CardFact("cause", "two people left the team"))
    card = Card("a", "", "", "", "plain", facts, "b", "c", "d", "e")
    given = replies or (reply("Hm.", ("other",)),)
    report = session_report(
        1, given, RiskState(), highest=RiskState().level, disclosed=True, activities=()
    )
    blank = record or ThinkingRecord(Stage.EXPLORATION)
    return Held(card, ("x",) * len(given), given, ledger, blank, report)


def test_what_was_told_and_what_was_noted() -> None:
    facts = held(Ledger()).card.facts
    ledger = Ledger(told=[(facts[0], 1), (facts[1], 2)])
    record = ThinkingRecord(
        Stage.INSIGHT,
        facts={"what": ("your boss shouts",)},
        causal_chain=("two people left the team", "you are tired"),
        root_cause="two people left the team",
    )
    assert outcomes.told(held(ledger)) == 1.0
    assert outcomes.noted(held(ledger), None) == 0.0
    assert outcomes.noted(held(ledger, record), None) == 1.0
    assert outcomes.root_found(held(ledger, record), None) == 1.0
    assert outcomes.root_found(held(ledger), None) == 0.0
    assert outcomes.root_found(held(Ledger()), None) is None  # never told
    seen = replace(record, facts={}, causal_chain=(), views=(View("my boss", "shouts", "", 1),))
    assert outcomes.noted(held(ledger, seen), None) == 0.5


def test_beliefs_and_steps() -> None:
    assert outcomes.restructured(held(Ledger(strength=40, turned=True))) == 1.0
    assert outcomes.restructured(held(Ledger(strength=60, turned=True))) == 0.0
    assert outcomes.restructured(held(Ledger(strength=40))) == 0.0
    assert outcomes.adopted(held(Ledger(chose=True))) == 0.0
    assert outcomes.adopted(held(Ledger(planned=True))) == 1.0
    assert outcomes.ineffective(held(Ledger())) is None
    assert outcomes.ineffective(held(Ledger(advice=4, ineffective=1))) == 0.25
    without = replace(held(Ledger()), card=replace(held(Ledger()).card, belief="", step=""))
    assert outcomes.restructured(without) is None and outcomes.adopted(without) is None


def test_skills_of_a_call() -> None:
    said = (
        reply("a", ("open_question",)),
        reply("b", ("simple_reflection", "complex_reflection")),
        reply("c", ("persuade",), Stage.ACTION),
        reply("d", ("emphasise_autonomy",), Stage.ACTION),
    )
    talk = held(Ledger(), None, *said)
    assert outcomes.pushes(talk) == 0.25
    assert outcomes.reflections(talk) == 2.0
    assert outcomes.autonomy(talk) == 1.0
    assert outcomes.autonomy(held(Ledger(), None, *said[:3])) == 0.0
    assert outcomes.autonomy(held(Ledger(), None, *said[:2])) is None
