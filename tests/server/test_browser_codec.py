"""The codec in a real Chromium gives the sound and the tokens that it gives in Python."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import secousti
from codec import load_codec
from codec.audio import read_audio
from codec.runtime.export import graph_files
from tests.server.browser import call, in_browser, needs_browser, said, speak, until
from tests.server.sockets import QUICK

pytestmark = needs_browser
CALLER = Path(secousti.__file__).parent / "data" / "caller" / "turn-3.ogg"
SECONDS = 2
PATIENT = dataclasses.replace(QUICK, idle_timeout_s=60)
TOLERANCE = 1e-4  # of full scale; docs/wires.md states it
SAME_PACKETS = 0.98  # another machine's arithmetic may tip a value that lies on an edge

RUN = """
    async ({ rate, pcm, streams }) => {
        const { fetchWhole, gunzip } = await import("/page/assets.js");
        const { Decoder, Encoder, useRuntime } = await import("/page/codec-steps.js");
        const page = await (await fetch("/page/facts.json")).json();
        const facts = await (await fetch(`/page/codec/${rate}/codec.json`)).json();
        const part = (side) => fetchWhole(`/page/codec/${rate}/${side.file}`, side);
        const runtime = await fetchWhole(`/page/${page.runtime.file}`, page.runtime);
        useRuntime(await gunzip(runtime));
        const encoder = await Encoder.load(facts, await part(facts.encoder));
        const decoder = await Decoder.load(facts, await part(facts.decoder));
        const packets = await encoder.push(Float32Array.from(pcm));
        const sounds = [];
        for (const stream of streams) {
            decoder.begin();
            const sound = [];
            for (const bytes of stream) sound.push(...(await decoder.push(Uint8Array.from(bytes))));
            sounds.push(sound);
        }
        return { packets: packets.map((bytes) => [...bytes]), sounds };
    }
"""


def python_side(rate):
    """The sound of the caller, its packets, and those decoded as two streams of one voice."""
    codec = load_codec(rate, backend="onnx-fp32")
    size = codec.rate.packet_samples
    pcm = read_audio(CALLER)[8000 : 8000 + SECONDS * 16_000 // size * size]
    encoder, decoder = codec.stream_encoder(), codec.stream_decoder()
    packets = [encoder.step(frame[None], [0])[0] for frame in pcm.split(size)]
    sounds = []
    for _ in range(2):
        decoder.reset(0, keep_voice=True)
        sounds.append(torch.cat([decoder.step([p], [0])[0] for p in packets]).numpy())
    return codec, pcm.numpy(), packets, sounds


@pytest.mark.parametrize("rate", ["high", "low"])
def test_the_page_decodes_as_python_does_and_finds_the_same_tokens(rate):
    codec, pcm, packets, expected = python_side(rate)

    async def work(server, page):
        given = {"rate": rate, "pcm": pcm.tolist(), "streams": [[list(p) for p in packets]] * 2}
        return await page.evaluate(RUN, given)

    got = in_browser(work, exports=lambda _: graph_files(codec.model, compact=True))
    assert np.abs(expected[0]).max() > 0.05
    assert np.abs(expected[0] - expected[1]).max() > TOLERANCE  # the second knows the voice
    for ours, theirs in zip(got["sounds"], expected, strict=True):
        assert np.abs(np.array(ours) - theirs).max() < TOLERANCE
    same = [bytes(a) == b for a, b in zip(got["packets"], packets, strict=True)]
    assert np.mean(same) >= SAME_PACKETS


def test_a_call_in_tokens_is_coded_and_decoded_in_the_page():
    codec = load_codec("high")

    async def work(server, page):
        await page.click("summary")
        await page.check("input[name=codec][value=page]")
        await call(page)
        assert "coded and decoded in this page" in await page.inner_text("#way")
        await until(page, said("agent", "Hello."))
        await speak(page, said("agent", "You said I feel tired."))
        assert await page.evaluate(
            "parseFloat(document.querySelector('#caller-bits').innerText) < 9"
        )

    in_browser(
        work,
        PATIENT,
        codecs={"high": codec},
        exports=lambda _: graph_files(codec.model, compact=True),
    )
