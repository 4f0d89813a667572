"""The caller's side of the native wire: sound in, tokens over a websocket, sound and events out.

:func:`connect` opens a call; :meth:`Call.send` takes sound of any chunking and sends whole packets;
iterating over the call gives what the server says, with audio already decoded. Whoever calls keeps
real time: the server expects sound, or silence, as fast as it is spoken.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedOK,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)
from websockets.typing import Subprotocol

from codec import SAMPLE_RATE_HZ, Codec, Rate, SecoustiError
from server.calllog import CallLog
from server.playout import Playout
from server.wires import native
from server.wires.closing import MEANING, CloseCode

Pcm = NDArray[np.float32]  # [T] mono at 16 kHz

OPEN_S = 10.0  # a server that is there answers the handshake at once
REPORT_S = 0.5  # between reports the server reckons on; each costs as much as 0.4 s of speech
REFUSALS = {
    400: "it does not speak this version of Secousti: update the older side",
    401: "it wants its token: give it with --token or SECOUSTI_TOKEN",
    403: "it does not take calls from here",
    404: "there are no calls at that address: leave the path away",
    503: "it is full or shutting down: call again later",
}


@dataclass(frozen=True)
class Audio:
    """Decoded sound of one reply, float32 ``[T]``; the first 640 samples are the codec's delay."""

    generation: int
    pcm: Pcm


CallEvent = native.ServerControl | Audio


@dataclass
class Traffic:
    """What went one way. ``wire_bytes`` counts websocket frames with their headers."""

    rate: Rate
    packets: int = 0
    token_bits: int = 0
    wire_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Duration of the sound that was carried."""
        return self.packets * self.rate.packet_samples / SAMPLE_RATE_HZ

    @property
    def bps(self) -> float:
        """Token bits per second of sound, voice side channel included."""
        return self.token_bits / self.seconds if self.packets else 0.0

    @property
    def wire_bps(self) -> float:
        """Websocket bits per second of sound, control messages included."""
        return 8 * self.wire_bytes / self.seconds if self.packets else 0.0

    def count(self, message: bytes | str, masked: bool) -> None:
        """Counts one message with its frame header (RFC 6455 section 5.2)."""
        payload = message.encode() if isinstance(message, str) else message
        length = 2 if len(payload) < 126 else 4 if len(payload) < 65_536 else 10
        self.wire_bytes += length + (4 if masked else 0) + len(payload)

    def tokens(self, packets: tuple[bytes, ...]) -> None:
        """Counts the packets of one message."""
        self.packets += len(packets)
        self.token_bits += 8 * sum(map(len, packets))


class Call:
    """An open call. Iterate over it for events; it ends when the server says bye.

    ``played`` may be replaced by a function that tells how many samples of the current reply have
    left the loudspeaker; the default assumes that sound is played as it comes.
    """

    def __init__(
        self,
        socket: ClientConnection,
        codec: Codec,
        welcome: native.Welcome,
        wire: native.ClientWire,
    ) -> None:
        self.session, self.lead_ms, self.rate = welcome.session, welcome.lead_ms, codec.rate
        self.up, self.down = Traffic(codec.rate), Traffic(codec.rate)
        self.log: CallLog | None = None
        self.generation = 0
        self._socket, self._wire = socket, wire
        self._encoder, self._decoder = codec.stream_encoder(1), codec.stream_decoder(1)
        self._rest = np.zeros(0, np.float32)
        self._playback = Playout(time.monotonic, lead_ms=0)
        self.played: Callable[[], int] = self._playback.heard_samples

    async def send(self, pcm: Pcm) -> None:
        """Encodes float32 ``[T]`` at 16 kHz and sends the packets it completes, at once."""
        sound = np.concatenate([self._rest, pcm.astype(np.float32, copy=False)])
        whole = len(sound) - len(sound) % self.rate.packet_samples
        self._rest = sound[whole:]
        frames = sound[:whole].reshape(-1, self.rate.packet_samples)
        if not len(frames):
            return
        packets = await asyncio.to_thread(self._encode, frames)
        for message in native.joined(packets):
            await self._send(message)
            self.up.tokens(message.packets)
            if self.log is not None:
                self.log.up(message.packets)

    async def close(self, reason: str = "") -> None:
        """Says bye and waits for the server to close."""
        if self._socket.close_code is None and self._wire.state is not native.State.CLOSED:
            await self._send(native.Bye(reason=reason))

    async def __aiter__(self) -> AsyncIterator[CallEvent]:
        """What the server says, in order, until either side has hung up.

        Raises:
            SecoustiError: the server ended the call with an error, or the line broke.
        """
        reporter = asyncio.create_task(self._report())
        try:
            while True:
                event = await self._receive()
                if isinstance(event, native.Failure):
                    raise SecoustiError(f"the server ended the call: {event.message}")
                yield await self._understood(event)
                if isinstance(event, native.Bye):
                    return
        except ConnectionClosedOK:
            return
        except ConnectionClosed as closed:
            raise SecoustiError(_broken(closed)) from None
        finally:
            reporter.cancel()

    def _encode(self, frames: Pcm) -> list[bytes]:
        return [self._encoder.step(torch.from_numpy(frame[None]), [0])[0] for frame in frames]

    def _decode(self, packets: tuple[bytes, ...]) -> Pcm:
        pieces = [self._decoder.step([packet], [0])[0].numpy() for packet in packets]
        return np.concatenate(pieces)

    async def _understood(self, event: native.ServerEvent) -> CallEvent:
        """Follows the downlink's state; packets become :class:`Audio`."""
        match event:
            case native.Packets(packets):
                return await self._heard(packets)
            case native.Begin():
                self.generation = event.generation
                self._decoder.reset(0, keep_voice=True)
                self._playback.begin()
                self._record(event)
            case native.End() | native.Flush():
                self._record(event)
        return event

    async def _heard(self, packets: tuple[bytes, ...]) -> Audio:
        self.down.tokens(packets)
        if self.log is not None:
            self.log.down(self.generation, packets)
        pcm = await asyncio.to_thread(self._decode, packets)
        self._playback.sent(len(pcm))
        return Audio(self.generation, pcm)

    def _record(self, event: native.Begin | native.End | native.Flush) -> None:
        if self.log is not None:
            self.log.event(event.type, gen=event.generation)

    async def _receive(self) -> native.ServerEvent:
        message = await self._socket.recv()
        self.down.count(message, masked=False)
        return self._wire.decode(message)

    async def _send(self, event: native.ClientEvent) -> None:
        message = native.encode(event)
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            return  # whoever iterates over the call learns why
        self.up.count(message, masked=True)

    async def _report(self) -> None:
        """Tells the server now and then how much of the current reply has been played."""
        told = (0, 0)
        while True:
            await asyncio.sleep(REPORT_S)
            now = (self.generation, self.played())
            if self.generation and now != told:
                await self._send(native.Played(generation=now[0], samples=now[1]))
                told = now


@asynccontextmanager
async def connect(
    url: str,
    codec: Codec,
    *,
    token: str | None = None,
    locale: str = "US",
    events: bool = True,
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncIterator[Call]:
    """An open call to ``url`` (``ws://host:port`` or ``wss://...``) at the codec's rate.

    Raises:
        SecoustiError: no server there, refused, or another protocol; the message says what to do.
    """
    socket = await _opened(url, token, ssl_context)
    try:
        wire = native.ClientWire()
        hello = native.Hello.model_validate(
            {"rate": codec.rate.name, "locale": locale, "events": events}
        )
        call = Call(socket, codec, await _welcomed(socket, wire, hello), wire)
        yield call
        await call.close()
    finally:
        await socket.close()


async def _opened(url: str, token: str | None, context: ssl.SSLContext | None) -> ClientConnection:
    address = url.rstrip("/") + ("" if url.rstrip("/").endswith("/call") else "/call")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return await open_socket(
            address,
            subprotocols=[Subprotocol(native.SUBPROTOCOL)],
            additional_headers=headers,
            compression=None,
            max_size=native.SERVER_TEXT_BYTES,
            open_timeout=OPEN_S,
            ssl=context,
        )
    except InvalidStatus as refusal:
        why = REFUSALS.get(refusal.response.status_code, f"HTTP {refusal.response.status_code}")
        raise SecoustiError(f"the server at {url} refused the call: {why}") from None
    except InvalidURI:
        raise SecoustiError(f"{url} is no address: give ws://host:port or wss://host") from None
    except (InvalidHandshake, InvalidMessage) as error:
        raise SecoustiError(f"what answers at {url} is no Secousti server: {error}") from None
    except ssl.SSLError as error:
        raise SecoustiError(f"{url} has no certificate to trust: {error.reason}") from None
    except (OSError, TimeoutError) as error:
        raise SecoustiError(
            f"no server answers at {url} ({error}): start one with 'secousti serve'"
        ) from None


async def _welcomed(
    socket: ClientConnection, wire: native.ClientWire, hello: native.Hello
) -> native.Welcome:
    try:
        await socket.send(native.encode(hello))
        async with asyncio.timeout(OPEN_S):
            event = wire.decode(await socket.recv())
    except ConnectionClosed as closed:
        raise SecoustiError(_broken(closed)) from None
    except TimeoutError:
        raise SecoustiError("the server took the call but said nothing: try again") from None
    if isinstance(event, native.Welcome):
        return event
    told = event.message if isinstance(event, native.Failure) else "it said no welcome"
    raise SecoustiError(f"the server did not take the call: {told}")


def _broken(closed: ConnectionClosed) -> str:
    """A closed socket as one sentence."""
    if closed.rcvd is None:
        return "the line to the server broke: call again"
    code = closed.rcvd.code
    known = MEANING[CloseCode(code)] if code in set(CloseCode) else "no meaning known"
    return f"the server closed the call with {code}: {closed.rcvd.reason or known}"
