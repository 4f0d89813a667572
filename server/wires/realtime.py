"""OpenAI-Realtime-compatible: an unmodified client of that protocol talks to this agent.

The client owns the loudspeaker, so it says what was heard (``conversation.item.truncate``). As
there, nothing is said until the client or its caller speaks: ``response.create`` at the start asks
for the greeting, and an agent that was not asked puts its disclosure into its first answer. The
mind is our own: the client's instructions, tools and voices change nothing, and ``session.updated``
says what is in force. The audio formats are fixed by the first event after which a call runs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

from server.limits import Limits
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import (
    Answer,
    Ask,
    Cancel,
    Commit,
    Discard,
    Message,
    Muted,
    Truncated,
    TurnTaking,
)
from server.wires.fields import json_object
from server.wires.native import Hello, Packets
from server.wires.realtime_events import (
    BETA_FORMATS,
    RELEASED_FORMATS,
    Fields,
    SessionState,
    Wording,
    item,
)
from server.wires.realtime_replies import Replies
from server.wires.sound import PcmFormat, PcmSound
from server.wires.wire import CallerEvent, CallEvent

SUBPROTOCOL = "realtime"
CHUNK_MS = 100  # what came in one message is heard in pieces of this
DETECTION: Fields = {"type": "server_vad", "create_response": True, "interrupt_response": True}
# Clients send whole recordings at once; the ears take them as fast as they can.
LIMITS = Limits(
    messages_per_s=200.0,
    bytes_per_s=1_048_576.0,
    audio_per_s=10.0,
    burst_s=30.0,
    message_bytes=1_048_576,
)


class Refused(Exception):
    """The client's event cannot be carried out; the session goes on."""

    def __init__(self, message: str, code: str = "invalid_value", param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.param = code, param


class RealtimeWire:
    """The server's end of one session."""

    name = "realtime"
    limits: Limits | None = LIMITS
    lead_ms: int | None = None
    talks_always = False
    greets = False
    keeps_place = False

    def __init__(
        self, session_id: str, model: str = "secousti", beta: bool = False, locale: str = "US"
    ) -> None:
        self.peer_id = self.caller = ""
        self._state = SessionState(session_id, model, detection=dict(DETECTION))
        self._say = Wording(beta)
        self._replies = Replies(self._say, self._state)
        self._locale = locale
        self._begun = False
        self._appended = 0  # bytes since the last commit
        self._typed: list[str] = []
        self._handlers: dict[str, Callable[[Fields], Sequence[CallerEvent]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.truncate": self._truncate,
            "response.create": self._create_response,
            "response.cancel": self._cancel,
        }

    @property
    def sound(self) -> PcmSound:
        """Both formats; fixed once the hello is out."""
        return PcmSound(self._state.up, self._state.down)

    def connected(self) -> tuple[CallerEvent, ...]:
        """The server speaks first here."""
        return (Answer(tuple(self._say.session("session.created", self._state))),)

    def encode(self, event: CallEvent) -> tuple[Message, ...]:
        """What an event of the call is called here."""
        if isinstance(event, Answer):
            return event.messages
        return tuple(self._replies.encode(event))

    def decode(self, message: Message) -> tuple[CallerEvent, ...]:
        """The events of one message; what cannot be done is answered with an ``error``."""
        if isinstance(message, bytes):
            raise ProtocolError(CloseCode.UNSUPPORTED, "a binary message: this wire is JSON text")
        fields: Fields = {}
        try:
            fields = json_object(message)
            handle = self._handlers.get(str(fields.get("type")))
            if handle is None:
                raise Refused(f"no such event here: send one of {', '.join(self._handlers)}")
            return self._hello(handle(fields))
        except ProtocolError as fault:
            return self._refuse(fields, str(fault), "invalid_json", None)
        except Refused as fault:
            return self._refuse(fields, str(fault), fault.code, fault.param)

    def _refuse(
        self, fields: Fields, why: str, code: str, param: str | None
    ) -> tuple[CallerEvent, ...]:
        event_id = fields.get("event_id")
        told = event_id if isinstance(event_id, str) else None
        return (Answer(tuple(self._say.error(why, code, told, param))),)

    def _hello(self, events: Sequence[CallerEvent]) -> tuple[CallerEvent, ...]:
        """The first event that could be carried out begins the call."""
        if self._begun:
            return tuple(events)
        self._begun = True
        return (Hello(locale=self._locale), *events)

    # What the client sends.

    def _update(self, fields: Fields) -> list[CallerEvent]:
        session = fields.get("session")
        if not isinstance(session, dict) or session.get("type") not in (None, "realtime"):
            raise Refused("session must be an object of type 'realtime'", param="session")
        asked = _beta_wishes(session) if self._say.beta else _wishes(session)
        up = self._format(asked.get("up", self._state.up), "input format")
        down = self._format(asked.get("down", self._state.down), "output format")
        detection = self._detection(asked.get("detection", self._state.detection))
        if self._begun and (up, down) != (self._state.up, self._state.down):
            raise Refused("the audio formats are fixed once the call has begun", param="session")
        state = self._state
        state.up, state.down, state.detection = up, down, detection
        state.text_only = _text_only(asked.get("modalities"), state.text_only)
        return [
            Answer(tuple(self._say.session("session.updated", state))),
            _turn_taking(detection),
            Muted(state.text_only),
        ]

    def _format(self, asked: object, what: str) -> PcmFormat:
        if isinstance(asked, PcmFormat):
            return asked
        known = BETA_FORMATS if self._say.beta else RELEASED_FORMATS
        name = asked.get("type") if isinstance(asked, dict) else asked
        if not isinstance(name, str) or name not in known:
            raise Refused(f"the {what} must be one of {', '.join(known)}", param="session.audio")
        if isinstance(asked, dict) and asked.get("rate") not in (None, known[name].rate_hz):
            raise Refused(f"{name} has {known[name].rate_hz} samples a second", param=what)
        return known[name]

    def _detection(self, asked: object) -> Fields | None:
        if asked is None:
            return None
        if not isinstance(asked, dict) or asked.get("type") not in ("server_vad", "semantic_vad"):
            raise Refused("turn_detection must be null, server_vad or semantic_vad")
        chosen: Fields = {"type": asked["type"]}
        for name in ("create_response", "interrupt_response"):
            chosen[name] = asked.get(name) is not False
        return chosen

    def _append(self, fields: Fields) -> list[CallerEvent]:
        try:
            data = base64.b64decode(fields["audio"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise Refused("audio must be base64", param="audio") from None
        self._appended += len(data)
        step = self._state.up.bytes_of(CHUNK_MS)
        return [Packets((data[at : at + step],)) for at in range(0, len(data), step)]

    def _commit(self, fields: Fields) -> list[CallerEvent]:
        if not self._appended:
            raise Refused("nothing was appended since", "input_audio_buffer_commit_empty")
        self._appended = 0
        if self._state.detection is not None:
            return [Commit()]
        return [Answer(tuple(self._replies.committed())), Commit()]

    def _clear(self, fields: Fields) -> list[CallerEvent]:
        self._appended = 0
        return [Answer(tuple(self._say.message("input_audio_buffer.cleared"))), Discard()]

    def _create_item(self, fields: Fields) -> list[CallerEvent]:
        text = _typed_text(fields.get("item"))
        self._typed.append(text)
        given = fields["item"].get("id")
        item_id = given if isinstance(given, str) and given else self._replies.new_id()
        made = item(item_id, "user", "completed", [{"type": "input_text", "text": text}])
        return [Answer(tuple(self._replies.added(made)))]

    def _truncate(self, fields: Fields) -> list[CallerEvent]:
        item_id, end_ms = fields.get("item_id"), fields.get("audio_end_ms")
        known = self._replies.sent(item_id)
        if known is None:
            raise Refused("no such item of the agent", "item_not_found", "item_id")
        if type(end_ms) is not int or not 0 <= end_ms <= known.ms:
            raise Refused(f"audio_end_ms must be 0 to {known.ms}", param="audio_end_ms")
        told = self._say.message(
            "conversation.item.truncated", item_id=item_id, content_index=0, audio_end_ms=end_ms
        )
        return [Truncated(known.generation, 16 * end_ms), Answer(tuple(told))]

    def _create_response(self, fields: Fields) -> list[CallerEvent]:
        if self._replies.busy:
            raise Refused("a response is under way", "conversation_already_has_active_response")
        response = fields.get("response")
        wishes = response if isinstance(response, dict) else {}
        modalities = wishes.get("output_modalities", wishes.get("modalities"))
        silent = _text_only(modalities, self._state.text_only)
        text, self._typed = " ".join(self._typed), []
        self._replies.asked(silent)
        return [Ask(text, silent)]

    def _cancel(self, fields: Fields) -> list[CallerEvent]:
        if not self._replies.speaking:
            raise Refused("there is no response to cancel", "response_cancel_not_active")
        self._replies.cancelled_by_client = True
        return [Cancel()]


def _wishes(session: Fields) -> Fields:
    """What a released session object asks for, where it asks."""
    audio = session.get("audio")
    asked: Fields = {}
    for name, key in (("input", "up"), ("output", "down")):
        part = audio.get(name) if isinstance(audio, dict) else None
        if isinstance(part, dict) and part.get("format") is not None:
            asked[key] = part["format"]
        if isinstance(part, dict) and name == "input" and "turn_detection" in part:
            asked["detection"] = part["turn_detection"]
    return {**asked, "modalities": session.get("output_modalities")}


def _beta_wishes(session: Fields) -> Fields:
    names = {
        "input_audio_format": "up",
        "output_audio_format": "down",
        "turn_detection": "detection",
        "modalities": "modalities",
    }
    return {key: session[name] for name, key in names.items() if name in session}


def _turn_taking(detection: Fields | None) -> TurnTaking:
    if detection is None:
        return TurnTaking(hears=False, answers=False, interrupts=False)
    return TurnTaking(
        answers=detection["create_response"], interrupts=detection["interrupt_response"]
    )


def _text_only(modalities: object, otherwise: bool) -> bool:
    if modalities is None:
        return otherwise
    if (
        not isinstance(modalities, list)
        or not modalities
        or set(map(str, modalities))
        - {
            "text",
            "audio",
        }
    ):
        raise Refused("modalities must be a list of 'text' or 'audio'")
    return "audio" not in modalities


def _typed_text(made: object) -> str:
    """The words of a user's message; other items are not for this agent."""
    if not isinstance(made, dict) or made.get("type") != "message" or made.get("role") != "user":
        raise Refused("only a user's message can be added: this agent has its own mind")
    content = made.get("content")
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    if not texts or len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        raise Refused("content must be input_text: send audio by input_audio_buffer.append")
    return " ".join(map(str, texts))
