"""Asterisk's chan_websocket: sound in binary messages, JSON control in text ones.

``Dial(WebSocket/secousti/c(slin16)f(json))`` makes Asterisk call us; it announces the format in
``MEDIA_START``, then both sides send sound as it comes. Asterisk keeps a queue of 1,000 frames and
plays it in time: it says ``MEDIA_XOFF`` and ``MEDIA_XON`` of it, gives back a mark when the sound
before it was played, and drops all of it, marks too, on ``FLUSH_MEDIA``. ``HANGUP`` ends the call.
Facts from ``chan_websocket.c`` of Asterisk 22 and from a run against 22.10.
"""

from __future__ import annotations

import json

from server.limits import Limits
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Flow, Message
from server.wires.fields import json_object, text_at
from server.wires.native import Begin, Bye, End, Failure, Flush, Hello, Packets
from server.wires.sound import PcmFormat, PcmSound
from server.wires.twilio import MARK_MS, digit_of, place_name, played_of
from server.wires.wire import CallerEvent, CallEvent

SUBPROTOCOL = "media"
FORMATS = {
    "ulaw": PcmFormat("mulaw", 8_000),
    "alaw": PcmFormat("alaw", 8_000),
    "slin": PcmFormat("pcm16", 8_000),
    "slin12": PcmFormat("pcm16", 12_000),
    "slin16": PcmFormat("pcm16", 16_000),
    "slin24": PcmFormat("pcm16", 24_000),
    "slin32": PcmFormat("pcm16", 32_000),
    "slin44": PcmFormat("pcm16", 44_100),
    "slin48": PcmFormat("pcm16", 48_000),
}
FRAME_MS = 20
LIMITS = Limits(bytes_per_s=131_072, message_bytes=16_384)  # 96 kB a second at 48 kHz


class AsteriskWire:
    """The server's end of one channel. Asterisk proves who it is in the handshake."""

    name = "asterisk"
    limits: Limits | None = LIMITS
    lead_ms: int | None = None
    talks_always = True
    greets = True
    keeps_place = False

    def __init__(self, locale: str = "US") -> None:
        self.sound = PcmSound(FORMATS["slin"], FORMATS["slin"], FRAME_MS)
        self.peer_id = self.caller = ""
        self._locale = locale
        self._generation = self._sent_ms = 0

    def connected(self) -> tuple[CallerEvent, ...]:
        """Asterisk speaks first."""
        return ()

    def decode(self, message: Message) -> tuple[CallerEvent, ...]:
        """The events of one message; what we do not know is passed over."""
        if isinstance(message, bytes):
            if not self.peer_id:
                raise ProtocolError(CloseCode.PROTOCOL, "sound before MEDIA_START")
            return (Packets((message,)),) if message else ()
        if message.startswith("MEDIA_START "):
            raise ProtocolError(CloseCode.UNSUPPORTED, "plain-text control: dial with f(json)")
        fields = json_object(message)
        kind = text_at(fields, "event")
        if (kind == "MEDIA_START") == bool(self.peer_id):
            raise ProtocolError(CloseCode.PROTOCOL, "MEDIA_START must come first, and once")
        match kind:
            case "MEDIA_START":
                self._start(text_at(fields, "channel_id"), text_at(fields, "format"))
                return (Hello(locale=self._locale),)
            case "DTMF_END":
                return digit_of(text_at(fields, "digit"))
            case "MEDIA_MARK_PROCESSED":
                return played_of(text_at(fields, "correlation_id"))
            case "MEDIA_XOFF" | "MEDIA_XON":
                return (Flow(open=kind == "MEDIA_XON"),)
        return ()

    def _start(self, channel: str, name: str) -> None:
        if name not in FORMATS:
            raise ProtocolError(
                CloseCode.UNSUPPORTED, f"the codec must be one of {', '.join(FORMATS)}"
            )
        if not channel:
            raise ProtocolError(CloseCode.BAD_PAYLOAD, "MEDIA_START must name its channel_id")
        self.peer_id = channel
        self.sound = PcmSound(FORMATS[name], FORMATS[name], FRAME_MS)

    def encode(self, event: CallEvent) -> tuple[Message, ...]:
        """Sound, marks, the flush and the hang-up."""
        match event:
            case Begin(generation=generation):
                self._generation, self._sent_ms = generation, 0
            case Packets(packets):
                return tuple(message for packet in packets for message in self._sound(packet))
            case End():
                return (self._mark(),)
            case Flush():
                return (command("FLUSH_MEDIA"),)
            case Bye() | Failure():
                return (command("HANGUP"),)
        return ()

    def _sound(self, packet: bytes) -> list[Message]:
        self._sent_ms += FRAME_MS
        return [packet] if self._sent_ms % MARK_MS else [packet, self._mark()]

    def _mark(self) -> str:
        return command("MARK_MEDIA", correlation_id=place_name(self._generation, self._sent_ms))


def command(name: str, **fields: str) -> str:
    """One command; Asterisk reads at most 128 bytes of it."""
    return json.dumps({"command": name, **fields}, separators=(",", ":"))
