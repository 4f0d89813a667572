"""Memory: consent first, sensitive things only on request, seldom recalled, forgotten at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.contracts import Memory, Reply, RiskLevel, RiskState, UserTurn
from voice_agent.think import Conversation, Mind
from voice_agent.think.crisis import raised
from voice_agent.think.memory import DAY_S, blocked, noted

NOW = 1_000_000_000.0
RENT = Memory("your landlord keeps raising the rent", "event", True)
SISTER = Memory("your sister helps you with the kids", "help", True)
ILLNESS = Memory("you have been diagnosed with cancer", "note", True, "sensitive")


def begin(mind: Mind, memories: Any = (), **options: Any) -> Conversation:
    talk = Conversation(mind, clock=lambda: 0.0, memories=memories, date=lambda: NOW, **options)
    talk.open()
    return talk


def say(talk: Conversation, *said: str) -> list[Reply]:
    return [talk.respond(UserTurn(text)) for text in said]


def items(talk: Conversation) -> list[str]:
    return [memory.item for memory in talk.memories]


TOLD = ["My landlord keeps raising the rent.", "My sister helps me a lot."]


def test_nothing_is_kept_without_a_yes(mind: Mind) -> None:
    talk = begin(mind)
    asked, told = say(talk, *TOLD, "okay bye", "no")[-2:]
    assert "your landlord keeps raising the rent" in asked.text and not asked.end_call
    assert told.end_call and talk.memories == ()


def test_a_yes_keeps_what_was_read_out_and_for_a_while(mind: Mind) -> None:
    talk = begin(mind)
    asked, told = say(talk, *TOLD, "okay bye", "yes")[-2:]
    assert told.end_call
    assert talk.memories
    for memory in talk.memories:
        assert memory.item in asked.text
        assert memory.caller_confirmed and memory.sensitivity == "ordinary"
        assert memory.expires is not None and NOW + DAY_S < memory.expires <= NOW + 366 * DAY_S


def test_who_goes_on_instead_of_answering_keeps_nothing_and_is_heard(mind: Mind) -> None:
    talk = begin(mind)
    reply = say(talk, *TOLD, "bye", "oh and there is one more thing about the rent")[-1]
    assert not reply.end_call and talk.memories == ()


def test_it_is_asked_once(mind: Mind) -> None:
    talk = begin(mind)
    replies = say(talk, *TOLD, "bye", "oh and there is one more thing about the rent", "bye")
    assert [("next time" in reply.text) for reply in replies].count(True) == 1
    assert replies[-1].end_call


def test_where_nobody_keeps_anything_nothing_is_offered(mind: Mind) -> None:
    talk = begin(mind, None)
    replies = say(talk, *TOLD, "will you remember this next time?", "bye")
    assert "nothing is kept" in replies[2].text
    assert replies[3].end_call and talk.memories == ()


def test_a_crisis_leaves_no_item_and_is_not_asked_about(mind: Mind) -> None:
    talk = begin(mind)
    replies = say(talk, "I want to die", "no", "my landlord keeps raising the rent", "bye")
    assert not any("next time" in reply.text for reply in replies)
    assert talk.memories == ()


def test_a_crisis_voids_an_open_question(mind: Mind) -> None:
    talk = begin(mind)
    say(talk, *TOLD, "bye", "I want to die", "yes")
    assert talk.memories == ()


@pytest.mark.parametrize(
    "said", ["I've been diagnosed with cancer", "I drink every night", "I had an affair"]
)
def test_sensitive_things_are_kept_only_on_request(mind: Mind, said: str) -> None:
    talk = begin(mind)
    replies = say(talk, said, "bye")
    assert "next time" not in replies[-1].text
    talk = begin(mind)
    say(talk, f"please remember that {said}")
    assert [memory.sensitivity for memory in talk.memories] == ["sensitive"]


def test_what_the_caller_wants_kept_is_kept_in_their_words(mind: Mind) -> None:
    talk = begin(mind)
    reply = say(talk, "Please remember that my daughter's name is Lena.")[0]
    assert items(talk) == ["your daughter's name is Lena"]
    assert "your daughter's name is Lena" in reply.text
    assert noted("I will remember that day") is None


# ---------------------------------------------------------------- recall


def recalls(talk: Conversation, *said: str) -> list[str]:
    known = [m.item for m in (RENT, SISTER, ILLNESS)]
    return [i for r in say(talk, *said) for i in known if i in r.text]


def test_it_comes_up_where_it_fits(mind: Mind) -> None:
    assert recalls(begin(mind, [RENT, SISTER]), "a letter about the rent again") == [RENT.item]
    assert recalls(begin(mind, [RENT, SISTER]), "I had toast for breakfast") == []


def test_at_most_one_in_a_few_turns(mind: Mind) -> None:
    talk = begin(mind, [RENT, SISTER])
    said = ["the landlord and the rent", "the rent again, and my sister", "my sister and the kids"]
    assert len(recalls(talk, *said)) == 1


def test_never_under_risk_and_never_what_is_sensitive(mind: Mind) -> None:
    low = raised(RiskState(), RiskLevel.LOW, "suicidal_ideation", ("burden",), 0)
    assert recalls(begin(mind, [RENT], risk=low), "hi", "no", "the rent again") == []
    talk = begin(mind, [ILLNESS])
    assert recalls(talk, "the cancer, I was diagnosed last year") == []
    assert ILLNESS.item in say(talk, "what do you remember about me?")[0].text


def test_what_has_expired_is_not_there(mind: Mind) -> None:
    old = Memory(RENT.item, "event", True, expires=NOW - 1)
    talk = begin(mind, [old, SISTER])
    assert items(talk) == [SISTER.item]


def test_a_returning_caller_is_told_that_something_is_kept(mind: Mind) -> None:
    def opening(*kept: Memory) -> str:
        return Conversation(mind, clock=lambda: 0.0, memories=kept, date=lambda: NOW).open().text

    assert "We've talked before" in opening(RENT)
    assert RENT.item not in opening(RENT)
    assert "before" not in opening()


@given(st.lists(st.sampled_from("abc")))
def test_the_repeat_filter(used: list[str]) -> None:
    for item in "abc":
        often = used[-5:].count(item) >= 3
        assert blocked(item, used) == (often or used[-1:] == [item])


# ---------------------------------------------------------------- forgetting


def test_forget_that_is_the_last_thing_only(mind: Mind) -> None:
    talk = begin(mind)
    say(talk, *TOLD, "Forget that", "bye", "yes")
    assert "your landlord keeps raising the rent" in items(talk)
    assert not any("sister" in item for item in items(talk))


def test_what_was_forgotten_is_no_cause_either(mind: Mind) -> None:
    talk = begin(mind)
    replies = say(talk, "I can't sleep because my landlord keeps raising the rent", "forget that",
                  "what have you understood so far?")  # fmt: skip
    assert "Not much yet" in replies[-1].text
    assert talk.last_thinking.causal_chain == ()


def test_what_was_just_brought_up_can_be_forgotten(mind: Mind) -> None:
    talk = begin(mind, [RENT, SISTER])
    say(talk, "a letter about the rent again", "forget that")
    assert items(talk) == [SISTER.item]


def test_forget_everything_leaves_nothing(mind: Mind) -> None:
    talk = begin(mind, [RENT, SISTER, ILLNESS])
    replies = say(talk, *TOLD, "forget everything about me", "what do you remember about me?")
    assert talk.memories == ()
    assert "nothing" in replies[-1].text
    assert talk.last_thinking.facts == {}


def test_forgetting_never_lowers_the_risk(mind: Mind) -> None:
    talk = begin(mind, [RENT])
    say(talk, "I want to die", "forget everything about me")
    assert talk.risk.level is RiskLevel.HIGH


def test_i_cannot_forget_is_not_a_request(mind: Mind) -> None:
    talk = begin(mind, [RENT])
    say(talk, "I can't forget everything he said", "I want to forget it")
    assert items(talk) == [RENT.item]


def test_a_chosen_style_comes_back_with_consent(mind: Mind) -> None:
    talk = begin(mind)
    say(talk, "be straight with me", "bye", "yes")
    assert [memory.kind for memory in talk.memories] == ["style"]
    again = begin(mind, talk.memories)
    assert again.persona is talk.persona


def test_do_not_keep_anything_is_respected(mind: Mind) -> None:
    talk = begin(mind)
    reply = say(talk, *TOLD, "please don't keep any of this", "bye")[-1]
    assert reply.end_call and talk.memories == ()
