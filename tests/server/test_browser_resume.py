"""A real Chromium whose network fails comes back to its call on the real server."""

from __future__ import annotations

import dataclasses

from tests.server.browser import call, needs_browser, page_of, said, speak, status, until
from tests.server.cable import cable_to
from tests.server.fakes import FakeConversation, FakeListener, reply_of, run
from tests.server.sockets import QUICK, serving

pytestmark = needs_browser
KEEPS = dataclasses.replace(QUICK, resume_s=60.0)
LONG = reply_of("a" * 500, "Then the second one.", "b" * 500)
BACK = said("page", "The line is back")


def count(who, text):
    """How many captions of ``who`` say ``text``."""
    found = f"[...document.querySelectorAll('#captions .{who}')]"
    return f"{found}.filter((e) => e.innerText.includes('{text}')).length"


def at_length(turn):
    """Three seconds of an answer: the page is seen to speak, however slow the machine."""
    return reply_of(f"You said {turn.text}.", "c" * 150)


def over_a_cable(work, **parts):
    """Runs ``work(server, page, cable, talks)``; ``talks``: the conversations that were begun."""
    talks = []

    def begun(locale):
        talks.append(parts.get("talk") or FakeConversation())
        return talks[-1]

    async def inner():
        ears = FakeListener(texts=["I feel tired", "And sad"])
        made = {"conversation": begun, "listener": lambda: ears}
        async with (
            serving(KEEPS, **made) as server,
            cable_to(server.port) as cable,
            page_of(cable) as page,
        ):
            await work(server, page, cable, talks)

    run(inner(), 120.0)


def test_the_same_call_goes_on():
    async def work(server, page, cable, talks):
        await call(page)
        await until(page, said("agent", "Hello."))
        await speak(page, said("agent", "You said I feel tired."))
        await status(page, "speaking")
        await status(page, "listening")  # a break in the answer would take it back
        cable.pull()
        await status(page, "again")
        await cable.refused.wait()  # it tries, and does not get through
        cable.put_back()
        await until(page, BACK)
        await speak(page, said("agent", "You said And sad."))
        assert server.calls == 1
        assert len(talks) == 1  # what went before is known
        assert talks[0].turns[0] == "I feel tired"
        for words in ("Hello.", "You said I feel tired."):
            assert await page.evaluate(count("agent", words)) == 1
        assert not await page.evaluate(said("page", "This is a new call"))

    over_a_cable(work, talk=FakeConversation(answer=at_length))


def test_what_was_not_heard_is_said_again():
    async def work(server, page, cable, talks):
        await call(page)
        await status(page, "speaking")
        cable.pull()
        await cable.refused.wait()
        cable.put_back()
        await until(page, BACK)
        await status(page, "speaking")  # from the sentence on that the break has cut
        assert talks[0].truncated == []  # the reply is not over for the conversation
        assert await page.evaluate(count("agent", "Then the second")) == 1

    over_a_cable(work, talk=FakeConversation(greeting=LONG))
