"""How hard the crisis path presses: models guess and are asked about, a "no" is heard, "okay" is
not a "yes", and nothing an endpoint says lowers anything."""

from __future__ import annotations

import dataclasses

import pytest

from voice_agent.contracts import Mode, RiskLevel, RiskState, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.crisis import (
    CALM_TURNS,
    CALM_TURNS_DENIED,
    WATCH_TURNS,
    Answer,
    after_turn,
    answer_of,
    concern,
    guessed,
    raised,
    weighed,
)
from voice_agent.think.guard_in import Alarm

WHY = "suicidal_ideation"


@pytest.fixture(scope="module")
def bare() -> Mind:
    return Mind.load(ThinkSettings(use_vectors=False))


@dataclasses.dataclass
class Opinion:
    """An endpoint whose private notes say one level, and whose replies are never usable."""

    level: str

    def fill(self, messages: object, deadline_s: float) -> dict[str, object]:
        return {"risk": self.level}

    def say(self, messages: object, deadline_s: float) -> None:
        return None


def call(mind: Mind, level: str, risk: RiskState | None = None) -> Conversation:
    advised = dataclasses.replace(mind, endpoint=Opinion(level))  # type: ignore[arg-type]
    return Conversation(advised, clock=lambda: 0.0, risk=risk)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("yeah", Answer.YES), ("Yes. After the news.", Answer.YES), ("I do", Answer.YES),
        ("most nights", Answer.YES), ("I'd be lying if I said no", Answer.YES), ("Sí", Answer.YES),
        ("oui, parfois", Answer.YES), ("是的", Answer.YES), ("はい", Answer.YES),
        ("yeah, so my boss moved my desk", Answer.UNCLEAR), ("yeah. My mom rang.", Answer.UNCLEAR),
        ("yeah, it's on my mind a lot", Answer.YES), ("yes, my mind goes there", Answer.YES),
        ("okay", Answer.UNCLEAR), ("right, so my boss called", Answer.UNCLEAR),
        ("I have three kids to think of", Answer.UNCLEAR), ("I can hear you", Answer.UNCLEAR),
        ("yeah no, nothing like that", Answer.NO), ("I would never", Answer.NO),
        ("God no", Answer.NO), ("nein", Answer.NO), ("いいえ", Answer.NO),
    ],
)  # fmt: skip
def test_only_a_plain_yes_climbs(said: str, answer: Answer) -> None:
    assert answer_of(said) is answer


@pytest.mark.parametrize("answer", [Answer.UNCLEAR, Answer.NO])
def test_a_false_watch_does_not_climb_without_a_yes(answer: Answer) -> None:
    state = raised(RiskState(), RiskLevel.LOW, WHY, ("net",), 0)
    for asked in ("ideation", "plan", "today", "means"):
        assert after_turn(state, Alarm(), asked, answer, 1).level is RiskLevel.LOW


def test_a_false_watch_does_not_climb_on_a_yeah_that_goes_on_about_something_else() -> None:
    state = raised(RiskState(), RiskLevel.LOW, WHY, ("net",), 0)
    for said in ("yeah, so the landlord rang", "yeah. He never does the bins.", "yeah anyway"):
        assert after_turn(state, Alarm(), "ideation", answer_of(said), 1).level is RiskLevel.LOW
    assert after_turn(state, Alarm(), "ideation", answer_of("yeah"), 1).level is RiskLevel.HIGH


def test_a_question_about_death_that_is_passed_over_keeps_the_watch() -> None:
    state = after_turn(RiskState(), Alarm(), "ideation", Answer.UNCLEAR, 1)
    assert state.level is RiskLevel.LOW
    assert after_turn(RiskState(), Alarm(), "people", Answer.UNCLEAR, 1).level is RiskLevel.NONE


def test_a_denied_watch_is_remembered_but_not_as_long() -> None:
    low = raised(RiskState(), RiskLevel.LOW, WHY, ("net",), 0)
    state = dataclasses.replace(
        after_turn(low, Alarm(), "ideation", Answer.NO, 1), asked_directly=True
    )
    turns = 1
    while state.level is RiskLevel.LOW:
        turns += 1
        state = after_turn(state, Alarm(), "", Answer.UNCLEAR, turns)
    assert turns == CALM_TURNS_DENIED < CALM_TURNS[RiskLevel.LOW]


def test_a_graver_word_takes_the_denial_back() -> None:
    low = raised(RiskState(), RiskLevel.LOW, WHY, ("net",), 0)
    denied = after_turn(low, Alarm(), "ideation", Answer.NO, 1)
    assert denied.denied
    graver = raised(denied, RiskLevel.HIGH, WHY, ("wants_to_die",), 2)
    assert (graver.level, graver.denied) == (RiskLevel.HIGH, False)


def test_what_a_model_only_guesses_is_asked_about_before_the_ladder_is_climbed() -> None:
    guess = raised(RiskState(), RiskLevel.HIGH, WHY, ("net",), 0)
    assert guessed(guess)
    assert not guessed(raised(guess, RiskLevel.HIGH, WHY, ("answer:ideation",), 1))
    assert not guessed(raised(RiskState(), RiskLevel.HIGH, WHY, ("suicidal",), 0))
    assert not guessed(raised(RiskState(), RiskLevel.IMMINENT, WHY, ("net",), 0))


def test_an_endpoints_alarm_is_asked_about_plainly_and_a_yes_confirms_it(bare: Mind) -> None:
    talk = call(bare, "high")
    talk.open()
    first = talk.respond(UserTurn("My week was long and the flat is quiet."))
    assert talk.risk.level is RiskLevel.HIGH
    assert first.mode is Mode.CRISIS
    assert first.script_id is not None
    assert "/low/ask/" in first.script_id
    second = talk.respond(UserTurn("yes, I am"))
    assert second.script_id is not None
    assert "/high/open/" in second.script_id
    assert not guessed(talk.risk)


def test_an_endpoint_never_lowers(bare: Mind) -> None:
    known = raised(RiskState(), RiskLevel.HIGH, WHY, ("suicidal",), 0)
    talk = call(bare, "none", known)
    talk.open()
    talk.respond(UserTurn("I want to die"))
    for said in ("it is raining", "no, not today", "my brother is coming by"):
        talk.respond(UserTurn(said))
        assert talk.risk.level.rank >= RiskLevel.HIGH.rank


def test_one_watched_turn_is_not_asked_about_and_a_second_one_is() -> None:
    watched, calm = Alarm(watch=True), Alarm()
    first = weighed(RiskState(), watched, Answer.UNCLEAR, 3)
    assert first is watched
    state = after_turn(RiskState(), first, "", Answer.UNCLEAR, 3)
    assert (state.level, state.watched) == (RiskLevel.NONE, 3)
    assert (concern(state, 3), concern(state, 4)) == (RiskLevel.LOW, RiskLevel.NONE)
    state = after_turn(state, calm, "", Answer.UNCLEAR, 4)
    assert weighed(state, calm, Answer.UNCLEAR, 5) is calm
    second = weighed(state, watched, Answer.UNCLEAR, 3 + WATCH_TURNS)
    assert second.level is RiskLevel.LOW
    assert after_turn(state, second, "", Answer.UNCLEAR, 9).watched == -1
    late = weighed(state, watched, Answer.UNCLEAR, 4 + WATCH_TURNS)
    assert late.level is RiskLevel.NONE
    earlier_call = dataclasses.replace(state, watched=30)
    assert weighed(earlier_call, watched, Answer.UNCLEAR, 2).level is RiskLevel.NONE


def test_a_watched_turn_of_an_earlier_call_is_forgotten(bare: Mind) -> None:
    conversation = Conversation(bare, clock=lambda: 0.0, risk=RiskState(watched=3))
    assert concern(conversation.risk, 3) is RiskLevel.NONE
    again = weighed(conversation.risk, Alarm(watch=True), Answer.UNCLEAR, 5)
    assert again.level is RiskLevel.NONE


def test_a_watched_turn_is_no_calm_turn() -> None:
    low = raised(RiskState(), RiskLevel.LOW, WHY, ("net",), 0)
    state = dataclasses.replace(low, asked_directly=True)
    for turn in range(1, 2 * CALM_TURNS[RiskLevel.LOW]):
        state = after_turn(state, Alarm(watch=turn % 8 == 7), "", Answer.UNCLEAR, turn)
    assert state.level is RiskLevel.LOW


def test_a_grave_guess_once_more_after_the_question_stands_unless_it_was_denied() -> None:
    guess = raised(RiskState(), RiskLevel.HIGH, WHY, ("net",), 0)
    again = Alarm(RiskLevel.HIGH, WHY, ("net",))
    assert weighed(guess, again, Answer.UNCLEAR, 1) is again  # nobody has asked yet
    asked = dataclasses.replace(guess, asked_directly=True)
    assert weighed(asked, again, Answer.NO, 1) is again
    assert weighed(dataclasses.replace(asked, denied=True), again, Answer.UNCLEAR, 1) is again
    insists = weighed(asked, again, Answer.UNCLEAR, 1)
    assert not guessed(after_turn(asked, insists, "", Answer.UNCLEAR, 1))
