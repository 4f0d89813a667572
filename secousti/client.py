"""The caller's side of the native wire: sound in, tokens over a websocket, sound and events out.

:func:`connect` opens a call; :meth:`Call.send` takes sound of any chunking and sends whole packets;
iterating over the call gives what the server says, with audio already decoded. Whoever calls keeps
real time: the server expects sound, or silence, as fast as it is spoken.

A connection that breaks is mended by itself while somebody iterates: the call says :class:`Broken`,
comes back with its secret, sends what has not come, and says :class:`Mended`.
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
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from codec import Codec, SecoustiError
from codec.stream import StreamDecoder
from secousti.dialling import Address, CallOver, answered, broken, opened
from secousti.traffic import Traffic
from secousti.unsent import Unsent
from server.calllog import CallLog
from server.playout import Playout
from server.wires import native
from server.wires.closing import CloseCode

Pcm = NDArray[np.float32]  # [T] mono at 16 kHz

REPORT_S = 0.5  # between reports the server reckons on; each costs as much as 0.4 s of speech
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 5.0  # between attempts to come back; each waits twice as long
# Closes after which a call goes on: a proxy or server that went, a ping not answered, silence.
MENDABLE = {CloseCode.GOING_AWAY, CloseCode.FAULT, 1012, CloseCode.IDLE}


@dataclass(frozen=True)
class Audio:
    """Decoded sound of one reply, float32 ``[T]``; the first 640 samples are the codec's delay."""

    generation: int
    pcm: Pcm


@dataclass(frozen=True)
class Broken:
    """The connection is gone; the call tries to come back."""


@dataclass(frozen=True)
class Mended:
    """The call goes on. Whatever is queued for the loudspeaker is to be dropped: what was not
    heard is said again."""


CallEvent = native.ServerControl | Audio | Broken | Mended


class Call:
    """An open call. Iterate over it for events; it ends when the server says bye.

    ``played`` may be replaced by a function that tells how many samples of the current reply have
    left the loudspeaker, the default assumes that sound is played as it comes; ``concealed`` by one
    that tells how many more it had to make up.
    """

    def __init__(
        self,
        where: Address,
        socket: ClientConnection,
        codec: Codec,
        welcome: native.Welcome,
        wire: native.ClientWire,
    ) -> None:
        self.welcome = welcome
        self.session, self.lead_ms = welcome.session, welcome.lead_ms
        self.up, self.down = Traffic(codec.rate), Traffic(codec.rate)
        self.log: CallLog | None = None
        self.generation = 0
        self._where, self._socket, self._wire = where, socket, wire
        self._decoders: dict[str, StreamDecoder] = {}
        self._use(codec)
        self._decoder = self._decoders[codec.rate.name]
        self._rest = np.zeros(0, np.float32)
        self._unsent = Unsent()
        self._speaking = asyncio.Lock()  # the stream is one: encoded, sent and sent again in order
        self._there = True
        self._turns = 0
        self._playback = Playout(time.monotonic, lead_ms=0)
        self.played: Callable[[], int] = self._playback.heard_samples
        self.concealed: Callable[[], int] = lambda: 0

    async def send(self, pcm: Pcm) -> None:
        """Encodes float32 ``[T]`` at 16 kHz and sends the packets it completes, at once."""
        async with self._speaking:
            sound = np.concatenate([self._rest, pcm.astype(np.float32, copy=False)])
            whole = len(sound) - len(sound) % self.rate.packet_samples
            self._rest = sound[whole:]
            frames = sound[:whole].reshape(-1, self.rate.packet_samples)
            if not len(frames):
                return
            packets = await asyncio.to_thread(self._encode, frames)
            for message in native.joined(packets):
                await self._send_stream(message, len(message.packets) * self.rate.packet_samples)
                self.up.tokens(message.packets)
                if self.log is not None:
                    self.log.up(message.packets)

    async def switch(self, codec: Codec) -> None:
        """Speaks at another rate from here on, and hears it from the next reply on.

        Raises:
            SecoustiError: the server has no codec of that rate.
        """
        if codec.rate.name not in self.welcome.rates:
            known = ", ".join(self.welcome.rates)
            raise SecoustiError(f"the server has no {codec.rate.name} rate: choose one of {known}")
        async with self._speaking:
            self._use(codec)
            await self._begin_stream()

    async def close(self, reason: str = "") -> None:
        """Says bye and waits for the server to close."""
        if self._socket.close_code is None and self._wire.state is not native.State.CLOSED:
            await self._send(native.Bye(reason=reason))

    async def hang_up(self) -> None:
        """Closes the connection."""
        await self._socket.close()

    async def __aiter__(self) -> AsyncIterator[CallEvent]:
        """What the server says, in order, until either side has hung up.

        Raises:
            SecoustiError: the server ended the call with an error, or the line broke for good.
        """
        reporter = asyncio.create_task(self._report())
        try:
            while True:
                try:
                    event = await self._receive()
                except ConnectionClosed as closed:
                    if not self._may_return(closed):
                        raise
                    self._there = False
                    yield Broken()
                    await self._come_back()
                    yield Mended()
                    continue
                if isinstance(event, native.Failure):
                    raise SecoustiError(f"the server ended the call: {event.message}")
                yield await self._understood(event)
                if isinstance(event, native.Bye):
                    return
        except ConnectionClosedOK:
            return
        except ConnectionClosed as closed:
            raise SecoustiError(broken(closed)) from None
        finally:
            reporter.cancel()

    # The line breaks.

    def _may_return(self, closed: ConnectionClosed) -> bool:
        mendable = closed.rcvd is None or closed.rcvd.code in MENDABLE
        return bool(self.welcome.resume) and mendable and self._wire.state is native.State.TALKING

    async def _come_back(self) -> None:
        """Tries again and again, until the server has given the call up."""
        self._note("dropped")
        last, wait = time.monotonic() + self.welcome.resume_s, 0.0
        while True:
            await asyncio.sleep(wait)
            wait = min(LONGEST_WAIT_S, max(FIRST_WAIT_S, 2 * wait))
            try:
                received = await self._resumed()
                break
            except CallOver:
                raise
            except SecoustiError as error:
                if time.monotonic() + wait > last:
                    raise SecoustiError(f"the line broke, and stays so: {error}") from None
        await self._catch_up(received)
        self._note("resumed")

    async def _resumed(self) -> int:
        """Resumes over a new connection; how many messages of our stream the server has."""
        socket = await opened(self._where)
        try:
            self._wire.broke()
            word = native.Resume(
                session=self.session,
                token=self.welcome.resume,
                generation=self.generation,
                played=self.played() if self.generation else 0,
                turns=self._turns,
            )
            answer = await answered(socket, self._wire, word)
        except BaseException:
            await socket.close()
            raise
        assert isinstance(answer, native.Resumed), "the wire lets nothing else through"
        self._socket = socket
        return answer.received

    async def _catch_up(self, received: int) -> None:
        """Sends what has not come; where that is too much, the stream begins anew."""
        async with self._speaking:
            self._there = True
            missing = self._unsent.after(received)
            if missing is None:
                self._unsent.restart(received)
                await self._begin_stream()
            for message in missing or ():
                await self._put(message)

    # Up.

    def _use(self, codec: Codec) -> None:
        self.rate = codec.rate
        self._encoder = codec.stream_encoder(1)
        self._decoders.setdefault(codec.rate.name, codec.stream_decoder(1))

    async def _begin_stream(self) -> None:
        self._encoder.reset(0, keep_voice=True)
        self.up.rate = self.rate
        switch = native.Switch.model_validate({"rate": self.rate.name})
        await self._send_stream(switch, 0)
        self._note("rate", rate=self.rate.name)

    async def _send_stream(self, event: native.ClientEvent, samples: int) -> None:
        message = native.encode(event)
        self._unsent.add(message, samples)
        await self._put(message)

    async def _send(self, event: native.ClientEvent) -> None:
        await self._put(native.encode(event))

    async def _put(self, message: bytes | str) -> None:
        if not self._there:
            return
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            return  # whoever iterates over the call learns why
        self.up.count(message, masked=True)

    def _encode(self, frames: Pcm) -> list[bytes]:
        return [self._encoder.step(torch.from_numpy(frame[None]), [0])[0] for frame in frames]

    async def _report(self) -> None:
        """Tells the server now and then how much of the current reply has been played."""
        told = (0, 0, 0)
        while True:
            await asyncio.sleep(REPORT_S)
            now = (self.generation, self.played(), self.concealed())
            if self.generation and now != told:
                await self._send(native.Played(generation=now[0], samples=now[1], concealed=now[2]))
                told = now

    # Down.

    async def _receive(self) -> native.ServerEvent:
        message = await self._socket.recv()
        self.down.count(message, masked=False)
        return self._wire.decode(message)

    async def _understood(self, event: native.ServerEvent) -> CallEvent:
        """Follows the downlink's state; packets become :class:`Audio`."""
        match event:
            case native.Packets(packets):
                return await self._heard(packets)
            case native.Begin():
                self._begin_reply(event)
            case native.End() | native.Flush():
                self._note(event.type, gen=event.generation)
            case native.TurnInfo() | native.More():
                self._turns += 1
        return event

    def _begin_reply(self, begin: native.Begin) -> None:
        rate, before = begin.rate or self.down.rate.name, self._decoder
        if rate not in self._decoders:
            raise SecoustiError(f"the server speaks at rate {rate}, which nobody asked for")
        self._decoder = self._decoders[rate]
        self._decoder.reset(0, keep_voice=self._decoder is before)
        self.down.rate = self._decoder.rate
        self.generation = begin.generation
        self._playback.begin()
        self._note("begin", gen=begin.generation, rate=rate)

    async def _heard(self, packets: tuple[bytes, ...]) -> Audio:
        self.down.tokens(packets)
        if self.log is not None:
            self.log.down(self.generation, packets)
        pcm = await asyncio.to_thread(self._decode, packets)
        self._playback.sent(len(pcm))
        return Audio(self.generation, pcm)

    def _decode(self, packets: tuple[bytes, ...]) -> Pcm:
        pieces = [self._decoder.step([packet], [0])[0].numpy() for packet in packets]
        return np.concatenate(pieces)

    def _note(self, event: str, **fields: int | str) -> None:
        if self.log is not None:
            self.log.event(event, **fields)


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
    where = Address(url, token, ssl_context)
    socket = await opened(where)
    try:
        wire = native.ClientWire()
        hello = native.Hello.model_validate(
            {"rate": codec.rate.name, "locale": locale, "events": events}
        )
        welcome = await answered(socket, wire, hello)
        assert isinstance(welcome, native.Welcome), "the wire lets nothing else through"
        call = Call(where, socket, codec, welcome, wire)
    except BaseException:
        await socket.close()
        raise
    try:
        yield call
        await call.close()
    finally:
        await call.hang_up()
