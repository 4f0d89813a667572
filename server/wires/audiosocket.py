"""Asterisk AudioSocket: 16-bit samples in small TCP frames; Asterisk calls us.

A frame is ``kind:u8, length:u16 big-endian, payload``; the samples are little-endian all the same.
First comes the call's UUID, then audio, whose kind names the sample rate: 8 kHz from the dialplan
application, any from the channel driver. Asterisk plays what comes when it comes and can take
nothing back, so we send one frame each 20 ms and a barge-in costs at most two. It takes only audio
and the hang-up from us (``res_audiosocket.c``); a caller's hang-up is the end of the TCP stream.

There is neither TLS nor a token: who may call is the UUID's business and the network's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from uuid import UUID

from server.limits import Limits
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import HungUp, Message
from server.wires.native import Bye, Failure, Hello, Packets
from server.wires.sound import PcmFormat, PcmSound
from server.wires.twilio import digit_of
from server.wires.wire import CallerEvent, CallEvent

HEADER = struct.Struct(">BH")
HANGUP, IDENTITY, KEY = 0x00, 0x01, 0x03
RATES_HZ = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
}
LEAD_MS = 40  # two frames: a busy moment here is not a gap there
LIMITS = Limits(bytes_per_s=131_072, message_bytes=16_384)  # 96 kB a second at 48 kHz


class AudioSocketWire:
    """The server's end of one connection; ``admits`` says which calls are expected."""

    name = "audiosocket"
    limits: Limits | None = LIMITS
    lead_ms: int | None = LEAD_MS
    talks_always = True
    greets = True
    keeps_place = False

    def __init__(self, admits: Callable[[UUID], bool], locale: str = "US") -> None:
        self.sound = PcmSound(PcmFormat("pcm16", 8_000), PcmFormat("pcm16", 8_000))
        self.peer_id = self.caller = ""
        self._admits, self._locale = admits, locale
        self._kind: int | None = None  # of the audio, from its first frame on

    def connected(self) -> tuple[CallerEvent, ...]:
        """Asterisk speaks first."""
        return ()

    def decode(self, message: Message) -> tuple[CallerEvent, ...]:
        """The events of one whole frame; the first audio brings the hello with it."""
        kind, payload = _split(message)
        if not self.peer_id:
            self._identify(kind, payload)
            return ()
        match kind:
            case 0x00:
                return (HungUp(),)
            case 0x03:
                return digit_of(payload.decode("latin-1"))
            case 0xFF:
                return (HungUp("Asterisk reports an error on its side"),)
        return self._audio(kind, payload)

    def encode(self, event: CallEvent) -> tuple[Message, ...]:
        """Audio, and the hang-up at the end."""
        match event:
            case Packets(packets):
                return tuple(frame(self._kind or 0x10, packet) for packet in packets)
            case Bye() | Failure():
                return (frame(HANGUP, b""),)
        return ()

    def _identify(self, kind: int, payload: bytes) -> None:
        if kind != IDENTITY or len(payload) != 16:
            raise ProtocolError(CloseCode.PROTOCOL, "the first frame must be the call's UUID")
        uuid = UUID(bytes=payload)
        if not self._admits(uuid):
            raise ProtocolError(CloseCode.POLICY, f"no call {uuid} is expected here")
        self.peer_id = str(uuid)

    def _audio(self, kind: int, payload: bytes) -> tuple[CallerEvent, ...]:
        if kind not in RATES_HZ or len(payload) % 2:
            raise ProtocolError(
                CloseCode.UNSUPPORTED, f"a frame of kind 0x{kind:02x}: send 16-bit audio, 8-48 kHz"
            )
        if self._kind not in (None, kind):
            raise ProtocolError(CloseCode.PROTOCOL, "the sample rate changed during the call")
        sound = (Packets((payload,)),) if payload else ()
        if self._kind is not None:
            return sound
        self._kind = kind
        form = PcmFormat("pcm16", RATES_HZ[kind])
        self.sound = PcmSound(form, form)
        return (Hello(locale=self._locale), *sound)


def frame(kind: int, payload: bytes) -> bytes:
    """One frame; ``payload`` is at most 65,535 bytes."""
    return HEADER.pack(kind, len(payload)) + payload


def _split(message: Message) -> tuple[int, bytes]:
    if isinstance(message, str) or len(message) < HEADER.size:
        raise ProtocolError(CloseCode.BAD_PAYLOAD, "not a frame: kind, length and payload")
    kind, length = HEADER.unpack_from(message)
    payload = message[HEADER.size :]
    if len(payload) != length:
        raise ProtocolError(
            CloseCode.BAD_PAYLOAD, "a frame whose length is not that of its payload"
        )
    return kind, payload
