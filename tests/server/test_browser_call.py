"""A whole call from a real Chromium with its fake microphone: real codec, ears, mind and voice.

The recording is played in a loop, so that a slow machine gets another chance to hear it whole.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import soundfile
import soxr

import secousti
from codec.audio import read_audio
from secousti.house import build_parts
from secousti.settings import Settings
from server.app import Server
from server.calllog import read_call
from server.settings import ServerSettings
from tests.server.browser import call, needs_browser, page_of, until
from tests.server.fakes import run

pytestmark = needs_browser
CALLER = Path(secousti.__file__).parent / "data" / "caller" / "turn-3.ogg"
PATIENT = ServerSettings(port=0, respond_deadline_s=60, idle_timeout_s=120)
CHROMIUM_HZ = 48_000  # what its fake microphone reads
SILENCE_S = 14


def microphone(path):
    """The caller's turn and a long silence, as a file; Chromium's flags for it."""
    sound = soxr.resample(read_audio(CALLER).numpy(), 16_000, CHROMIUM_HZ)
    silence = np.zeros(SILENCE_S * CHROMIUM_HZ, np.float32)
    soundfile.write(path, np.concatenate([silence, sound]), CHROMIUM_HZ, subtype="PCM_16")
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}",
    )


def words_of(who):
    return f"[...document.querySelectorAll('#captions .{who} p')].map((e) => e.innerText).join(' ')"


def test_the_agent_greets_hears_what_was_said_and_answers(tmp_path):
    parts = build_parts(Settings(), ("high",))
    settings = dataclasses.replace(PATIENT, log_dir=tmp_path / "log")
    flags = microphone(tmp_path / "caller.wav")

    async def work():
        async with Server(settings, parts) as server, page_of(server, *flags, script="") as page:
            await call(page)
            await until(page, f"{words_of('agent')}.includes('AI')", 120)
            await until(page, f"{words_of('caller')}.includes('evening')", 180)
            await until(page, "document.querySelectorAll('#captions .agent').length > 1", 120)
            await until(page, "document.body.dataset.status === 'speaking'", 120)
            await page.click("#hang-up")

    run(work(), 300)
    [log] = (tmp_path / "log").glob("*.jsonl")
    recorded = read_call(log)
    assert not recorded.truncated
    assert recorded.generations()[:2] == [1, 2]
    assert any(line.get("dir") == "up" for line in recorded.lines)
