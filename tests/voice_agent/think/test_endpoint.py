"""An OpenAI-compatible endpoint on a real local socket: good, slow, broken, absent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from codec.errors import SecoustiError
from tests.voice_agent.think.far_end import DONE, Handler, Reply, far_end, wants_notes, whole
from voice_agent.contracts import RiskLevel, Strategy, UserTurn
from voice_agent.think import Conversation, Mind, ThinkSettings
from voice_agent.think.endpoint import Endpoint


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], tuple[str, list[dict[str, Any]]]]]:
    with ExitStack() as ends:
        yield lambda reply: ends.enter_context(far_end(reply))


def endpoint(url: str, rest_s: float = 0.0) -> Endpoint:
    return Endpoint(url, "m", "secret", rest_s=rest_s)


def streamed(handler: Handler, body: dict[str, Any]) -> None:
    handler.start("text/event-stream")
    for piece in ("You're ", "worn ", "out."):
        handler.event(piece)
    handler.wfile.write(DONE)


def half_then_silence(handler: Handler, body: dict[str, Any]) -> None:
    handler.start("text/event-stream")
    handler.event("You're worn out. And the ni")
    time.sleep(8.0)


def silence(handler: Handler, body: dict[str, Any]) -> None:
    time.sleep(8.0)


def garbage(handler: Handler, body: dict[str, Any]) -> None:
    handler.start("application/json")
    handler.wfile.write(b"<html>not json")


def refusal(handler: Handler, body: dict[str, Any]) -> None:
    handler.start("application/json", 500)


ASK = [{"role": "user", "content": "hi"}]


def test_streamed_and_whole_answers(serve: Any) -> None:
    url, seen = serve(streamed)
    assert endpoint(url).say(ASK, 3.0) == "You're worn out."
    assert seen[0]["path"] == "/v1/chat/completions"
    assert seen[0]["auth"] == "Bearer secret"
    assert seen[0]["messages"] == ASK
    url, _ = serve(whole("You're worn out."))
    assert endpoint(url).say(ASK, 3.0) == "You're worn out."


def test_whole_sentences_that_came_in_time_count(serve: Any) -> None:
    url, _ = serve(half_then_silence)
    start = time.monotonic()
    assert endpoint(url).say(ASK, 2.0) == "You're worn out."
    assert time.monotonic() - start < 5.0


@pytest.mark.parametrize("reply", [silence, garbage, refusal])
def test_slow_or_broken_is_none_within_the_deadline(serve: Any, reply: Reply) -> None:
    url, _ = serve(reply)
    start = time.monotonic()
    assert endpoint(url).say(ASK, 0.5) is None
    assert time.monotonic() - start < 5.0


def test_what_nobody_waits_for_any_more_is_not_asked(serve: Any) -> None:
    url, seen = serve(streamed)
    busy, free = endpoint(url), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        busy._pool = pool
        pool.submit(free.wait, 30.0)
        assert busy.write(ASK, 0.01) is None
        free.set()
    assert seen == []


def test_nobody_there_is_none_and_is_left_alone_for_a_while() -> None:
    now = [0.0]
    absent = Endpoint("http://127.0.0.1:9", "m", "", rest_s=10.0, now=lambda: now[0])
    assert absent.say(ASK, 1.0) is None
    start = time.monotonic()
    assert absent.say(ASK, 1.0) is None
    assert time.monotonic() - start < 0.5


def test_notes_are_json_or_nothing(serve: Any) -> None:
    url, _ = serve(whole('Sure: {"risk": "none"} ok'))
    assert endpoint(url).fill(ASK, 3.0) == {"risk": "none"}
    url, _ = serve(whole("no json here"))
    assert endpoint(url).fill(ASK, 3.0) is None
    url, _ = serve(whole("[1, 2]"))
    assert endpoint(url).fill(ASK, 3.0) is None


def test_a_bad_url_is_one_clear_message() -> None:
    with pytest.raises(SecoustiError, match="SECOUSTI_LLM_URL"):
        Endpoint.from_settings(ThinkSettings(llm_url="localhost:8000"))
    assert Endpoint.from_settings(ThinkSettings()) is None


# ---------------------------------------------------------------- inside a conversation


def talk(url: str, deadline_s: float = 1.5) -> Conversation:
    settings = ThinkSettings(
        llm_url=url, use_vectors=False, llm_deadline_s=deadline_s, llm_think_deadline_s=deadline_s
    )
    conversation = Conversation(Mind.load(settings), clock=lambda: 0.0)
    conversation.open()
    return conversation


def by_kind(notes: str, said: str | list[str]) -> Reply:
    """An endpoint that answers note requests and reply requests differently."""
    left = [said] if isinstance(said, str) else list(said)

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        text = notes if wants_notes(body) else (left.pop(0) if len(left) > 1 else left[0])
        whole(text)(handler, body)

    return reply


def test_its_words_are_spoken_for_the_planned_move(serve: Any) -> None:
    notes = json.dumps({"causal_chain": ["late shifts", "no sleep"], "risk": "none", "needs": 3})
    url, seen = serve(by_kind(notes, "Your mom was your person."))
    conversation = talk(url)
    reply = conversation.respond(UserTurn("my mom died in March"))
    assert reply.text == "Your mom was your person."
    assert reply.source == "endpoint"
    assert reply.strategy in (Strategy.REFLECTION, Strategy.RESTATEMENT)
    assert conversation.last_thinking.source == "endpoint"
    assert conversation.last_thinking.causal_chain == ("late shifts", "no sleep")
    assert reply.strategy.value in seen[-1]["messages"][0]["content"]


def test_unsafe_words_are_rewritten_once_then_replaced(serve: Any) -> None:
    url, _ = serve(by_kind("{}", ["At least she's at peace.", "Your mom was your person."]))
    assert talk(url).respond(UserTurn("my mom died")).text == "Your mom was your person."
    url, _ = serve(by_kind("{}", "At least she's at peace."))
    reply = talk(url).respond(UserTurn("my mom died"))
    assert "At least" not in reply.text
    assert reply.source == "template"


@pytest.mark.parametrize("reply", [silence, garbage, refusal])
def test_the_embedded_writer_answers_in_time(serve: Any, reply: Reply) -> None:
    url, _ = serve(reply)
    start = time.monotonic()
    said = talk(url, 0.4).respond(UserTurn("my boss yells at me"))
    assert said.source == "template"
    assert time.monotonic() - start < 5.0


def test_it_may_raise_the_risk_and_never_lower_it(serve: Any) -> None:
    url, _ = serve(by_kind('{"risk": "high"}', "Mm."))
    raised = talk(url).respond(UserTurn("I am so very tired of all of it"))
    assert raised.risk.level is RiskLevel.HIGH
    assert raised.script_id is not None
    url, seen = serve(by_kind('{"risk": "none"}', "Mm."))
    held = talk(url).respond(UserTurn("I want to die"))
    assert held.risk.level is RiskLevel.HIGH
    assert seen == []
