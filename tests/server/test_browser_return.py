"""The page comes back to the call that it was in: what it says, and what it sends again."""

from __future__ import annotations

from tests.server.browser import MICROPHONE, in_browser, needs_browser, said, until

pytestmark = needs_browser

# A line whose far end is the test: `lines` holds every one that the page has opened.
LINES = """
    window.lines = [];
    window.WebSocket = class {
        static OPEN = 1;
        readyState = 0;
        sent = [];
        constructor() {
            window.lines.push(this);
            setTimeout(() => { this.readyState = 1; this.onopen(); });
        }
        send(message) { this.sent.push(message); }
        close() { this.readyState = 3; }
        says(event) { this.onmessage({ data: JSON.stringify(event) }); }
        breaks(code) { this.readyState = 3; this.onclose({ code, reason: "" }); }
    };
"""
WELCOME = {"type": "welcome", "rate": "high", "session": "s1", "rates": [], "resume": "secret"}
TURN = {
    "type": "turn",
    "generation": 1,
    "heard": "",
    "said": "Hello.",
    "stage": "exploration",
    "strategy": "others",
    "risk": "none",
}


def says(line, event):
    return ("([line, event]) => lines[line].says(event)", [line, event])


async def called(page):
    """In a call, with one reply begun, and some sound on its way."""
    await page.click("#call")
    await until(page, "lines.length === 1 && lines[0].sent.length === 1")
    for event in (WELCOME, {"type": "begin", "generation": 1, "rate": "high"}, TURN):
        await page.evaluate(*says(0, event))
    await until(page, "lines[0].sent.length > 20")


def test_it_asks_for_its_call_and_sends_again_what_did_not_come():
    async def work(_, page):
        await called(page)
        await page.evaluate("lines[0].breaks(1006)")
        await until(page, "lines.length === 2 && lines[1].sent.length === 1")
        first = await page.evaluate("JSON.parse(lines[1].sent[0])")
        assert first.pop("played") == 0
        assert first == {
            "type": "resume",
            "version": 1,
            "session": "s1",
            "token": "secret",
            "generation": 1,
            "turns": 1,
        }
        sound = "lines[0].sent.filter((m) => typeof m !== 'string')"
        count = await page.evaluate(f"{sound}.length")
        await page.evaluate(*says(1, {"type": "resumed", "received": count - 2}))
        await until(page, said("page", "The line is back"))
        same = "(a, b) => a.length === b.length && a.every((v, k) => v === b[k])"
        pairs = f"{sound}.slice(-2).map((m, k) => ({same})(m, lines[1].sent[k + 1]))"
        assert await page.evaluate(pairs) == [True, True]

    in_browser(work, script=MICROPHONE + LINES)


def test_a_call_that_is_gone_is_made_anew():
    async def work(_, page):
        await called(page)
        await page.evaluate("lines[0].breaks(1006)")
        await until(page, "lines.length === 2 && lines[1].sent.length === 1")
        await page.evaluate("lines[1].breaks(4005)")
        await until(page, "lines.length === 3 && lines[2].sent.length === 1")
        assert await page.evaluate("JSON.parse(lines[2].sent[0]).type") == "hello"
        await page.evaluate(*says(2, WELCOME | {"session": "s2"}))
        await until(page, said("page", "This is a new call"))

    in_browser(work, script=MICROPHONE + LINES)
