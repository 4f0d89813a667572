"""A call through a real socket with the real codec, ears, mind and voice; nothing is faked.

The caller is the bundled synthetic recording. Limits are generous: the test says that the rooms fit
together on any machine, not how fast this one is.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from pathlib import Path

import numpy as np
import pytest

import secousti
from codec import load_codec
from codec.audio import read_audio
from secousti.client import Audio, connect
from secousti.house import build_parts
from secousti.settings import Settings
from server.app import Server
from server.calllog import CallLog, read_call
from server.settings import ServerSettings
from server.wires import native

CALLER = Path(secousti.__file__).parent / "data" / "caller" / "turn-3.ogg"
SAID = "Yes. I think I'd like to try something. Maybe something small, that I can do in the evening"
PATIENT = ServerSettings(port=0, respond_deadline_s=60, idle_timeout_s=120)
LIMIT_S = 240


@pytest.fixture(scope="module")
def parts():
    return build_parts(Settings(), ("high",))


async def hold(parts, log_dir):
    """Greeting, one recorded turn, silence until it is answered; events and sound by generation."""
    codec = load_codec("high")
    settings = dataclasses.replace(PATIENT, log_dir=log_dir / "server")
    async with (
        Server(settings, parts) as server,
        connect(f"ws://127.0.0.1:{server.port}", codec) as call,
    ):
        call.log = CallLog(log_dir / "client.jsonl", codec.rate, time.monotonic, "now")
        events: list[object] = []
        following = asyncio.create_task(follow(call, events))
        await silence_until(call, events, 1)
        for frame in frames(read_audio(CALLER).numpy(), codec.rate.packet_samples):
            await call.send(frame)
            await asyncio.sleep(codec.rate.packet_ms / 1000)
        await silence_until(call, events, 2)
        await call.close()
        await following
        call.log.close()
        return call, events


async def follow(call, events):
    async for event in call:
        events.append(event)


async def silence_until(call, events, ends):
    """Keeps the line open until so many replies have ended."""
    async with asyncio.timeout(LIMIT_S):
        while sum(isinstance(event, native.End) for event in events) < ends:
            await call.send(np.zeros(call.rate.packet_samples, np.float32))
            await asyncio.sleep(call.rate.packet_ms / 1000)


def words(text):
    return set(re.findall(r"[a-z']+", text.lower()))


def frames(wav, size):
    whole = len(wav) // size * size
    return wav[:whole].reshape(-1, size)


@pytest.mark.timeout(900)
def test_a_recorded_caller_is_heard_understood_and_answered_aloud(parts, tmp_path):
    call, events = asyncio.run(hold(parts, tmp_path))
    greeting, *turns = [event for event in events if isinstance(event, native.TurnInfo)]
    assert "AI" in greeting.said

    heard = words(" ".join(turn.heard for turn in turns))
    assert len(heard & words(SAID)) >= 4, heard
    assert turns[-1].said
    assert {"endpoint", "recognise", "think", "speak_first", "voice_to_voice"} <= set(
        turns[-1].latency_ms
    )

    sound: dict[int, list[np.ndarray]] = {}
    for event in events:
        if isinstance(event, Audio):
            sound.setdefault(event.generation, []).append(event.pcm)
    for pieces in sound.values():
        assert np.sqrt(np.mean(np.concatenate(pieces) ** 2)) > 0.01  # it can be heard

    assert call.up.bps <= 1092
    assert call.down.bps <= 1092
    assert_same_call(tmp_path, sound)


def assert_same_call(log_dir, sound):
    """Both ends' logs hold the same packets, and decode to what was heard, bit for bit."""
    [path] = (log_dir / "server").glob("*.jsonl")
    there, here = read_call(path), read_call(log_dir / "client.jsonl")
    assert here.uplink()[: len(there.uplink())] == there.uplink()
    decoder = load_codec("high").stream_decoder(1)
    for generation in here.generations():
        assert here.downlink(generation) == there.downlink(generation)
        decoder.reset(0, keep_voice=True)
        again = [decoder.step([packet], [0])[0].numpy() for packet in here.downlink(generation)]
        assert np.array_equal(np.concatenate(again), np.concatenate(sound[generation]))
