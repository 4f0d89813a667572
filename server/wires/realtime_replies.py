"""The server's half of a Realtime session: turns heard and replies said, as that protocol has them.

A reply is a generation of ours: ``Begin`` opens a response with one item and one content part, its
packets are the deltas, ``End`` or a flush closes all three. A reply as text alone has no packets;
its words, which come with the turn's report, close it.
"""

from __future__ import annotations

import base64
import itertools
from collections import deque
from dataclasses import dataclass

from server.wires.native import Begin, End, Failure, Flush, More, Packets, TurnInfo
from server.wires.realtime_events import Fields, SessionState, Wording, item
from server.wires.wire import CallEvent
from voice_agent.listen.events import SpeechDismissed, SpeechStarted, TurnEnded

KEPT_REPLIES = 16  # whose length is remembered for a truncation that comes late


@dataclass
class Reply:
    """One response: how much of it was sent, and its words once they are known."""

    generation: int
    silent: bool
    ms: int = 0
    transcript: str = ""
    open: bool = True

    @property
    def item_id(self) -> str:
        return f"item_reply_{self.generation}"

    @property
    def whole(self) -> Fields:
        """Where its item stands."""
        return {"response_id": f"resp_{self.generation}", "output_index": 0}

    @property
    def place(self) -> Fields:
        """Where its content stands."""
        return {**self.whole, "item_id": self.item_id, "content_index": 0}


class Replies:
    """What was heard and said in one session, as messages of it."""

    def __init__(self, say: Wording, state: SessionState) -> None:
        self.cancelled_by_client = False
        self._say, self._state = say, state
        self._ids = itertools.count(1)
        self._last_item: str | None = None
        self._turn_id = ""  # of the turn that is being spoken
        self._committed: deque[str] = deque()  # turns whose words are not known yet
        self._awaited = False
        self._silent = False  # whether the reply that is awaited is text alone
        self._replies: deque[Reply] = deque(maxlen=KEPT_REPLIES)

    @property
    def speaking(self) -> bool:
        """Whether a response is open."""
        return bool(self._replies) and self._replies[-1].open

    @property
    def busy(self) -> bool:
        """Whether a response is open, or will be without anybody asking."""
        return self._awaited or self.speaking

    def asked(self, silent: bool) -> None:
        """The client asks for a response."""
        self._awaited, self._silent = True, silent

    def new_id(self) -> str:
        """The id of an item that the client did not name."""
        return f"item_{next(self._ids)}"

    def sent(self, item_id: object) -> Reply | None:
        """The reply of that id, if it is a recent one."""
        return next((reply for reply in self._replies if reply.item_id == item_id), None)

    def added(self, made: Fields) -> list[str]:
        """A whole item enters the conversation."""
        return [*self._enter(made), *self._say.message("conversation.item.done", item=made)]

    def committed(self) -> list[str]:
        """The client has ended a turn; its words come later."""
        item_id = self.new_id()
        self._committed.append(item_id)
        return self._commit(item_id)

    def encode(self, event: CallEvent) -> list[str]:
        """The messages of one event of the call."""
        match event:
            case SpeechStarted() | SpeechDismissed() | TurnEnded():
                return self._heard(event)
            case Begin(generation=generation):
                return self._begin(Reply(generation, self._silent))
            case Packets(packets) if self.speaking:
                return self._sound(self._replies[-1], packets)
            case TurnInfo(generation=0):
                self._awaited = False  # the caller spoke on
            case TurnInfo() if self.speaking and event.generation == self._replies[-1].generation:
                return self._words(self._replies[-1], event.said)
            case More() if self.speaking and event.generation == self._replies[-1].generation:
                return self._words(self._replies[-1], f" {event.said}")
            case End() if self.speaking and not self._replies[-1].silent:
                return self._end(self._replies[-1], "completed")
            case Flush() if self.speaking:
                return self._end(self._replies[-1], "cancelled")
            case Failure(code=code, message=message):
                fault = {"type": "server_error", "code": str(code), "message": message}
                return self._say.message("error", error=fault)
        return []

    # Heard.

    def _heard(self, event: SpeechStarted | SpeechDismissed | TurnEnded) -> list[str]:
        if self._state.detection is None:
            return self._transcribed(event) if isinstance(event, TurnEnded) else []
        if isinstance(event, SpeechStarted):
            self._turn_id = self.new_id()
            return self._say.message(
                "input_audio_buffer.speech_started",
                audio_start_ms=round(1000 * event.t),
                item_id=self._turn_id,
            )
        end = event.turn.t_end if isinstance(event, TurnEnded) else event.t
        stopped = self._say.message(
            "input_audio_buffer.speech_stopped",
            audio_end_ms=round(1000 * end),
            item_id=self._turn_id,
        )
        return stopped + self._turned(event) if isinstance(event, TurnEnded) else stopped

    def _turned(self, event: TurnEnded) -> list[str]:
        self._awaited = bool(self._state.detection and self._state.detection["create_response"])
        self._silent = self._state.text_only
        self._committed.append(self._turn_id)
        return self._commit(self._turn_id) + self._transcribed(event)

    def _commit(self, item_id: str) -> list[str]:
        made = item(item_id, "user", "completed", [{"type": "input_audio", "transcript": None}])
        told = self._say.message(
            "input_audio_buffer.committed", item_id=item_id, previous_item_id=self._last_item
        )
        return told + self.added(made)

    def _transcribed(self, event: TurnEnded) -> list[str]:
        item_id = self._committed.popleft() if self._committed else self.new_id()
        kind = "conversation.item.input_audio_transcription"
        place: Fields = {"item_id": item_id, "content_index": 0}
        seconds = max(0.0, event.turn.t_end - event.turn.t_start)
        words = event.turn.text
        return [
            *self._say.message(f"{kind}.delta", **place, delta=words),
            *self._say.message(
                f"{kind}.completed",
                **place,
                transcript=words,
                usage={"type": "duration", "seconds": round(seconds, 3)},
            ),
        ]

    # Said.

    def _begin(self, reply: Reply) -> list[str]:
        self._awaited = self.cancelled_by_client = False
        self._replies.append(reply)
        made = item(reply.item_id, "assistant", "in_progress", [])
        return [
            *self._say.message("response.created", response=self._response(reply, "in_progress")),
            *self._say.message("response.output_item.added", item=made, **reply.whole),
            *self._enter(made),
            *self._say.message(
                "response.content_part.added", part=self._part(reply), **reply.place
            ),
        ]

    def _sound(self, reply: Reply, packets: tuple[bytes, ...]) -> list[str]:
        data = b"".join(packets)
        reply.ms += round(1000 * self._state.down.seconds(data))
        delta = base64.b64encode(data).decode()
        return self._say.message("response.output_audio.delta", delta=delta, **reply.place)

    def _words(self, reply: Reply, said: str) -> list[str]:
        reply.transcript += said
        kind = f"response.{'output_text' if reply.silent else 'output_audio_transcript'}.delta"
        told = self._say.message(kind, delta=said, **reply.place)
        return told + self._end(reply, "completed") if reply.silent else told

    def _end(self, reply: Reply, status: str) -> list[str]:
        reply.open = False
        words = reply.transcript
        told: list[str] = []
        if reply.silent:
            told += self._say.message("response.output_text.done", text=words, **reply.place)
        else:
            kind = "response.output_audio_transcript.done"
            told += self._say.message("response.output_audio.done", **reply.place)
            told += self._say.message(kind, transcript=words, **reply.place)
        made = self._item(reply, "completed" if status == "completed" else "incomplete")
        return [
            *told,
            *self._say.message("response.content_part.done", part=self._part(reply), **reply.place),
            *self._say.message("response.output_item.done", item=made, **reply.whole),
            *self._say.message("conversation.item.done", item=made),
            *self._say.message("response.done", response=self._response(reply, status, made)),
        ]

    def _enter(self, made: Fields) -> list[str]:
        previous, self._last_item = self._last_item, made["id"]
        return self._say.message("conversation.item.added", item=made, previous_item_id=previous)

    def _item(self, reply: Reply, status: str) -> Fields:
        kind = "output_text" if reply.silent else "output_audio"
        content = self._say.content(kind, reply.transcript)
        return item(reply.item_id, "assistant", status, [content])

    def _part(self, reply: Reply) -> Fields:
        if reply.silent:
            return {"type": "text", "text": reply.transcript}
        return {"type": "audio", "transcript": reply.transcript}

    def _response(self, reply: Reply, status: str, *output: Fields) -> Fields:
        details = None
        if status == "cancelled":
            reason = "client_cancelled" if self.cancelled_by_client else "turn_detected"
            details = {"type": status, "reason": reason}
        fields: Fields = {
            "id": reply.place["response_id"],
            "object": "realtime.response",
            "status": status,
            "status_details": details,
            "output": list(output),
            "usage": None,
        }
        modalities = ["text"] if reply.silent else ["audio"]
        if self._say.beta:
            return {**fields, "modalities": modalities if reply.silent else ["text", "audio"]}
        return {**fields, "output_modalities": modalities}
