"""Telephone vendors whose media streams follow Twilio's in all but names.

Taken from their protocol pages and from the serialisers of pipecat 1.14; what those leave open is
left out, so each class says which formats it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import HungUp, Message
from server.wires.fields import json_object, text_at
from server.wires.gaps import AT_ONCE
from server.wires.native import Hello, Lost, Packets
from server.wires.sound import PcmFormat
from server.wires.twilio import MULAW, TwilioWire, digit_of, played_of
from server.wires.wire import CallerEvent

ALAW = PcmFormat("alaw", 8_000)
WAITING_CHUNKS = 5  # sound that comes out of order is waited for this long: 100 ms


class TelnyxWire(TwilioWire):
    """Telnyx media streaming with ``stream_bidirectional_mode`` ``rtp``; PCMU or PCMA at 8 kHz.

    The order of its media is not guaranteed, so chunks are put back into theirs; one that does not
    come is given up for lost.
    https://developers.telnyx.com/api-reference/websockets/stream-call-media-over-websocket
    """

    name = "telnyx"
    id_key = None
    call_key = "call_control_id"
    parameters_key = "custom_parameters"

    def __init__(
        self, admits: Callable[[str | None], bool] = lambda _: True, locale: str = "US"
    ) -> None:
        super().__init__(admits, locale)
        self._next = 0
        self._early: dict[int, bytes] = {}

    def _stream_of(self, fields: Mapping[str, Any]) -> str:
        return text_at(fields, "stream_id")

    def _format(self, fields: Mapping[str, Any]) -> PcmFormat:
        encoding = text_at(fields, "start", "media_format", "encoding")
        known = {"PCMU": MULAW, "PCMA": ALAW}
        if encoding not in known:
            raise ProtocolError(CloseCode.UNSUPPORTED, "stream PCMU or PCMA at 8000 Hz")
        return known[encoding]

    def _placed(
        self, chunk: int | None, at_ms: int | None, payload: bytes
    ) -> tuple[CallerEvent, ...]:
        if chunk is None:
            return (Packets((payload,)),)
        if not self._next:
            self._next = chunk
        if chunk < self._next:
            return ()  # given up for lost already
        self._early[chunk] = payload
        lost: tuple[CallerEvent, ...] = ()
        if len(self._early) > WAITING_CHUNKS:
            missing = min(AT_ONCE, min(self._early) - self._next)
            lost = (Lost(packets=missing),) if missing else ()
            self._next = min(self._early)
        ready: list[bytes] = []
        while self._next in self._early:
            ready.append(self._early.pop(self._next))
            self._next += 1
        return (*lost, Packets(tuple(ready))) if ready else ()


class PlivoWire(TwilioWire):
    """Plivo audio streaming, bidirectional, ``contentType="audio/x-mulaw;rate=8000"``.

    The token is a key of ``extraHeaders``; there is no stop message, the socket closes.
    https://www.plivo.com/docs/voice/audio-streaming/audio-streaming
    """

    name = "plivo"
    times_chunks = False  # the time of day, which says when it was sent
    id_key = "streamId"
    call_key = "callId"

    def _stream_of(self, fields: Mapping[str, Any]) -> str:
        return text_at(fields, "start", "streamId")

    def _parameters(self, fields: Mapping[str, Any]) -> dict[str, str]:
        pairs = re.split(r"[;,]", str(fields.get("extra_headers", "")))
        named = (pair.partition("=") for pair in pairs)
        return {name.strip().removeprefix("X-PH-"): value.strip() for name, _, value in named}

    def _decode(self, kind: str, fields: Mapping[str, Any]) -> tuple[CallerEvent, ...]:
        if kind == "playedStream":
            return played_of(text_at(fields, "name"))
        return super()._decode(kind, fields)

    def _play(self, payload: str) -> dict[str, Any]:
        media = {"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": payload}
        return {"event": "playAudio", "media": media}

    def _clear(self) -> dict[str, Any]:
        return {"event": "clearAudio"}

    def _mark(self) -> dict[str, Any]:
        return {"event": "checkpoint", "name": self._place()}


class ExotelWire(TwilioWire):
    """Exotel's Voicebot applet: 16-bit samples at 8, 16 or 24 kHz, at least 100 ms a message.

    Exotel can send a name and a password in the handshake; else the token is a custom parameter.
    https://developer.exotel.com/docs/agentstream/websocket-protocol
    """

    name = "exotel"
    times_chunks = False  # its page does not say of what moment
    id_key = "stream_sid"
    call_key = "call_sid"
    parameters_key = "custom_parameters"
    frame_ms = 100

    def _stream_of(self, fields: Mapping[str, Any]) -> str:
        return text_at(fields, "start", "stream_sid")

    def _format(self, fields: Mapping[str, Any]) -> PcmFormat:
        given = fields["start"].get("media_format")
        rate = str(given.get("sample_rate", 8000)) if isinstance(given, dict) else "8000"
        if rate not in ("8000", "16000", "24000"):
            raise ProtocolError(CloseCode.UNSUPPORTED, "stream at 8000, 16000 or 24000 Hz")
        return PcmFormat("pcm16", int(rate))


class VonageWire(TwilioWire):
    """Vonage's Voice API: binary 16-bit samples at 8, 16 or 24 kHz, 20 ms a message; JSON control.

    The first message has the content type and, beside it, the ``headers`` of the NCCO: the token
    is one of them. https://developer.vonage.com/en/voice/voice-api/guides/websockets
    """

    name = "vonage"
    id_key = None

    def decode(self, message: Message) -> tuple[CallerEvent, ...]:
        """The events of one message; what we do not know is passed over."""
        if isinstance(message, bytes):
            if not self.started:
                raise ProtocolError(CloseCode.PROTOCOL, "sound before websocket:connected")
            return (Packets((message,)),) if message else ()
        fields = json_object(message)
        kind = text_at(fields, "event")
        if (kind == "websocket:connected") == self.started:
            raise ProtocolError(CloseCode.PROTOCOL, "websocket:connected must come first, and once")
        match kind:
            case "websocket:connected":
                return (self._start(fields),)
            case "websocket:dtmf":
                return digit_of(text_at(fields, "digit"))
            case "websocket:notify":
                return played_of(text_at(fields, "payload", "place"))
            case "websocket:disconnected":
                return (HungUp(),)
        return ()

    def _start(self, fields: Mapping[str, Any]) -> Hello:
        fields = {**fields, "start": {self.call_key: str(fields.get("call_uuid", ""))}}
        return super()._start(fields)

    def _stream_of(self, fields: Mapping[str, Any]) -> str:
        return self.name  # one connection is one call, and nothing we send names it

    def _format(self, fields: Mapping[str, Any]) -> PcmFormat:
        kind = text_at(fields, "content-type")
        found = re.fullmatch(r"audio/l16;\s*rate=(8000|16000|24000)", kind)
        if found is None:
            raise ProtocolError(CloseCode.UNSUPPORTED, "content-type: audio/l16;rate=16000, say")
        return PcmFormat("pcm16", int(found[1]))

    def _parameters(self, fields: Mapping[str, Any]) -> dict[str, str]:
        return {name: value for name, value in fields.items() if isinstance(value, str)}

    def _sound(self, packet: bytes) -> list[Message]:
        _, *marks = super()._sound(packet)
        return [packet, *marks]

    def _clear(self) -> dict[str, Any]:
        return {"action": "clear"}

    def _mark(self) -> dict[str, Any]:
        return {"action": "notify", "payload": {"place": self._place()}}
