"""A real Chromium for tests of the page, and a microphone in it that a test speaks into."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil

import pytest

from tests.server.fakes import run
from tests.server.sockets import QUICK, serving

# CHROME names another one; every build of Chromium will do.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("CHROME") or next(filter(None, map(shutil.which, NAMES)), None)
try:
    from playwright.async_api import async_playwright
except ImportError:
    async_playwright = None

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or async_playwright is None,
    reason="no Chromium: install one (Debian: apt-get install chromium) or name it in CHROME"
    if async_playwright
    else "no playwright: pip install playwright",
)

# Speech for the fake ears is anything loud: `voice(true)` speaks until `voice(false)`.
MICROPHONE = """
    navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext();
        const [tone, gain] = [context.createOscillator(), context.createGain()];
        const out = context.createMediaStreamDestination();
        tone.type = "sawtooth"; // a codec of speech lets little of a pure tone through
        tone.frequency.value = 150;
        gain.gain.value = 0;
        tone.connect(gain).connect(out);
        tone.start();
        await context.resume();
        window.voice = (on) => { gain.gain.value = on ? 0.5 : 0; };
        return out.stream;
    };
"""
BLOCKED = """
    navigator.mediaDevices.getUserMedia = async () => {
        throw new DOMException("no", "NotAllowedError");
    };
"""


@contextlib.asynccontextmanager
async def page_of(server, *flags, script=MICROPHONE, path="/", **context):
    """An open page of ``server``; at the end nothing in it may have gone wrong unseen."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *flags],
        )
        opened = await browser.new_context(**context)
        if script:
            await opened.add_init_script(script)
        page = await opened.new_page()
        faults = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda told: faults.append(told.text) if policy(told) else None)
        await page.goto(f"http://127.0.0.1:{server.port}{path}")
        await until(page, "document.querySelector('#place').options.length > 1")
        yield page
        await browser.close()
        assert not faults


def policy(told):
    return told.type == "error" and "Content Security Policy" in told.text


async def call(page):
    await page.click("#call")
    await page.wait_for_selector("body[data-state=talking]")


async def until(page, condition, limit_s=60.0):
    """Waits for a condition in the page. Its policy forbids what Playwright would do for that."""
    async with asyncio.timeout(limit_s):
        while not await page.evaluate(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def status(page, name):
    await until(page, f"document.body.dataset.status === '{name}'")


def said(who, text):
    """A condition: a caption of ``who`` says ``text``."""
    words = f"#captions .{who}"
    return f"[...document.querySelectorAll('{words}')].some((e) => e.innerText.includes('{text}'))"


async def speak(page, condition, seconds=0.8):
    """Speaks, and again on a machine too busy to hear it, until ``condition`` holds."""
    for _ in range(10):
        await page.evaluate("voice(true)")
        await asyncio.sleep(seconds)
        await page.evaluate("voice(false)")
        with contextlib.suppress(TimeoutError):
            return await until(page, condition, 5.0)
    raise AssertionError(f"nobody heard the caller: {condition}")


def in_browser(work, settings=QUICK, script=MICROPHONE, limit_s=120.0, **parts):
    """Runs ``work(server, page)``."""

    async def inner():
        async with serving(settings, **parts) as server, page_of(server, script=script) as page:
            return await work(server, page)

    return run(inner(), limit_s)
