"""Which style suits a caller, why, and how the caller gets another."""

from __future__ import annotations

import pytest

from voice_agent.contracts import UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.matching import Match, Matcher, Wants
from voice_agent.think.persona import bank
from voice_agent.think.wishes import Wish, WishReader, strongest

READER, MATCHER = WishReader(), Matcher()


def best(text: str, **known: str) -> Match:
    return MATCHER.rank(Wants(READER.wishes(text), **known))[0]


@pytest.mark.parametrize(
    ("text", "axis", "high"),
    [
        ("Can you be more direct?", "directness", True),
        ("Be straight with me.", "directness", True),
        ("Don't sugarcoat it.", "directness", True),
        ("I need somebody calm.", "pace", False),
        ("You're talking too fast for me.", "pace", False),
        ("Could you be a bit gentler with me?", "warmth", True),
        ("Can we go step by step?", "structure", True),
        ("Please stop asking me so many questions.", "lead", False),
        ("I need a push.", "lead", True),
        ("Could you be more formal?", "formality", True),
        ("You sound like a textbook.", "formality", False),
        ("I want to understand why I do this.", "depth", True),
        ("No theory please.", "depth", False),
        ("I could do with someone funny. Can I talk to someone funny?", "humour", True),
    ],
)
def test_a_stated_wish_is_met(text: str, axis: str, high: bool) -> None:
    wish = READER.wishes(text)[0]
    assert wish.asked and wish.axis == axis
    value = best(text).persona.manner[axis]
    assert value >= 0.65 if high else value <= 0.35


@pytest.mark.parametrize(
    "text",
    [
        "I need to be more direct with my boss",
        "I push myself every day",
        "that's so kind of you",
        "can I be honest with you?",
        "my husband should be more gentle with me",
        "listen, my boss called again",
        "I lost my job",
        "",
    ],
)
def test_what_is_not_asked_of_us_is_no_request(text: str) -> None:
    assert not any(wish.asked for wish in READER.wishes(text))


def test_the_reason_is_in_the_caller_s_terms() -> None:
    match = best("it's all too fast, everything at once")
    assert match.persona.name == "Mara"
    assert match.words == "calm and slow, because you said it's all too fast"
    assert match.score == pytest.approx(sum(match.parts.values()))


def test_topic_feeling_pace_and_dislike_count() -> None:
    names = [m.persona.name for m in MATCHER.rank(Wants(topic="grief", feeling="grief"))]
    assert names.index("Ida") < names.index("Jonas")
    assert names.index("Wren") < names.index("Sol")
    hurried = MATCHER.rank(Wants(rate=4.0))
    assert hurried[0].parts["pace"] > 0 > hurried[-1].parts["pace"]
    ranked = MATCHER.rank(Wants(READER.wishes("be straight with me")), left=["Jonas"])
    assert ranked[0].persona.name != "Jonas"


def test_the_newest_wish_on_an_axis_stands() -> None:
    def wish(name: str, to: float) -> Wish:
        return Wish(name, "pace", to, 1.0, True, "")

    assert [w.name for w in strongest([wish("slow", 0), wish("brisk", 1)])] == ["brisk"]


# ---------------------------------------------------------------- in a call


def begin(mind: Mind, **options: object) -> Conversation:
    talk = Conversation(mind, clock=lambda: 0.0, **options)  # type: ignore[arg-type]
    talk.open()
    return talk


def name(talk: Conversation) -> str:
    return talk.persona.name if talk.persona else ""


def test_the_caller_may_ask_for_another_style_at_any_time(mind: Mind) -> None:
    talk = begin(mind, persona=bank()["ida"])
    reply = talk.respond(UserTurn("can you be more direct"))
    assert name(talk) in ("Jonas", "Ruth", "Kai")
    assert name(talk) in reply.text and "AI" in reply.text
    talk.respond(UserTurn("just talk normally again"))
    assert name(talk) == ""


def test_a_wish_beside_the_caller_s_own_matter_does_not_hide_it(mind: Mind) -> None:
    talk = begin(mind)
    reply = talk.respond(UserTurn("Please be straight with me, my manager keeps adding shifts"))
    assert name(talk) == "Jonas"
    assert reply.text.startswith(bank()["jonas"].takes_over)
    assert len(reply.text) > len(bank()["jonas"].takes_over) + 20


def test_styles_are_listed_and_chosen_by_name(mind: Mind) -> None:
    talk = begin(mind)
    listed = talk.respond(UserTurn("what other styles are there?")).text
    first = next(p.name for p in bank().values() if p.name in listed)
    talk.respond(UserTurn(first))
    assert name(talk) == first


def test_a_name_in_the_caller_s_story_is_no_choice(mind: Mind) -> None:
    talk = begin(mind)
    talk.respond(UserTurn("I had to talk to Ruth at the office about my shifts again"))
    assert name(talk) == ""


def test_an_honest_question_about_us_is_answered_before_any_style(mind: Mind) -> None:
    talk = begin(mind)
    reply = talk.respond(UserTurn("be straight with me, are you a real person?"))
    assert "style" not in reply.text and name(talk) == ""


def test_what_is_there_already_is_kept(mind: Mind) -> None:
    talk = begin(mind, persona=bank()["jonas"])
    talk.respond(UserTurn("be straight with me"))
    assert name(talk) == "Jonas"


@pytest.fixture(scope="module")
def matching() -> Mind:
    return Mind.load(ThinkSettings(use_vectors=False, match=True))


TOO_FAST = ["It's all too fast, one thing chases the next.", "My head is spinning with it."]


def test_a_style_is_proposed_once_and_says_why(matching: Mind) -> None:
    talk = begin(matching)
    first, second = (talk.respond(UserTurn(text)) for text in TOO_FAST)
    assert "because" not in first.text
    assert "From here I'll be calm and slow, because" in second.text
    why = talk.respond(UserTurn("why do you talk like this?")).text
    assert "because you said it's all too fast" in why
    talk.respond(UserTurn("talk normally again"))
    later = talk.respond(UserTurn(TOO_FAST[0])).text
    assert "From here" not in later and name(talk) == ""


def test_without_the_setting_nothing_is_proposed(mind: Mind) -> None:
    talk = begin(mind)
    assert not any("From here" in talk.respond(UserTurn(text)).text for text in TOO_FAST)


def test_nothing_changes_by_itself_or_on_request_amid_a_crisis_script(matching: Mind) -> None:
    talk = begin(matching)
    for text in (TOO_FAST[0], "I want to die", "can you be more direct", *TOO_FAST):
        talk.respond(UserTurn(text))
        assert name(talk) == ""
