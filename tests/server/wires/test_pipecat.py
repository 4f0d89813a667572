"""Our vendor wires and pipecat's serialisers, which others wrote, say and understand the same."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from server.wires import native
from server.wires.events import Digit
from tests.server.wires.test_twilio import media, started
from tests.server.wires.test_vendors import EXOTEL, PLIVO, TELNYX, VONAGE

sys.path.append(str(Path(sys.prefix) / "pipecat"))  # where 'make test' puts it
frames = pytest.importorskip("pipecat.frames.frames", reason="no pipecat: run 'make test'")


def serializer(name, **options):
    module = pytest.importorskip(f"pipecat.serializers.{name}")
    kind = getattr(module, f"{name.title()}FrameSerializer")
    hang_up = {"auto_hang_up": False} if "auto_hang_up" in kind.InputParams.model_fields else {}
    return kind(**options, params=kind.InputParams(**hang_up))


PEERS = {
    "twilio": ({"stream_sid": "MZ1"}, None),
    "telnyx": (
        {"stream_id": "S1", "outbound_encoding": "PCMA", "inbound_encoding": "PCMA"},
        TELNYX,
    ),
    "plivo": ({"stream_id": "S1"}, PLIVO),
    "vonage": ({}, VONAGE),
    "exotel": ({"stream_sid": "S1"}, EXOTEL),
}


def wire_of(vendor):
    if vendor is None:
        return started()
    wire = vendor.wire()
    wire.decode(json.dumps(vendor.start("")))
    return wire


def opened(message):
    """A message without its sound, and its sound."""
    if isinstance(message, bytes):
        return None, message
    fields = json.loads(message)
    return fields, base64.b64decode(fields["media"].pop("payload"))


@pytest.mark.parametrize(("name", "peer"), PEERS.items(), ids=PEERS.keys())
def test_both_say_and_understand_the_same(name, peer):
    options, vendor = peer
    theirs, ours = serializer(name, **options), wire_of(vendor)
    form = ours.sound.down
    tone = 0.25 * np.sin(0.1 * np.arange(form.rate_hz // 10))
    payload = form.encode(tone.astype(np.float32))
    linear = np.rint(form.decode(payload) * 32_768).astype("<i2")

    async def compare():
        rate = form.rate_hz
        await theirs.setup(SimpleNamespace(audio_in_sample_rate=rate, audio_out_sample_rate=rate))
        # what goes to the vendor
        sound = frames.OutputAudioRawFrame(linear.tobytes(), rate, 1)
        head, said = opened(await theirs.serialize(sound))
        own_head, own_said = opened(ours.encode(native.Packets((payload,)))[0])
        assert own_head == head
        assert np.abs(form.decode(own_said) - form.decode(said)).max() < 0.01
        [clear] = ours.encode(native.Flush(generation=1))
        assert json.loads(clear) == json.loads(await theirs.serialize(frames.InterruptionFrame()))
        # what the vendor says
        message = vendor.media(payload) if vendor else media(base64.b64encode(payload).decode())
        message = json.dumps(message) if isinstance(message, dict) else message
        heard = await theirs.deserialize(message)
        [event] = ours.decode(message)
        assert np.array_equal(np.frombuffer(heard.audio, "<i2"), linear)
        assert event.packets == (payload,)
        key = vendor.key("5") if vendor else {"event": "dtmf", "dtmf": {"digit": "5"}}
        pressed = await theirs.deserialize(json.dumps(key))
        assert ours.decode(json.dumps(key)) == (Digit(pressed.button.value),)

    asyncio.run(compare())
