"""Lost packets: the stream stays in step, sounds go on, fade, and come back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from codec.codec import Codec, packets_of
from codec.conceal import Fade, LossyDecoder, most_likely, repeat_last
from codec.entropy.prior import Prior
from codec.entropy.shares import digits_of
from codec.errors import SecoustiError
from codec.model import seeded_model
from codec.packets import Packet, pack, unpack
from codec.rates import DELAY_SAMPLES, HIGH, LOW, RATES, Rate
from tests.codec.entropy.conftest import random_prior

PRIORS = {name: random_prior(rate) for name, rate in RATES.items()}
DRAW = np.random.default_rng(5)


class Recorder:
    """A decoder that answers with ones and remembers what it was given."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.given: dict[int, list[bytes]] = {}

    def step(self, packets: Sequence[bytes], slots: Sequence[int]) -> torch.Tensor:
        for packet, slot in zip(packets, slots, strict=True):
            unpack(self.rate, len(self.given.get(slot, [])), packet)  # as the real one: in step
            self.given.setdefault(slot, []).append(packet)
        return torch.ones(len(slots), self.rate.packet_samples)

    def reset(self, slot: int, keep_voice: bool = False) -> None:
        self.given[slot] = []


def some_packets(rate: Rate, count: int) -> list[bytes]:
    return [
        pack(
            rate,
            k,
            Packet(
                tuple(DRAW.integers(0, 2**rate.token_bits, rate.tokens_per_packet).tolist()),
                int(DRAW.integers(2**16)) if rate.carries_voice(k) else None,
            ),
        )
        for k in range(count)
    ]


def pair(rate: Rate) -> tuple[LossyDecoder, Recorder]:
    recorder = Recorder(rate)
    return LossyDecoder(recorder, PRIORS[rate.name]), recorder


@pytest.fixture(params=sorted(RATES))
def rate(request: pytest.FixtureRequest) -> Rate:
    return RATES[request.param]


def test_without_losses_nothing_is_changed(rate: Rate) -> None:
    codec = Codec(seeded_model(rate))
    tokens = codec.encode(0.1 * torch.randn(1, 8000, generator=torch.Generator().manual_seed(0)))
    plain, lossy = codec.stream_decoder(1), LossyDecoder(codec.stream_decoder(1), PRIORS[rate.name])
    for packet in packets_of(tokens):
        assert torch.equal(lossy.step([packet], [0]), plain.step([packet], [0]))


def test_every_packet_may_be_lost_and_the_stream_stays_in_step(rate: Rate) -> None:
    packets = some_packets(rate, 80)
    for lost in range(0, 80, 7):
        decoder, recorder = pair(rate)
        for place, packet in enumerate(packets):
            decoder.step([None if place == lost else packet], [0])
        assert recorder.given[0][:lost] == packets[:lost]
        assert recorder.given[0][lost + 1 :] == packets[lost + 1 :]


def test_a_lost_voice_codeword_leaves_the_one_before(rate: Rate) -> None:
    carrying = [k for k in range(200) if rate.carries_voice(k)]
    packets = some_packets(rate, carrying[1] + 1)
    decoder, recorder = pair(rate)
    for packet in packets[:-1]:
        decoder.step([packet], [0])
    decoder.conceal([0])
    before = unpack(rate, carrying[0], packets[carrying[0]]).voice
    assert unpack(rate, carrying[1], recorder.given[0][-1]).voice == before


def test_a_lost_first_codeword_is_replaced_by_the_commonest(rate: Rate) -> None:
    decoder, recorder = pair(rate)
    first = next(k for k in range(200) if rate.carries_voice(k))
    for _ in range(first + 1):
        decoder.conceal([0])
    voice = unpack(rate, first, recorder.given[0][-1]).voice
    levels = [PRIORS[rate.name].voice_shares(digit, -1).argmax() for digit in range(8)]
    assert digits_of(np.array(voice), 8).tolist() == levels


def test_slots_lose_their_own_packets_only(rate: Rate) -> None:
    ours, theirs = some_packets(rate, 30), some_packets(rate, 30)
    together, recorder = pair(rate)
    alone, lonely = pair(rate)
    for k in range(30):
        ours_now = None if k % 4 == 1 else ours[k]
        together.step([theirs[k], ours_now], [0, 2])
        alone.step([ours_now], [0])
    assert recorder.given[2] == lonely.given[0]
    assert recorder.given[0] == theirs


def test_a_packet_of_a_wrong_length_changes_nothing(rate: Rate) -> None:
    packets = some_packets(rate, 3)
    decoder, recorder = pair(rate)
    decoder.step([packets[0]], [0])
    with pytest.raises(SecoustiError, match="out of step"):
        decoder.step([b"123"], [0])
    decoder.step([packets[1]], [0])
    decoder.step([packets[2]], [0])
    assert recorder.given[0] == packets


def heard(decoder: LossyDecoder, lost: Sequence[bool], packets: Sequence[bytes]) -> np.ndarray:
    """The gain ``[T]`` that losses leave of a decoder that plays ones, its delay taken out."""
    sound = [
        decoder.step([None if gone else packet], [0])[0].numpy()
        for gone, packet in zip(lost, packets, strict=True)
    ]
    return np.concatenate(sound)[DELAY_SAMPLES:]


def test_a_long_loss_fades_to_silence_and_comes_back_without_a_click(rate: Rate) -> None:
    count = 60
    lost = [10 <= k < 40 for k in range(count)]
    gain = heard(pair(rate)[0], lost, some_packets(rate, count))
    start, end = (k * rate.packet_samples for k in (10, 40))
    assert (gain[: start + 1600] == 1).all()  # 100 ms of made-up speech are whole
    assert (gain[start + 3520 : end] == 0).all()  # from 220 ms on there is silence
    assert (gain[end + 240 :] == 1).all()  # 15 ms after the next packet's sound begins
    assert np.abs(np.diff(gain)).max() < 0.02


def test_a_short_loss_is_not_heard_as_a_gap() -> None:
    gain = heard(pair(HIGH)[0], [k == 5 for k in range(20)], some_packets(HIGH, 20))
    assert (gain == 1).all()


def test_silence_at_once_can_be_asked_for() -> None:
    decoder = LossyDecoder(Recorder(LOW), PRIORS["low"], repeat_last, Fade(0.0, 5.0, 5.0))
    gain = heard(decoder, [k == 2 for k in range(6)], some_packets(LOW, 6))
    gap = slice(2 * LOW.packet_samples, 3 * LOW.packet_samples)
    assert gain[gap].mean() < 0.05


def test_reset_equals_fresh_and_may_keep_the_voice(rate: Rate) -> None:
    packets = some_packets(rate, 20)
    used, recorder = pair(rate)
    for packet in packets:
        used.step([packet], [0])
    used.conceal([0])
    used.reset(0)
    fresh, expected = pair(rate)
    for decoder in (used, fresh):
        decoder.step([packets[0]], [0])
        decoder.conceal([0])
    assert recorder.given[0] == expected.given[0]
    for keep, same in ((True, True), (False, False)):
        first = next(k for k in range(200) if rate.carries_voice(k))
        told, recorder = pair(rate)
        for packet in packets[: first + 1]:
            told.step([packet], [0])
        told.reset(0, keep_voice=keep)
        for _ in range(first + 1):
            told.conceal([0])
        voices = [
            unpack(rate, first, data).voice for data in (packets[first], recorder.given[0][-1])
        ]
        assert (voices[0] == voices[1]) is same


def test_the_likeliest_token_follows_from_all_that_the_prior_sees(rate: Rate) -> None:
    """The same answer as stepping the prior through the whole stream, token by token."""
    prior: Prior = PRIORS[rate.name]
    past = DRAW.integers(0, 4, (70, prior.digits))
    voice = DRAW.integers(0, 4, 8)
    before = np.concatenate([np.full((1, prior.digits), -1), past])
    context, _ = prior.contexts(before, np.tile(voice, (71, 1)), prior.begin())
    expected, context = [], context[-1:]
    for digit in range(prior.digits):
        expected.append(int(prior.shares(context, digit)[0].argmax()))
        context = prior.told(context, digit, np.array(expected[-1:]))
    assert most_likely(prior)(past, voice, 1)[0].tolist() == expected


def test_repeating_needs_no_past() -> None:
    assert repeat_last(np.zeros((0, 5), np.int64), np.zeros(8, np.int64), 4).shape == (4, 5)
    past = np.array([[0, 1, 2, 3, 0], [3, 2, 1, 0, 3]])
    assert repeat_last(past, np.zeros(8, np.int64), 2).tolist() == [past[1].tolist()] * 2
