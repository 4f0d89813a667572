"""``secousti mic``: a person and the agent, through a sound card or a recording in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import torch

from codec.audio import write_wav
from secousti.caller import Caller
from secousti.client import Audio, Broken, Call, CallEvent, Mended, Pcm, connect
from secousti.demo import answering, show_answer, show_event
from secousti.files import replacing
from secousti.meter import Meter
from secousti.recording import read_turn
from secousti.settings import Settings
from secousti.show import Show
from secousti.soundcard import SoundCard
from server.wires.native import Begin, Caption, End, Flush, More, TurnInfo


async def talk(
    settings: Settings, url: str | None, file: Path | None, save: Path | None, show: Show
) -> None:
    """One call until the agent or Ctrl-C ends it, or until the recording was answered.

    Raises :class:`~codec.errors.SecoustiError` where there is no sound card, no server, or
    ``file`` cannot be a turn; what the agent said until then is in ``save``.
    """
    said: list[Pcm] = []
    try:
        if file is not None:
            await with_recording(settings, url, read_turn(file).wav, said, show)
        else:
            await with_sound_card(settings, url, said, show)
    finally:
        if save is not None:
            keep(save, said)


@asynccontextmanager
async def open_call(settings: Settings, url: str | None, show: Show) -> AsyncIterator[Call]:
    async with answering(settings, url, show) as place:
        show.title(settings.rate, place.url, "end the call with Ctrl-C")
        async with connect(
            place.url, place.codec, token=place.token, locale=settings.locale
        ) as call:
            yield call


async def with_recording(
    settings: Settings, url: str | None, wav: Pcm, said: list[Pcm], show: Show
) -> None:
    """``wav``, float32 [T], in the place of a microphone; ends when it was answered."""

    def follow(event: CallEvent) -> None:
        show_event(show, event)
        if isinstance(event, Audio):
            said.append(event.pcm)

    async with open_call(settings, url, show) as call:
        await Caller(call, follow).converse([wav], answered=partial(show_answer, show, call))


async def with_sound_card(settings: Settings, url: str | None, said: list[Pcm], show: Show) -> None:
    """The sound card is opened first: without one no model needs to be loaded."""
    async with SoundCard() as card, open_call(settings, url, show) as call:
        await converse(call, card, said, show)


async def converse(call: Call, card: SoundCard, said: list[Pcm], show: Show) -> None:
    """Both directions until the call ends; the meter shows the microphone meanwhile."""
    call.played, call.concealed = card.loudspeaker.played, card.loudspeaker.concealed
    with show.meter() as meter:
        ear = Ear(card, said, show)
        speaking = asyncio.create_task(speak(call, card, meter, ear))
        try:
            async for event in call:
                ear.take(event)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)


async def speak(call: Call, card: SoundCard, meter: Meter, ear: Ear) -> None:
    while True:
        block = await card.heard.get()
        meter.show(block, card.loudspeaker.busy, ear.caption)
        await call.send(block)


class Ear:
    """What is done with everything the server says."""

    def __init__(self, card: SoundCard, said: list[Pcm], show: Show) -> None:
        self._loudspeaker, self._said, self._show = card.loudspeaker, said, show
        self.caption = ""

    def take(self, event: CallEvent) -> None:
        match event:
            case Begin():
                self._loudspeaker.begin()
            case Audio(pcm=pcm):
                self._said.append(pcm)
                self._loudspeaker.play(pcm)
            case Flush():
                self._loudspeaker.flush()
            case End():
                self._loudspeaker.end()
            case Broken():
                show_event(self._show, event)
            case Mended():
                self._loudspeaker.flush()
                show_event(self._show, event)
            case Caption(text=text):
                self.caption = text
            case TurnInfo() | More():
                self.caption = ""
                show_event(self._show, event)


def keep(path: Path, said: list[Pcm]) -> None:
    """The agent's side of the call as one wav."""
    with replacing(path) as draft:
        write_wav(draft, torch.from_numpy(np.concatenate([np.zeros(0, np.float32), *said])))
