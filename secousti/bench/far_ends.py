"""The caller's side of a wire, sans-I/O: what a far end says, and what it makes of what it gets.

Only what a load needs: nothing is decoded, so that a call costs its caller next to nothing.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from codec.rates import SAMPLE_RATE_HZ, Rate
from server.wires import native
from server.wires.audiosocket import HANGUP, HEADER, IDENTITY, frame
from server.wires.closing import CloseCode
from server.wires.events import Message
from server.wires.native import Failure, Flush, Packets
from server.wires.sound import PcmFormat
from server.wires.twilio import MULAW


@dataclass(frozen=True)
class Sounded:
    """So many seconds of the agent's voice have come."""

    seconds: float


@dataclass(frozen=True)
class Emptied:
    """What is queued for the loudspeaker is to be dropped."""


@dataclass(frozen=True)
class Echo:
    """To be sent back when all that is queued now has been played."""

    message: Message


@dataclass(frozen=True)
class Over:
    """The server ends the call; ``retry_after_s`` where it has said so."""

    code: int | None
    why: str
    retry_after_s: int | None = None


Heard = Sounded | Emptied | Echo | Over


class FarEnd(Protocol):
    """One call's far end."""

    path: str  # of the websocket; empty: plain TCP frames
    protocol: str | None  # offered in its handshake

    def opening(self) -> Sequence[Message]:
        """What it says first; AudioSocket's call begins with the first sound after it."""
        ...

    def media(self, payload: bytes) -> Message:
        """The message of one frame."""
        ...

    def closing(self) -> Sequence[Message]:
        """What it says last."""
        ...

    def heard(self, message: Message) -> Sequence[Heard]:
        """What a message of the server means to it."""
        ...


class NativeEnd:
    """Our own client, without its decoder."""

    path = "/call"
    protocol: str | None = native.SUBPROTOCOL

    def __init__(self, rate: Rate) -> None:
        self.rate, self.wire = rate, native.ClientWire()
        self.welcome: native.Welcome | None = None

    def opening(self) -> Sequence[Message]:
        hello = native.Hello.model_validate({"rate": self.rate.name})
        return (native.encode(hello),)

    def media(self, payload: bytes) -> Message:
        return payload

    def closing(self) -> Sequence[Message]:
        return (native.encode(native.Bye()),)

    def heard(self, message: Message) -> Sequence[Heard]:
        match event := self.wire.decode(message):
            case Packets(packets):
                samples = len(packets) * self.rate.packet_samples
                return (Sounded(samples / SAMPLE_RATE_HZ),)
            case Flush():
                return (Emptied(),)
            case native.Welcome() as welcome:
                self.welcome = welcome
            case Failure():
                return (Over(event.code, event.message, event.retry_after_s),)
            case native.Bye():
                return (Over(CloseCode.NORMAL, event.reason),)
        return ()


class TwilioEnd:
    """Twilio's side of a stream: mu-law in JSON, a queue, and marks that come back when played."""

    path = "/twilio"
    protocol: str | None = None

    def __init__(self) -> None:
        self._id = uuid4().hex

    def opening(self) -> Sequence[Message]:
        start = {
            "streamSid": self._id,
            "callSid": f"CA{self._id}",
            "customParameters": {},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": MULAW.rate_hz},
        }
        return (json.dumps({"event": "connected"}), self._say("start", start))

    def media(self, payload: bytes) -> Message:
        return self._say("media", {"payload": b64encode(payload).decode()})

    def closing(self) -> Sequence[Message]:
        return (self._say("stop", {}),)

    def heard(self, message: Message) -> Sequence[Heard]:
        fields = json.loads(message)
        match fields:
            case {"event": "media", "media": {"payload": payload}}:
                return (Sounded(MULAW.seconds(b64decode(payload))),)
            case {"event": "mark", "mark": mark}:
                return (Echo(self._say("mark", mark)),)
            case {"event": "clear"}:
                return (Emptied(),)
        return ()

    def press(self, digit: str) -> Message:
        """A key of the telephone."""
        return self._say("dtmf", {"digit": digit})

    def _say(self, event: str, fields: Mapping[str, object]) -> str:
        return json.dumps({"event": event, "streamSid": self._id, event: fields})


class AudioSocketEnd:
    """Asterisk: plays each frame when it comes, and takes nothing back."""

    path = ""
    protocol: str | None = None
    kind, form = 0x10, PcmFormat("pcm16", 8_000)

    def opening(self) -> Sequence[Message]:
        return (frame(IDENTITY, uuid4().bytes),)

    def media(self, payload: bytes) -> Message:
        return frame(self.kind, payload)

    def closing(self) -> Sequence[Message]:
        return (frame(HANGUP, b""),)

    def heard(self, message: Message) -> Sequence[Heard]:
        assert isinstance(message, bytes), "AudioSocket has frames of bytes"
        if message[0] == HANGUP:
            return (Over(None, "hung up"),)
        return (Sounded(self.form.seconds(message[HEADER.size :])),)
