"""The OpenAI SDK, unmodified, holds a conversation with this server over a real socket."""

from __future__ import annotations

import asyncio
import base64
import dataclasses

import numpy as np
import pytest

from server.wires.realtime_events import PCM
from tests.server.fakes import FakeConversation
from tests.server.sockets import LOUD, QUICK, SILENT, calls_are, with_server

openai = pytest.importorskip("openai", reason="pip install openai")

SECRET = dataclasses.replace(QUICK, token="let-me-in")


def client(server, key="let-me-in"):
    address = f"127.0.0.1:{server.port}/v1"
    return openai.AsyncOpenAI(
        api_key=key, base_url=f"http://{address}", websocket_base_url=f"ws://{address}"
    )


async def speak(connection, level, seconds):
    for _ in range(round(seconds / 0.1)):
        data = PCM.encode(np.full(2400, level, np.float32))
        await connection.input_audio_buffer.append(audio=base64.b64encode(data).decode())


async def until(connection, kind):
    """The events up to the first of a kind."""
    events = []
    async with asyncio.timeout(20):
        async for event in connection:
            assert event.type != "error", event
            events.append(event)
            if event.type == kind:
                return events
    raise AssertionError(f"the connection ended before {kind}")


def heard(events, kind):
    data = b"".join(base64.b64decode(e.delta) for e in events if e.type == kind)
    return (np.abs(PCM.decode(data)) > 0.1).sum() / 24_000


def test_the_sdk_holds_a_conversation_by_voice_and_by_text():
    talk = FakeConversation()

    async def work(server):
        async with client(server).realtime.connect(model="secousti") as connection:
            [created] = await until(connection, "session.created")
            assert created.session.model == "secousti"
            await connection.session.update(
                session={
                    "type": "realtime",
                    "audio": {"input": {"turn_detection": {"type": "server_vad"}}},
                }
            )
            await until(connection, "session.updated")
            await speak(connection, LOUD, 0.6)
            await speak(connection, SILENT, 0.6)
            events = await until(connection, "response.done")
            kinds = [event.type for event in events]
            assert kinds.index("input_audio_buffer.speech_started") < kinds.index(
                "response.created"
            )
            assert heard(events, "response.output_audio.delta") == pytest.approx(0.4, abs=0.05)
            assert events[-1].response.output[0].content[0].transcript == "You said I feel tired."
            await connection.conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Nobody calls me back"}],
                }
            )
            await connection.response.create(response={"output_modalities": ["text"]})
            events = await until(connection, "response.done")
            [text] = [event.text for event in events if event.type == "response.output_text.done"]
            assert text == "You said Nobody calls me back."
        await calls_are(server, 0)
        assert talk.turns == ["I feel tired", "Nobody calls me back"]

    with_server(work, SECRET, conversation=lambda locale: talk)


def test_the_sdks_beta_client_hears_the_old_names():
    async def work(server):
        async with client(server).beta.realtime.connect(model="secousti") as connection:
            await connection.session.update(session={"modalities": ["text", "audio"]})
            await connection.response.create()
            events = await until(connection, "response.done")
            assert heard(events, "response.audio.delta") == pytest.approx(0.1, abs=0.03)
            [done] = [e for e in events if e.type == "response.audio_transcript.done"]
            assert done.transcript == "Hello."

    with_server(work, SECRET)


def test_a_wrong_key_is_refused():
    async def work(server):
        with pytest.raises(Exception, match="401"):
            async with client(server, key="guess").realtime.connect(model="secousti"):
                pass

    with_server(work, SECRET)
