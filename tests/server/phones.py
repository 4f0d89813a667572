"""Far ends of phone wires on virtual time: they play what they are sent, and know when."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from uuid import UUID

import numpy as np

from server.wires.asterisk import FORMATS
from server.wires.audiosocket import HANGUP, HEADER, IDENTITY, KEY, RATES_HZ, frame
from server.wires.closing import CallEnded, CloseCode
from server.wires.sound import PcmFormat
from tests.server.virtual import now

LOUD, SILENT, HEARD = 0.4, 0.0, 0.1
CALL_UUID = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")


class Phone:
    """What all phones share: a microphone in real time, and a queue that plays out in real time.

    ``played`` has (when, seconds, level) of every piece that left the loudspeaker.
    """

    def __init__(self, form: PcmFormat, frame_ms: int = 20) -> None:
        self.form, self.frame_ms = form, frame_ms
        self.got: list[tuple[float, Any]] = []
        self.played: list[tuple[float, float, float]] = []
        self._up: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self._playing: list[asyncio.TimerHandle] = []
        self._busy_until = 0.0

    # The server's side.

    async def receive(self) -> bytes | str:
        message = await self._up.get()
        if message is None:
            raise CallEnded(CloseCode.NORMAL, "the caller hung up")
        return message

    async def send(self, message: bytes | str) -> None:
        self.got.append((now(), message))
        self.take(message)

    # What a kind of phone must say.

    def take(self, message: bytes | str) -> None:
        """What the phone does with a message of the server."""
        raise NotImplementedError

    def media(self, payload: bytes) -> bytes | str:
        """The message that carries a piece of the caller's sound."""
        raise NotImplementedError

    # The loudspeaker.

    def queue(self, payload: bytes) -> None:
        """Plays after what is queued already."""
        start = max(now(), self._busy_until)
        seconds = self.form.seconds(payload)
        level = float(np.abs(self.form.decode(payload)).mean())
        self.later(start + seconds, self.played.append, (start, seconds, level))
        self._busy_until = start + seconds

    def later(self, at: float, what: Any, *args: Any) -> None:
        """Something that happens when the queue has come to ``at``, unless it is emptied."""
        self._playing.append(asyncio.get_running_loop().call_at(at, what, *args))

    def mark(self, what: Any, *args: Any) -> None:
        """Something that happens when all that is queued now has been played."""
        self.later(max(now(), self._busy_until), what, *args)

    def empty(self) -> None:
        """Drops what is queued."""
        for timer in self._playing:
            timer.cancel()
        self._playing.clear()
        self._busy_until = now()

    def heard_s(self, since: float = 0.0) -> float:
        """Seconds of the agent's voice that the caller has heard."""
        return sum(s for at, s, level in self.played if level > HEARD and at >= since)

    # The caller.

    def say(self, message: bytes | str) -> None:
        self._up.put_nowait(message)

    def hang_up(self) -> None:
        self.empty()
        self._up.put_nowait(None)

    async def speak(self, level: float, seconds: float) -> None:
        for _ in range(round(seconds * 1000 / self.frame_ms)):
            await asyncio.sleep(self.frame_ms / 1000)
            count = self.form.rate_hz * self.frame_ms // 1000
            self.say(self.media(self.form.encode(np.full(count, level, np.float32))))

    async def turn(self) -> None:
        await self.speak(LOUD, 0.6)
        await self.speak(SILENT, 0.4)

    async def listen(self, seconds: float) -> float:
        """Keeps silent, and tells how long the agent was heard meanwhile."""
        begun = now()
        await self.speak(SILENT, seconds)
        return self.heard_s(begun)


class TwilioPhone(Phone):
    """Twilio's side of one stream. ``echoes``: marks that are cleared come back, as Twilio does."""

    def __init__(self, parameters: dict[str, str] | None = None, echoes: bool = True) -> None:
        super().__init__(PcmFormat("mulaw", 8_000))
        self._echoes, self._sequence = echoes, 1
        self.marks: list[str] = []
        self.say(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        self.say(
            self.message(
                "start",
                {
                    "accountSid": "AC1",
                    "streamSid": "MZ1",
                    "callSid": "CA1",
                    "tracks": ["inbound"],
                    "customParameters": parameters or {},
                    "mediaFormat": {
                        "encoding": "audio/x-mulaw",
                        "sampleRate": 8000,
                        "channels": 1,
                    },
                },
            )
        )

    def message(self, event: str, fields: dict[str, Any]) -> str:
        self._sequence += 1
        head = {"event": event, "sequenceNumber": str(self._sequence), "streamSid": "MZ1"}
        return json.dumps({**head, event: fields})

    def media(self, payload: bytes) -> str:
        text = base64.b64encode(payload).decode()
        return self.message(
            "media", {"track": "inbound", "chunk": "1", "timestamp": "0", "payload": text}
        )

    def press(self, digit: str) -> None:
        self.say(self.message("dtmf", {"track": "inbound_track", "digit": digit}))

    def take(self, message: bytes | str) -> None:
        fields = json.loads(message)
        assert fields.pop("streamSid") == "MZ1"
        match fields:
            case {"event": "media", "media": {"payload": payload}}:
                data = base64.b64decode(payload)
                assert len(data) % 160 == 0
                self.queue(data)
            case {"event": "mark", "mark": {"name": name}}:
                self.marks.append(name)
                self.mark(self._passed, name)
            case {"event": "clear"}:
                self.empty()
                for name in list(self.marks) if self._echoes else []:
                    self._passed(name)
            case _:
                raise AssertionError(f"Twilio does not know {fields}")

    def _passed(self, name: str) -> None:
        self.marks.remove(name)
        self.say(self.message("mark", {"name": name}))

    def cleared(self) -> list[float]:
        return [at for at, message in self.got if json.loads(message)["event"] == "clear"]


class AsteriskPhone(Phone):
    """Asterisk's AudioSocket: plays each frame as it comes, and takes nothing back."""

    def __init__(self, kind: int = 0x10, uuid: UUID = CALL_UUID) -> None:
        super().__init__(PcmFormat("pcm16", RATES_HZ[kind]))
        self.kind = kind
        self.hung_up = False
        self.say(frame(IDENTITY, uuid.bytes))

    def media(self, payload: bytes) -> bytes:
        return frame(self.kind, payload)

    def press(self, digit: str) -> None:
        self.say(frame(KEY, digit.encode()))

    def take(self, message: bytes | str) -> None:
        assert isinstance(message, bytes)
        kind, length = HEADER.unpack_from(message)
        assert len(message) == HEADER.size + length
        assert not self.hung_up
        if kind == HANGUP:
            self.hung_up = True
            return
        # anything else than whole audio frames ends the call (res_audiosocket.c)
        assert kind == self.kind
        assert length == self.form.bytes_of(20) > 0
        self.queue(message[HEADER.size :])


class ChannelPhone(Phone):
    """Asterisk's chan_websocket: a queue of 1,000 frames with its warnings and marks."""

    def __init__(self, name: str = "slin16", room: tuple[int, int, int] = (1000, 900, 800)) -> None:
        super().__init__(FORMATS[name])
        self.hung_up = False
        self.flushed: list[float] = []
        self.told: list[str] = []
        self._most_s, self._full_s, self._room_s = (0.02 * frames for frames in room)
        self._full = False
        self.say(
            json.dumps(
                {
                    "event": "MEDIA_START",
                    "connection_id": "secousti",
                    "channel": "WebSocket/secousti/0x1",
                    "channel_id": "1700000000.7",
                    "format": name,
                    "optimal_frame_size": self.form.bytes_of(20),
                    "ptime": 20,
                    "channel_variables": {},
                }
            )
        )

    def media(self, payload: bytes) -> bytes:
        return payload

    def press(self, digit: str) -> None:
        self.tell("DTMF_END", digit=digit)

    def tell(self, event: str, **fields: str) -> None:
        self.told.append(event)
        self.say(json.dumps({"event": event, "channel_id": "1700000000.7", **fields}))

    def take(self, message: bytes | str) -> None:
        assert not self.hung_up
        if isinstance(message, bytes):
            assert len(message) == self.form.bytes_of(20)
            self._queue_or_drop(message)
            return
        assert len(message) <= 128
        match json.loads(message):
            case {"command": "MARK_MEDIA", "correlation_id": name}:
                self.mark(lambda: self.tell("MEDIA_MARK_PROCESSED", correlation_id=name))
            case {"command": "FLUSH_MEDIA"}:
                self.empty()  # the marks in it are lost
                self.flushed.append(now())
                self._room_again()
            case {"command": "HANGUP"}:
                self.hung_up = True
            case fields:
                raise AssertionError(f"Asterisk does not know {fields}")

    def _queue_or_drop(self, payload: bytes) -> None:
        assert self._busy_until - now() < self._most_s, "a frame came that must be dropped"
        self.queue(payload)
        if self._busy_until - now() >= self._full_s and not self._full:
            self._full = True
            self.tell("MEDIA_XOFF")
            self.later(self._busy_until - self._room_s, self._room_again)

    def _room_again(self) -> None:
        if self._full:
            self._full = False
            self.tell("MEDIA_XON")
