"""A Realtime client on virtual time: it plays the deltas, and knows what it has played."""

from __future__ import annotations

import asyncio
import base64
import json

from server.wires.realtime_events import PCM
from server.wires.sound import PcmFormat
from tests.server.phones import Phone
from tests.server.virtual import now


def say(kind, **fields):
    """One client event as JSON text."""
    return json.dumps({"type": kind, **fields})


class Client(Phone):
    """Plays the deltas; on the caller's voice it stops, and says how much was heard."""

    def __init__(self, form: PcmFormat = PCM, session: dict | None = None) -> None:
        super().__init__(form)
        self.item = ""
        self.begun_at = 0.0
        if session is not None:
            self.send_event("session.update", session={"type": "realtime", **session})

    def send_event(self, kind, **fields):
        self.say(say(kind, **fields))

    def media(self, payload):
        return say("input_audio_buffer.append", audio=base64.b64encode(payload).decode())

    def take(self, message):
        event = json.loads(message)
        match event["type"]:
            case "response.output_audio.delta":
                if event["item_id"] != self.item:
                    self.item, self.begun_at = event["item_id"], now()
                self.queue(base64.b64decode(event["delta"]))
            case "input_audio_buffer.speech_started" if self._busy_until > now():
                heard = round(1000 * (now() - self.begun_at))
                self.empty()
                self.send_event(
                    "conversation.item.truncate",
                    item_id=self.item,
                    content_index=0,
                    audio_end_ms=heard,
                )

    def of(self, kind):
        events = [json.loads(message) for _, message in self.got]
        return [event for event in events if event["type"] == kind]

    async def until(self, kind, count=1):
        for _ in range(3000):
            if len(self.of(kind)) >= count:
                return self.of(kind)[count - 1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {kind} number {count}")

    def type(self, text):
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        self.send_event("conversation.item.create", item=item)
