"""The page in a real Chromium, with a fake agent behind it: calls begin, turn, break and end."""

from __future__ import annotations

import dataclasses

from tests.server.browser import (
    BLOCKED,
    call,
    in_browser,
    needs_browser,
    page_of,
    said,
    speak,
    status,
    until,
)
from tests.server.fakes import FakeConversation, reply_of, run
from tests.server.sockets import QUICK, calling, calls_are, serving

pytestmark = needs_browser
LONG = reply_of("a" * 1500)  # half a minute
NOTICE = "!document.querySelector('#notice').hidden"
LOUD_AGENT = "document.querySelector('#agent-level').ariaValueNow > 30"


def test_a_call_greets_hears_answers_and_hangs_up():
    async def work(server, page):
        await call(page)
        assert server.calls == 1
        await until(page, said("agent", "Hello."))
        await speak(page, said("agent", "You said I feel tired."))
        assert await page.evaluate(said("caller", "I feel tired"))
        assert await page.inner_text("#strategy") == "Reflection of feelings"
        assert await page.inner_text("#stages [aria-current]") == "Exploring"
        await until(page, "parseFloat(document.querySelector('#caller-bits').innerText) > 100")
        await page.click("#hang-up")
        await until(page, NOTICE)
        assert "The call has ended." in await page.inner_text("#notice")
        await calls_are(server, 0)
        await call(page)
        assert await page.locator("#captions .caller").count() == 0

    in_browser(work)


def test_speaking_into_a_reply_silences_it():
    talk = FakeConversation(greeting=LONG)

    async def work(server, page):
        await call(page)
        await status(page, "speaking")
        await until(page, LOUD_AGENT)
        await speak(page, "!!document.querySelector('#captions .cut')")
        await until(page, f"!({LOUD_AGENT})")
        await until(page, said("agent", "You said I feel tired."))
        assert talk.truncated[0][0] == LONG.text

    in_browser(work, conversation=lambda locale: talk)


def test_a_line_that_drops_is_dialled_again():
    async def work(server, page):
        await call(page)
        await until(page, said("agent", "Hello."))
        for connection in server._socket.connections:
            connection.transport.abort()
        same, new = said("page", "The line is back"), said("page", "connected again")
        await until(page, f"{same} || {new}")
        await speak(page, said("agent", "You said I feel tired."))

    in_browser(work)


def test_a_muted_microphone_sends_silence():
    async def work(server, page):
        await call(page)
        await until(page, said("agent", "Hello."))
        await page.click("#mute")
        await status(page, "muted")
        await page.evaluate("voice(true)")
        await until(page, "document.querySelector('#time').innerText >= '0:03'")
        assert await page.get_attribute("#caller-level", "aria-valuenow") == "0"
        assert await page.locator("#captions .caller").count() == 0
        await page.click("#mute")
        await speak(page, said("caller", "I feel tired"))

    in_browser(work)


def test_a_blocked_microphone_is_explained():
    async def work(server, page):
        await page.click("#call")
        await until(page, NOTICE)
        assert "Allow it for this page" in await page.inner_text("#notice")
        assert await page.get_attribute("#notice", "role") == "alert"
        assert server.calls == 0
        assert await page.is_enabled("#call")

    in_browser(work, script=BLOCKED)


def test_a_full_house_is_told_in_words():
    async def work(server, page):
        async with calling(server):
            await page.click("#call")
            await until(page, NOTICE)
            assert "Every line is taken" in await page.inner_text("#notice")

    in_browser(work, dataclasses.replace(QUICK, slots=1))


def test_the_access_code_comes_from_the_form_or_the_address():
    settings = dataclasses.replace(QUICK, token="let-me-in")

    async def work():
        async with serving(settings) as server:
            async with page_of(server) as page:
                await page.fill("#token", "a-wrong-one")
                await page.click("#call")
                await until(page, NOTICE)
                assert "access code" in await page.inner_text("#notice")
            async with page_of(server, path="/#token=let-me-in") as page:
                assert "token" not in page.url
                await call(page)
                assert server.calls == 1

    run(work(), 120)


def test_before_the_first_call_it_says_that_it_is_an_ai_and_where_to_turn():
    async def work(server, page):
        welcome = await page.inner_text(".welcome")
        assert "an AI, not a person" in welcome
        assert "988" in welcome
        await page.select_option("#place", "UK")
        assert "999" in await page.inner_text(".crisis")
        assert await page.get_attribute(".crisis a[data-call=line]", "href") == "tel:116123"
        await page.reload()
        await until(page, "document.querySelector('#place').value === 'UK'")

    in_browser(work)


def test_it_fits_a_small_telephone_and_needs_no_mouse():
    async def work():
        async with (
            serving() as server,
            page_of(server, viewport={"width": 360, "height": 640}) as page,
        ):
            narrow = "document.documentElement.scrollWidth <= 360"
            assert await page.evaluate(narrow)
            await page.focus("#place")
            await page.keyboard.press("Tab")  # past the two numbers to the button
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            await page.wait_for_selector("body[data-state=talking]")
            await until(page, said("agent", "Hello."))
            assert await page.evaluate(narrow)
            for control in ("#hang-up", "#mute", "#captions"):
                box = await page.locator(control).bounding_box()
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= 360
                assert box["y"] + box["height"] <= 640
            await page.focus("#hang-up")
            await page.keyboard.press("Space")
            await until(page, NOTICE)

    run(work(), 120)
