"""The native wire, subprotocol ``secousti.v1``: JSON control in text, sound in binary.

Sans-I/O: no socket, no clock. ``decode`` turns one websocket message into one event, ``encode`` the
other way; both ends hold a small state that says what may come now. A binary message is one or more
whole codec packets and nothing else: its place in the stream says what each byte means
(:mod:`codec.rates`). A client that has no codec asks for samples instead. The specification with
examples is ``docs/protocol.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from codec.errors import SecoustiError
from codec.packets import split_packets
from codec.rates import RATES, Rate
from server.limits import Limits
from server.wires.closing import CloseCode, ProtocolError
from server.wires.events import Answer, Message
from server.wires.sound import PcmFormat, PcmSound, Sound
from voice_agent.contracts import RiskLevel, Stage, Strategy
from voice_agent.listen.events import ListenEvent, Partial

VERSION = 1
SUBPROTOCOL = f"secousti.v{VERSION}"
# A hello with every field set is under 200 bytes; what a client may send is kept small.
CLIENT_TEXT_BYTES = 4096
# A reply's text comes down: two sentences, captions; far below this.
SERVER_TEXT_BYTES = 65_536
# 1 KiB of tokens is 8 s of speech at the high rate: more than any live sender batches.
BINARY_BYTES = 1024
PCM = PcmSound(PcmFormat("pcm16", 16_000), PcmFormat("pcm16", 16_000), frame_ms=20)
# 32,000 bytes of samples are normal, in 50 messages.
PCM_LIMITS = Limits(bytes_per_s=49_152.0)

Generation = Annotated[int, Field(ge=1, le=2**31)]
Samples = Annotated[int, Field(ge=0, le=2**40)]
Latency = Annotated[float, Field(ge=0)]


class Control(BaseModel):
    """A JSON control message; fields that a reader does not know are ignored (room to grow)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Hello(Control):
    """Client, first: which protocol, rate and locale; ``events`` asks for captions and turns;
    ``sound`` says whether binary messages hold codec packets or 16-bit samples, both ways."""

    type: Literal["hello"] = "hello"
    version: int = VERSION
    rate: Literal["low", "high"] = "high"
    sound: Literal["tokens", "pcm"] = "tokens"
    locale: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    events: bool = False


class Played(Control):
    """Client: so many samples of this generation have left its loudspeaker."""

    type: Literal["played"] = "played"
    generation: Generation
    samples: Samples


class Bye(Control):
    """Either side: this is the end, and why. The websocket close follows."""

    type: Literal["bye"] = "bye"
    reason: Annotated[str, Field(max_length=200)] = ""


class Welcome(Control):
    """Server, first: the call is admitted. ``lead_ms``: audio sent ahead of real time, at most."""

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    rate: Literal["low", "high"]
    session: str
    lead_ms: int
    sound: Literal["tokens", "pcm"] = "tokens"


class Begin(Control):
    """Server: the packets from here on are this reply's; its stream starts at packet 0."""

    type: Literal["begin"] = "begin"
    generation: Generation


class End(Control):
    """Server: the reply is complete; ``samples`` were sent, the decoder's delay included."""

    type: Literal["end"] = "end"
    generation: Generation
    samples: Samples


class Flush(Control):
    """Server: barge-in. Drop what is queued of this generation and be silent at once."""

    type: Literal["flush"] = "flush"
    generation: Generation


class Caption(Control):
    """Server, when asked for events: the caller's words so far."""

    type: Literal["caption"] = "caption"
    text: str


class TurnInfo(Control):
    """Server, when asked for events: one turn. ``latency_ms`` has endpoint, recognise, think,
    speak_first and voice_to_voice; what was not reached is missing. ``generation`` is 0 for a
    reply that was never begun, because the caller spoke on."""

    type: Literal["turn"] = "turn"
    generation: Annotated[int, Field(ge=0, le=2**31)]
    heard: str
    said: str
    stage: Stage
    strategy: Strategy
    risk: RiskLevel
    latency_ms: dict[str, Latency] = {}


class Failure(Control):
    """Server: what went wrong in one sentence; ``code`` is the close code that follows."""

    type: Literal["error"] = "error"
    code: int
    message: str


@dataclass(frozen=True)
class Packets:
    """One binary message: whole codec packets in stream order, or one piece of samples."""

    packets: tuple[bytes, ...]


ClientControl = Hello | Played | Bye
ServerControl = Welcome | Begin | End | Flush | Caption | TurnInfo | Failure | Bye
ClientEvent = ClientControl | Packets
ServerEvent = ServerControl | Packets

_Event = TypeVar("_Event")

_CLIENT: TypeAdapter[ClientControl] = TypeAdapter(
    Annotated[ClientControl, Field(discriminator="type")]
)
_SERVER: TypeAdapter[ServerControl] = TypeAdapter(
    Annotated[ServerControl, Field(discriminator="type")]
)


class PacketSplitter:
    """Cuts binary messages into packets by position alone, from packet 0 of a stream."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self.index = 0

    def split(self, data: bytes) -> tuple[bytes, ...]:
        """The packets of one message.

        Raises:
            ProtocolError: it is empty, over ``BINARY_BYTES`` or ends inside a packet.
        """
        _check_size(data)
        try:
            packets = split_packets(self._rate, self.index, data)
        except SecoustiError as error:
            raise ProtocolError(CloseCode.BAD_PAYLOAD, str(error)) from None
        self.index += len(packets)
        return tuple(packets)


class PcmSplitter:
    """Takes binary messages of 16-bit samples as they are; the same faults as of packets."""

    def split(self, data: bytes) -> tuple[bytes, ...]:
        """The one piece of one message; raises as :meth:`PacketSplitter.split`."""
        _check_size(data)
        if len(data) % PCM.up.sample_bytes:
            raise ProtocolError(CloseCode.BAD_PAYLOAD, "half a sample: send whole 16-bit samples")
        return (data,)


class State(Enum):
    """Where one end stands; ``docs/protocol.md`` draws it."""

    GREETING = "greeting"  # nothing but the first message may come
    TALKING = "talking"
    CLOSED = "closed"  # bye has come


def encode(event: ClientEvent | ServerEvent) -> bytes | str:
    """One event as one websocket message: bytes are sent as binary, str as text."""
    if isinstance(event, Packets):
        return b"".join(event.packets)
    return event.model_dump_json()


class ServerWire:
    """The server's end of one call: what a client may send, and when."""

    name = "native"
    limits: Limits | None = None
    lead_ms: int | None = None
    talks_always = True
    greets = True
    peer_id = ""

    def __init__(self) -> None:
        self.state = State.GREETING
        self.sound: Sound = RATES["high"]
        self._uplink: PacketSplitter | PcmSplitter | None = None
        self._events = False

    def connected(self) -> tuple[ClientEvent, ...]:
        """A client speaks first."""
        return ()

    def decode(self, message: Message) -> tuple[ClientEvent, ...]:
        """The one event of one message; raises :class:`ProtocolError` with the close code."""
        if isinstance(message, str):
            return (self._control(message),)
        if self._uplink is None:
            raise ProtocolError(CloseCode.UNSUPPORTED, "tokens before hello: say hello first")
        if self.state is State.CLOSED:
            raise ProtocolError(CloseCode.PROTOCOL, "tokens after bye")
        return (Packets(self._uplink.split(message)),)

    def encode(self, event: ServerEvent | ListenEvent | Answer) -> tuple[Message, ...]:
        """The message of an event; captions and turns only where the client asked for them."""
        match event:
            case Partial(text):
                return (encode(Caption(text=text)),) if self._events else ()
            case TurnInfo():
                return (encode(event),) if self._events else ()
            case Control() | Packets():
                return (encode(event),)
            case _:
                return ()

    def _control(self, text: str) -> ClientControl:
        event = _parse(_CLIENT, text, CLIENT_TEXT_BYTES)
        expected = isinstance(event, Hello) == (self.state is State.GREETING)
        if not expected or self.state is State.CLOSED:
            raise ProtocolError(CloseCode.PROTOCOL, f"{event.type} while {self.state.value}")
        if isinstance(event, Hello):
            _check_version(event.version)
            self._events = event.events
            if event.sound == "pcm":
                self.sound, self.limits = PCM, PCM_LIMITS
            else:
                self.sound = RATES[event.rate]
            self._uplink = _splitter(self.sound)
            self.state = State.TALKING
        elif isinstance(event, Bye):
            self.state = State.CLOSED
        return event


class ClientWire:
    """The client's end of one call: what a server may send, and when."""

    def __init__(self) -> None:
        self.state = State.GREETING
        self._sound: Sound | None = None
        self._downlink: PacketSplitter | PcmSplitter | None = None

    def decode(self, message: bytes | str) -> ServerEvent:
        """One event of one message; raises :class:`ProtocolError` with the close code."""
        if isinstance(message, str):
            return self._control(message)
        if self._downlink is None:
            raise ProtocolError(CloseCode.PROTOCOL, "packets outside a generation: begin first")
        return Packets(self._downlink.split(message))

    def _control(self, text: str) -> ServerControl:
        event = _parse(_SERVER, text, SERVER_TEXT_BYTES)
        if self.state is State.GREETING:
            self._greeted(event)
        elif isinstance(event, Welcome) or self.state is State.CLOSED:
            raise ProtocolError(CloseCode.PROTOCOL, f"{event.type} while {self.state.value}")
        elif isinstance(event, Begin) and self._sound is not None:
            self._downlink = _splitter(self._sound)
        elif isinstance(event, End | Flush):
            self._downlink = None
        elif isinstance(event, Bye):
            self.state = State.CLOSED
        return event

    def _greeted(self, event: ServerControl) -> None:
        if isinstance(event, Welcome):
            _check_version(event.version)
            self._sound = PCM if event.sound == "pcm" else RATES[event.rate]
            self.state = State.TALKING
        elif not isinstance(event, Failure | Bye):
            raise ProtocolError(CloseCode.PROTOCOL, f"{event.type} before welcome")


def joined(packets: Sequence[bytes], limit: int = BINARY_BYTES) -> list[Packets]:
    """Packets gathered into as few messages as the size limit allows, order kept."""
    messages: list[list[bytes]] = [[]]
    size = 0
    for packet in packets:
        if size + len(packet) > limit:
            messages.append([])
            size = 0
        messages[-1].append(packet)
        size += len(packet)
    return [Packets(tuple(message)) for message in messages if message]


def _splitter(sound: Sound) -> PacketSplitter | PcmSplitter:
    return PacketSplitter(sound) if isinstance(sound, Rate) else PcmSplitter()


def _check_size(data: bytes) -> None:
    if len(data) > BINARY_BYTES:
        raise ProtocolError(
            CloseCode.TOO_BIG,
            f"a binary message of {len(data)} bytes: send at most {BINARY_BYTES}",
        )
    if not data:
        raise ProtocolError(
            CloseCode.BAD_PAYLOAD, "an empty binary message: send at least one packet"
        )


def _check_version(version: int) -> None:
    if version != VERSION:
        raise ProtocolError(
            CloseCode.WRONG_VERSION,
            f"version {version} of the protocol was asked for; this end speaks {VERSION}",
        )


def _parse(adapter: TypeAdapter[_Event], text: str, limit: int) -> _Event:
    size = len(text.encode(errors="surrogatepass"))
    if size > limit:
        raise ProtocolError(
            CloseCode.TOO_BIG, f"a text message of {size} bytes: send at most {limit}"
        )
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> ProtocolError:
    """The first fault of a control message as one sentence; the peer's text is not repeated."""
    fault = error.errors(include_input=False, include_url=False)[0]
    match fault["type"]:
        case "union_tag_invalid":
            known = fault["ctx"]["expected_tags"]
            return ProtocolError(CloseCode.PROTOCOL, f"unknown message type: send one of {known}")
        case "union_tag_not_found":
            return ProtocolError(CloseCode.PROTOCOL, "a control message without its type")
    if not fault["loc"]:
        return ProtocolError(
            CloseCode.BAD_PAYLOAD,
            "text that is not a JSON object: text carries control, tokens go in binary",
        )
    where = ".".join(str(part) for part in fault["loc"])
    return ProtocolError(CloseCode.BAD_PAYLOAD, f"field {where}: {fault['msg']}")
