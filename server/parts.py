"""What a server is put together from: the codec, the ears, the mind and the voice, as protocols.

The server's own code knows only these shapes, so that tests call it with small fakes and a faulty
part can be put in on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from voice_agent.contracts import Memory, Reply, RiskState, SessionReport, UserTurn
from voice_agent.listen.events import ListenEvent

Pcm = NDArray[np.float32]  # [T] mono at 16 kHz in [-1, 1]


class StreamEncoder(Protocol):
    def step(self, pcm: Tensor, slots: Sequence[int], /) -> list[bytes]: ...
    def reset(self, slot: int, keep_voice: bool = False) -> None: ...


class StreamDecoder(Protocol):
    """Takes None in the place of a packet that is lost."""

    def step(self, packets: Sequence[bytes | None], slots: Sequence[int], /) -> Tensor: ...
    def reset(self, slot: int, keep_voice: bool = False) -> None: ...


class StreamCodec(Protocol):
    """One rate's codec; :class:`codec.Codec` is the real one."""

    def stream_encoder(self, slots: int) -> StreamEncoder: ...
    def stream_decoder(self, slots: int) -> StreamDecoder: ...


class Listener(Protocol):
    """One caller's ears: ``push`` takes float32 ``[T]`` of any length and tells what it noticed."""

    agent_speaking: bool

    def push(self, pcm: Pcm) -> Sequence[ListenEvent]: ...


class Conversation(Protocol):
    """One caller's dialogue, without audio; every call but ``become`` may block.

    ``silent`` says something into the ``count``-th silence in a row; ``closing`` says that the call
    ends soon, or ``now``, or is None where it must not; ``fork`` is a second one that
    stands where this one stands; ``become`` goes on from a fork, and returns where this one stood.
    """

    def open(self) -> Reply: ...
    def respond(self, turn: UserTurn) -> Reply: ...
    def heard(self, reply: Reply, spoken_chars: int) -> None: ...
    def silent(self, count: int) -> Reply: ...
    def closing(self, now: bool) -> Reply | None: ...
    def fork(self) -> Conversation: ...
    def become(self, fork: Any) -> Conversation: ...


class Rest(Protocol):
    """What is still being written of a reply. ``grow`` waits for more of it, None at its end; after
    ``stop`` nothing more is written."""

    def grow(self) -> Any: ...
    def stop(self) -> None: ...


@runtime_checkable
class Writing(Protocol):
    """A conversation whose replies can be said while they are written: ``begin`` answers with what
    there is, and while ``rest`` is there ``go_on`` takes what it gives into the reply."""

    rest: Rest | None

    def begin(self, turn: UserTurn) -> Reply: ...
    def go_on(self, grown: Any, /) -> Reply: ...


class Underway(Protocol):
    """What caller and agent are doing together, as plain JSON."""

    def state(self) -> dict[str, Any]: ...


@runtime_checkable
class Remembering(Protocol):
    """A conversation that can tell what of it may be kept."""

    risk: RiskState

    @property
    def memories(self) -> Sequence[Memory]: ...
    @property
    def activities(self) -> Underway: ...
    def report(self) -> SessionReport: ...


@dataclass(frozen=True)
class Known:
    """What is kept of a caller: his crisis state, what he agreed to have remembered, and what was
    under way when his last call broke off."""

    risk: RiskState = field(default_factory=RiskState)
    memories: tuple[Memory, ...] = ()
    activities: dict[str, Any] | None = None


class Conversing(Protocol):
    """Makes one caller's conversation; ``known`` is None where nothing is kept of anybody."""

    def __call__(self, locale: str, known: Known | None = None, /) -> Conversation: ...


class Voice(Protocol):
    """Text to speech: float32 16 kHz chunks, the first one soon; ``pace`` lengthens sounds."""

    def speak(self, text: str, pace: float = 1.0) -> Iterable[Pcm]: ...


@dataclass(frozen=True)
class CallName:
    """One call as somebody outside must know it: our name, the wire's, and the far end's own."""

    session: str
    wire: str
    peer_id: str


@dataclass(frozen=True)
class Parts:
    """``codecs`` by rate name; ``listener`` and ``conversation`` make one per caller (the latter
    takes the caller's locale); ``voice`` is shared. ``hand_off`` asks for a person to take over a
    call and says whether one will (it may block); None: this line has nobody. ``exports`` gives the
    codec of a rate as files for the web page (it may block); None: the page calls in samples."""

    codecs: Mapping[str, StreamCodec]
    listener: Callable[[], Listener]
    conversation: Conversing
    voice: Voice
    hand_off: Callable[[CallName], bool] | None = None
    exports: Callable[[str], Mapping[str, bytes]] | None = None
