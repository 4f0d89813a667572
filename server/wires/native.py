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
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from codec.rates import RATES
from server.limits import Limits
from server.wires.closing import CloseCode, ProtocolError
from server.wires.control import Control, parse
from server.wires.events import Answer, Message
from server.wires.packing import BINARY_BYTES, PCM, PacketSplitter, PcmSplitter, splitter_of
from server.wires.sound import Sound
from voice_agent.contracts import RiskLevel, Stage, Strategy
from voice_agent.listen.events import ListenEvent, Partial

VERSION = 1
SUBPROTOCOL = f"secousti.v{VERSION}"
# A hello with every field set is under 200 bytes; what a client may send is kept small.
CLIENT_TEXT_BYTES = 4096
# A reply's text comes down: two sentences, captions; far below this.
SERVER_TEXT_BYTES = 65_536
LOST_AT_ONCE = 50  # packets; a longer gap is better begun anew than made up
# 32,000 bytes of samples are normal, in 50 messages.
PCM_LIMITS = Limits(bytes_per_s=49_152.0)

RateName = Literal["low", "high"]
Generation = Annotated[int, Field(ge=1, le=2**31)]
Samples = Annotated[int, Field(ge=0, le=2**40)]
Latency = Annotated[float, Field(ge=0)]


class Hello(Control):
    """Client, first: which protocol, rate and locale; ``events`` asks for captions and turns;
    ``sound`` says whether binary messages hold codec packets or 16-bit samples, both ways;
    ``caller`` is who calls, where an operator's own client knows it."""

    type: Literal["hello"] = "hello"
    version: int = VERSION
    rate: RateName = "high"
    sound: Literal["tokens", "pcm"] = "tokens"
    locale: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    events: bool = False
    caller: Annotated[str, Field(max_length=128)] = ""


class Resume(Control):
    """Client, first, instead of hello: it comes back to a call whose connection broke.

    ``token`` is the welcome's. ``generation`` is the last reply it saw begin, of which its
    loudspeaker has played ``played`` samples; ``turns``: how many turn and more messages it got.
    """

    type: Literal["resume"] = "resume"
    version: int = VERSION
    session: Annotated[str, Field(max_length=64)]
    token: Annotated[str, Field(max_length=128)]
    generation: Annotated[int, Field(ge=0, le=2**31)] = 0
    played: Samples = 0
    turns: Annotated[int, Field(ge=0, le=2**31)] = 0


class Played(Control):
    """Client: so many samples of this generation have left its loudspeaker; ``concealed`` more
    were made up, because sound came too late."""

    type: Literal["played"] = "played"
    generation: Generation
    samples: Samples
    concealed: Samples = 0


class Lost(Control):
    """Client: so many packets of its stream are lost; the next binary message stands after them."""

    type: Literal["lost"] = "lost"
    packets: Annotated[int, Field(ge=1, le=LOST_AT_ONCE)]


class Switch(Control):
    """Client: its packets from here on are a new stream of this rate, and so are the replies that
    begin after it. Server: it wishes that the client would do so."""

    type: Literal["rate"] = "rate"
    rate: RateName


class Bye(Control):
    """Either side: this is the end, and why. The websocket close follows."""

    type: Literal["bye"] = "bye"
    reason: Annotated[str, Field(max_length=200)] = ""


class Welcome(Control):
    """Server, first: the call is admitted. ``lead_ms``: audio sent ahead of real time, at most.

    ``rates`` are those that it may switch to. With the secret ``resume`` the client can come back
    within ``resume_s`` when the connection breaks; empty: it cannot. ``free`` of the server's
    ``slots`` can still be taken.
    """

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    rate: RateName
    session: str
    lead_ms: int
    sound: Literal["tokens", "pcm"] = "tokens"
    rates: tuple[str, ...] = ()
    resume: str = ""
    resume_s: float = 0.0
    free: int = 0
    slots: int = 0


class Resumed(Control):
    """Server, first, to a resume: the call goes on. ``received``: so many of the client's binary,
    ``lost`` and ``rate`` messages have come, of the whole call."""

    type: Literal["resumed"] = "resumed"
    received: int


class Begin(Control):
    """Server: the packets from here on are this reply's; its stream, of ``rate``, starts at
    packet 0."""

    type: Literal["begin"] = "begin"
    generation: Generation
    rate: RateName | None = None


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
    latency_ms: dict[str, Latency] = Field(default_factory=dict)


class More(Control):
    """Server, when asked for events: the reply of that generation goes on with ``said``, which was
    not written yet when its turn was told."""

    type: Literal["more"] = "more"
    generation: Annotated[int, Field(ge=0, le=2**31)]
    said: str


class Failure(Control):
    """Server: what went wrong in one sentence; ``code`` is the close code that follows. A full
    server says how many ``slots`` it has, none of them ``free``, and when to try again."""

    type: Literal["error"] = "error"
    code: int
    message: str
    retry_after_s: int | None = None
    free: int | None = None
    slots: int | None = None


@dataclass(frozen=True)
class Packets:
    """One binary message: whole codec packets in stream order, or one piece of samples."""

    packets: tuple[bytes, ...]


ClientControl = Hello | Resume | Played | Lost | Switch | Bye
ServerControl = (
    Welcome | Resumed | Begin | End | Flush | Caption | TurnInfo | More | Switch | Failure | Bye
)
ClientEvent = ClientControl | Packets
ServerEvent = ServerControl | Packets

_CLIENT: TypeAdapter[ClientControl] = TypeAdapter(
    Annotated[ClientControl, Field(discriminator="type")]
)
_SERVER: TypeAdapter[ServerControl] = TypeAdapter(
    Annotated[ServerControl, Field(discriminator="type")]
)


class State(Enum):
    """Where one end stands; ``docs/protocol.md`` draws it."""

    GREETING = "greeting"  # nothing but the first message may come
    TALKING = "talking"
    RETURNING = "returning"  # of the client: it has asked to come back, and not been answered
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
    keeps_place = True
    peer_id = ""
    caller = ""

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
            case TurnInfo() | More():
                return (encode(event),) if self._events else ()
            case Control() | Packets():
                return (encode(event),)
            case _:
                return ()

    def _control(self, text: str) -> ClientControl:
        event = parse(_CLIENT, text, CLIENT_TEXT_BYTES)
        expected = isinstance(event, Hello | Resume) == (self.state is State.GREETING)
        if not expected or self.state is State.CLOSED:
            raise ProtocolError(CloseCode.PROTOCOL, f"{event.type} while {self.state.value}")
        match event:
            case Hello():
                self._greet(event)
            case Resume(version=version):
                check_version(version)
                self.state = State.CLOSED  # the call that it comes back to has a wire
            case Lost(packets=packets):
                self._packets().skip(packets)
            case Switch(rate=rate) if isinstance(self._uplink, PacketSplitter):
                self.sound = RATES[rate]
                self._uplink = splitter_of(self.sound)
            case Bye():
                self.state = State.CLOSED
        return event

    def _greet(self, hello: Hello) -> None:
        check_version(hello.version)
        self._events, self.caller = hello.events, hello.caller
        if hello.sound == "pcm":
            self.sound, self.limits = PCM, PCM_LIMITS
        else:
            self.sound = RATES[hello.rate]
        self._uplink = splitter_of(self.sound)
        self.state = State.TALKING

    def _packets(self) -> PacketSplitter:
        if not isinstance(self._uplink, PacketSplitter):
            raise ProtocolError(CloseCode.PROTOCOL, "lost packets of a stream that has none")
        return self._uplink


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

    def broke(self) -> None:
        """The connection is gone; a resume has been sent over another one."""
        self.state, self._downlink = State.RETURNING, None

    def _control(self, text: str) -> ServerControl:
        event = parse(_SERVER, text, SERVER_TEXT_BYTES)
        match event:
            case Failure() | Bye() if self.state is not State.TALKING:
                pass  # instead of the answer
            case Welcome() | Resumed():
                self._greeted(event)
            case _ if self.state is not State.TALKING:
                raise self._out_of_order(event)
            case Begin(rate=rate) if self._sound is not None:
                self._sound = self._sound if rate is None or self._sound is PCM else RATES[rate]
                self._downlink = splitter_of(self._sound)
            case End() | Flush():
                self._downlink = None
            case Bye():
                self.state = State.CLOSED
        return event

    def _greeted(self, event: Welcome | Resumed) -> None:
        due = State.GREETING if isinstance(event, Welcome) else State.RETURNING
        if self.state is not due:
            raise self._out_of_order(event)
        if isinstance(event, Welcome):
            check_version(event.version)
            self._sound = PCM if event.sound == "pcm" else RATES[event.rate]
        self.state = State.TALKING

    def _out_of_order(self, event: ServerControl) -> ProtocolError:
        return ProtocolError(CloseCode.PROTOCOL, f"{event.type} while {self.state.value}")


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


def check_version(version: int) -> None:
    """Raises :class:`ProtocolError` for any version but ours."""
    if version != VERSION:
        raise ProtocolError(
            CloseCode.WRONG_VERSION,
            f"version {version} of the protocol was asked for; this end speaks {VERSION}",
        )
