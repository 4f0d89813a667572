"""Streaming: chunking, neighbours and reuse of a slot change nothing."""

from __future__ import annotations

import pytest
import torch

from codec.codec import Codec, packets_of
from codec.errors import SecoustiError
from codec.model import seeded_model
from codec.rates import DELAY_SAMPLES, RATES, Rate

EXACT = [(rate, backend) for rate in sorted(RATES) for backend in ("torch", "onnx-fp32")]
ALL = EXACT + [(rate, "onnx") for rate in sorted(RATES)]


@pytest.fixture(scope="module", params=ALL, ids="-".join)
def codec(request: pytest.FixtureRequest) -> Codec:
    rate, backend = request.param
    return Codec(seeded_model(RATES[rate]), backend)


@pytest.fixture(scope="module", params=EXACT, ids="-".join)
def exact(request: pytest.FixtureRequest) -> Codec:
    """A codec whose arithmetic is that of the training graph."""
    rate, backend = request.param
    return Codec(seeded_model(RATES[rate]), backend)


def noise(rate: Rate, packets: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(1, packets * rate.packet_samples, generator=draw)


def stream(codec: Codec, wav: torch.Tensor, slot: int = 0, slots: int = 1) -> list[bytes]:
    encoder = codec.stream_encoder(slots)
    pieces = torch.split(wav, codec.rate.packet_samples, 1)
    return [encoder.step(piece, [slot])[0] for piece in pieces]


def test_a_streamed_call_has_the_bytes_of_the_whole_signal(codec: Codec) -> None:
    wav = noise(codec.rate, 20)
    assert stream(codec, wav) == packets_of(codec.encode(wav))[:20]


def test_the_training_graph_over_the_whole_signal_agrees_with_the_steps(exact: Codec) -> None:
    wav = noise(exact.rate, 12)
    tokens = exact.encode(wav)
    with torch.inference_mode():
        codes, _ = exact.model.encode_step(wav, None)
    count = codes.shape[1]
    agreement = (codes == tokens.codes[:, :count]).float().mean().item()
    assert agreement > 0.99  # a value on the edge of a quantiser cell may fall either way


def test_decoding_in_one_pass_equals_the_steps(exact: Codec) -> None:
    wav = noise(exact.rate, 12)
    packets = packets_of(exact.encode(wav))[:2]  # before any voice codeword
    decoder = exact.stream_decoder(1)
    stepped = torch.cat([decoder.step([p], [0]) for p in packets], dim=1)
    codes = exact.encode(wav).codes[:, : 2 * exact.rate.tokens_per_packet]
    with torch.inference_mode():
        whole = exact.model.decode_step(codes, torch.tensor([-1]), None)
    torch.testing.assert_close(stepped, whole, atol=1e-5, rtol=1e-4)


def test_a_slot_does_not_hear_its_neighbours(codec: Codec) -> None:
    rate = codec.rate
    ours, theirs = noise(rate, 10, 1), noise(rate, 10, 2)
    encoder, decoder = codec.stream_encoder(4), codec.stream_decoder(4)
    packets, sound = [], []
    for k in range(10):
        part = slice(k * rate.packet_samples, (k + 1) * rate.packet_samples)
        slots = [3, 1] if k % 3 else [3]  # the neighbour comes and goes
        step = encoder.step(torch.cat([ours[:, part], theirs[:, part]])[: len(slots)], slots)
        packets.append(step[0])
        sound.append(decoder.step(step, slots)[:1])
    assert packets == stream(codec, ours)
    alone = codec.stream_decoder(1)
    expected = torch.cat([alone.step([packet], [0]) for packet in packets], dim=1)
    torch.testing.assert_close(torch.cat(sound, dim=1), expected, atol=1e-5, rtol=1e-4)


def test_reset_equals_fresh(codec: Codec) -> None:
    rate = codec.rate
    encoder, decoder = codec.stream_encoder(2), codec.stream_decoder(2)
    for piece in torch.split(noise(rate, 12, 5), rate.packet_samples, 1):
        decoder.step(encoder.step(piece, [1]), [1])
    encoder.reset(1)
    decoder.reset(1)
    wav = noise(rate, 12, 6)
    pieces = torch.split(wav, rate.packet_samples, 1)
    packets = [encoder.step(piece, [1])[0] for piece in pieces]
    assert packets == stream(codec, wav)
    fresh = codec.stream_decoder(1)
    for packet in packets:
        assert torch.equal(decoder.step([packet], [1]), fresh.step([packet], [0]))


def test_a_kept_voice_speaks_from_the_first_packet(codec: Codec) -> None:
    rate = codec.rate
    packets = packets_of(codec.encode(noise(rate, 12, 7)))
    kept, forgotten = codec.stream_decoder(1), codec.stream_decoder(1)
    for decoder, keep in ((kept, True), (forgotten, False)):
        for packet in packets[:12]:
            decoder.step([packet], [0])
        decoder.reset(0, keep_voice=keep)
    assert kept.voice[0] >= 0
    assert forgotten.voice[0] == -1
    assert kept.index == forgotten.index == [0]


def test_a_packet_out_of_step_is_refused_before_anything_changes(codec: Codec) -> None:
    decoder = codec.stream_decoder(1)
    with pytest.raises(SecoustiError, match="out of step"):
        decoder.step([b"1234"], [0])
    assert decoder.index == [0]


def test_the_delay_is_what_it_is_said_to_be(codec: Codec) -> None:
    """Output before the delay depends on nothing: the first packet's first samples are past."""
    assert DELAY_SAMPLES == 640
    wav = noise(codec.rate, 4)
    assert codec.decode(codec.encode(wav)).shape == wav.shape


@pytest.mark.parametrize("samples", [1, 639, 640, 641, 2560, 16001])
def test_any_length_comes_back_as_long(codec: Codec, samples: int) -> None:
    wav = 0.1 * torch.sin(torch.arange(samples) / 10)
    assert codec.decode(codec.encode(wav)).shape == (1, samples)
