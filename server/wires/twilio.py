"""Twilio Media Streams, ``<Connect><Stream>``: G.711 mu-law at 8 kHz in JSON, both ways.

Twilio keeps the queue. We send a bounded lead with marks in it; a mark comes back when the sound
before it has been played, which is how we know what was heard. ``clear`` empties the queue; the
marks in it then come back at once or never, and either way belong to a generation that is over.

What Twilio sends is numbered and timed, so sound that does not come is known to be missing.

Twilio cannot send our token in a header and drops query strings, so the token comes as a
``<Parameter name="token">`` of the stream, and no ``start`` without it is a hello.
The messages: https://www.twilio.com/docs/voice/media-streams/websocket-messages

The vendors that copied this protocol copied it with other names (:mod:`server.wires.vendors`).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from server.limits import Limits
from server.wires import native
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Digit, HungUp, Message
from server.wires.fields import json_object, text_at
from server.wires.gaps import Numbered, Timed
from server.wires.native import Begin, End, Flush, Hello, Lost, Packets, Played
from server.wires.sound import PcmFormat, PcmSound
from server.wires.wire import CallerEvent, CallEvent

MULAW = PcmFormat("mulaw", 8_000)
MARK_MS = 200  # how finely we learn what was heard
DIGITS = re.compile(r"[0-9*#A-D]")
CALLER_CHARS = 128
LOCALE = re.compile(r"[A-Z]{2}")
# 50 messages a second of about 300 bytes in mu-law, a few more with 16-bit samples.
LIMITS = Limits(bytes_per_s=131_072, message_bytes=16_384)


class TwilioWire:
    """The server's end of one stream; ``admits`` says whether the token in ``start`` is right."""

    name = "twilio"
    limits: Limits | None = LIMITS
    lead_ms: int | None = None
    talks_always = True
    greets = True
    keeps_place = False
    id_key: str | None = "streamSid"  # how a message of ours names the stream
    call_key = "callSid"
    parameters_key = "customParameters"
    frame_ms = 20
    times_chunks = True  # ``timestamp`` is where in the stream a chunk begins

    def __init__(
        self, admits: Callable[[str | None], bool] = lambda _: True, locale: str = "US"
    ) -> None:
        self.sound = PcmSound(MULAW, MULAW, self.frame_ms)
        self.peer_id = self.caller = ""
        self._admits, self._locale = admits, locale
        self._stream_id: str | None = None
        self._generation = self._sent_ms = 0
        self._numbered, self._timed = Numbered(), Timed()

    @property
    def started(self) -> bool:
        """Whether ``start`` has come."""
        return self._stream_id is not None

    def connected(self) -> tuple[CallerEvent, ...]:
        """Twilio speaks first."""
        return ()

    # From Twilio.

    def decode(self, message: Message) -> tuple[CallerEvent, ...]:
        """The events of one message; what we do not know is passed over (room for them to grow)."""
        fields = json_object(message)
        kind = text_at(fields, "event")
        if kind == "start" and not self.started:
            return (self._start(fields),)
        if kind in ("media", "start") and self.started != (kind == "media"):
            raise ProtocolError(CloseCode.PROTOCOL, f"{kind} came out of its order")
        return self._decode(kind, fields) if self.started else ()

    def _decode(self, kind: str, fields: Mapping[str, Any]) -> tuple[CallerEvent, ...]:
        match kind:
            case "media":
                return self._media(fields)
            case "dtmf":
                return digit_of(text_at(fields, "dtmf", "digit"))
            case "mark":
                return played_of(text_at(fields, "mark", "name"))
            case "stop":
                return (HungUp(),)
        return ()

    def _start(self, fields: Mapping[str, Any]) -> Hello:
        self._stream_id = self._stream_of(fields)
        self.peer_id = text_at(fields, "start", self.call_key)
        form = self._format(fields)
        self.sound = PcmSound(form, form, self.frame_ms)
        parameters = self._parameters(fields)
        if not self._admits(parameters.get("token")):
            raise ProtocolError(
                CloseCode.POLICY, "the stream's parameter 'token' is missing or wrong"
            )
        self.caller = parameters.get("caller", "")[:CALLER_CHARS]
        locale = parameters.get("locale", "")
        return Hello(locale=locale if LOCALE.fullmatch(locale) else self._locale)

    def _stream_of(self, fields: Mapping[str, Any]) -> str:
        return text_at(fields, "start", "streamSid")

    def _format(self, fields: Mapping[str, Any]) -> PcmFormat:
        encoding = text_at(fields, "start", "mediaFormat", "encoding")
        if encoding != "audio/x-mulaw":
            raise ProtocolError(CloseCode.UNSUPPORTED, "send audio/x-mulaw at 8000 Hz")
        return MULAW

    def _parameters(self, fields: Mapping[str, Any]) -> dict[str, str]:
        given = fields["start"].get(self.parameters_key)
        if not isinstance(given, dict):
            return {}
        return {name: value for name, value in given.items() if isinstance(value, str)}

    def _media(self, fields: Mapping[str, Any]) -> tuple[CallerEvent, ...]:
        payload, media = payload_of(fields), fields["media"]
        if media.get("track", "inbound") != "inbound":
            return ()  # our own voice, forked
        return self._placed(number_at(media, "chunk"), number_at(media, "timestamp"), payload)

    def _placed(
        self, chunk: int | None, at_ms: int | None, payload: bytes
    ) -> tuple[CallerEvent, ...]:
        """The sound of one message, and what is missing before it."""
        missing = 0 if chunk is None else self._numbered.missing(chunk)
        if self.times_chunks and at_ms is not None:
            chunk_ms = 1000 * self.sound.up.seconds(payload)
            missing = self._timed.missing(at_ms, chunk_ms, missing)
        sound = Packets((payload,))
        return (Lost(packets=missing), sound) if missing else (sound,)

    # To Twilio.

    def encode(self, event: CallEvent) -> tuple[Message, ...]:
        """Sound, marks and the flush; the rest of a call has no word here."""
        match event:
            case Begin(generation=generation):
                self._generation, self._sent_ms = generation, 0
            case Packets(packets):
                return tuple(message for packet in packets for message in self._sound(packet))
            case End(generation=generation):
                return (self._say(self._mark()),)
            case Flush():
                return (self._say(self._clear()),)
        return ()

    def _sound(self, packet: bytes) -> list[Message]:
        self._sent_ms += self.frame_ms
        messages: list[Message] = [self._say(self._play(base64.b64encode(packet).decode()))]
        if self._sent_ms % MARK_MS == 0:
            messages.append(self._say(self._mark()))
        return messages

    def _play(self, payload: str) -> dict[str, Any]:
        return {"event": "media", "media": {"payload": payload}}

    def _clear(self) -> dict[str, Any]:
        return {"event": "clear"}

    def _mark(self) -> dict[str, Any]:
        return {"event": "mark", "mark": {"name": self._place()}}

    def _place(self) -> str:
        """Where in which reply the sound sent so far ends."""
        return place_name(self._generation, self._sent_ms)

    def _say(self, fields: dict[str, Any]) -> str:
        if self.id_key is not None:
            fields = {**fields, self.id_key: self._stream_id}
        return json.dumps(fields, separators=(",", ":"))


def payload_of(fields: Mapping[str, Any]) -> bytes:
    """``media.payload`` of one message, which must be base64 and not empty."""
    try:
        payload = base64.b64decode(text_at(fields, "media", "payload"), validate=True)
    except ValueError:
        payload = b""
    if not payload:
        raise ProtocolError(CloseCode.BAD_PAYLOAD, "media.payload must be sound in base64")
    return payload


def number_at(media: Mapping[str, Any], name: str) -> int | None:
    """A count in a media message, as a number or in digits; None where there is none."""
    text = str(media.get(name, ""))
    return int(text) if re.fullmatch(r"\d{1,12}", text, re.ASCII) else None


def digit_of(digit: str) -> tuple[Digit, ...]:
    """The key that was pressed; more than one sign, or another, is none."""
    return (Digit(digit),) if DIGITS.fullmatch(digit) else ()


def place_name(generation: int, ms: int) -> str:
    """A mark's name: this many ms of that reply were sent before it."""
    return f"{generation}:{ms}"


def played_of(name: str) -> tuple[native.Played, ...]:
    """What a mark that came back says was heard; a mark that is not ours says nothing."""
    found = re.fullmatch(r"([1-9]\d{0,8}):(\d{1,9})", name)
    if found is None:
        return ()
    return (Played(generation=int(found[1]), samples=16 * int(found[2])),)
