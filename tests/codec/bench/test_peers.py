"""Peers: each really codes, at the rate it claims, with its delay taken out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from codec.bench.peers import find_peers, peer_families
from codec.bench.peers.base import PeerMissingError, System, frames, from_pcm16, to_pcm16, undelayed
from codec.bench.peers.secousti import Secousti, secousti_systems
from codec.errors import SecoustiError

Hum = Callable[..., np.ndarray]

LYRA = os.environ.get("LYRA_WEIGHTS")
BITS_PER_SECOND = {
    "opus-6": (4_000, 6_600),
    "opus-8": (5_500, 8_600),
    "opus-12": (9_000, 12_600),
    "codec2-700": (690, 760),
    "codec2-1300": (1_290, 1_400),
    "codec2-2400": (2_390, 2_500),
    "codec2-3200": (3_190, 3_300),
    "speex-2": (2_100, 2_250),
    "speex-4": (3_900, 4_050),
    "speex-6": (5_900, 6_100),
    "amrwb-6.6": (6_590, 6_800),
    "lyra-3.2": (3_190, 3_300),
    "lyra-6": (5_990, 6_200),
    "lyra-9.2": (9_190, 9_400),
}


def systems_of(family: str) -> list[System]:
    try:
        return list(peer_families(Path(LYRA) if LYRA else None)[family]())
    except PeerMissingError as missing:
        pytest.skip(str(missing))


def envelope(wave: np.ndarray) -> np.ndarray:
    """Loudness over 16 ms, every millisecond, so that parametric codecs can be compared too."""
    return np.convolve(np.abs(wave), np.hanning(256) / 128, mode="same")[::16]


def lag_ms(reference: np.ndarray, decoded: np.ndarray) -> int:
    """By how much ``decoded`` comes late, from the correlation of envelopes."""
    one, other = (envelope(wave) - envelope(wave).mean() for wave in (reference, decoded))
    return int(np.correlate(other, one, mode="full").argmax()) - (len(one) - 1)


@pytest.mark.parametrize("family", ["opus", "codec2", "speex", "amrwb", "lyra"])
def test_a_peer_codes_at_its_rate_without_delay(family: str, speech: np.ndarray) -> None:
    for system in systems_of(family):
        coded = system.code(speech)
        low, high = BITS_PER_SECOND[system.name]
        assert low <= coded.bits / 3.0 <= high, system.name
        assert coded.wave.shape == speech.shape, system.name
        assert coded.wave.dtype == np.float32, system.name
        assert abs(lag_ms(speech, coded.wave)) <= 10, system.name
        assert np.corrcoef(envelope(speech), envelope(coded.wave))[0, 1] > 0.8, system.name


@pytest.mark.parametrize("family", ["opus", "speex", "amrwb", "lyra"])  # Codec2 draws phases
def test_every_clip_starts_from_a_fresh_state(family: str, hum: Hum) -> None:
    system = systems_of(family)[0]
    first = system.code(hum(0.5))
    again = system.code(hum(0.5))
    assert first.bits == again.bits
    np.testing.assert_array_equal(first.wave, again.wave)


def test_our_own_codec_counts_every_bit(untrained: Secousti, hum: Hum) -> None:
    coded = untrained.code(hum(10.0))
    assert coded.wave.shape == (160_000,)
    assert 1_000 < coded.bits / 10 <= 1_092


def test_a_missing_peer_is_told_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    found = find_peers(["opus", "codec2", "speex", "amrwb", "lyra"], Path("anywhere"))
    assert found.systems == []
    assert [message.split(" skipped: ")[0] for message in found.missing] == list(peer_families())
    assert "apt-get install libspeex1" in found.missing[2]


def test_lyra_without_a_folder_or_with_a_wrong_one(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    assert "--lyra DIR" in find_peers(["lyra"]).missing[0]
    with pytest.raises(SecoustiError, match="has no soundstream_encoder"):
        find_peers(["lyra"], tmp_path)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SecoustiError, match="unknown peer 'mp3'"):
        find_peers(["mp3"])
    with pytest.raises(SecoustiError, match="unknown rate 'middle'"):
        secousti_systems(["middle"])


def test_one_rate_of_a_family_can_be_named() -> None:
    pytest.importorskip("pycodec2")
    assert [system.name for system in find_peers(["codec2-2400"]).systems] == ["codec2-2400"]
    with pytest.raises(SecoustiError, match="its family has codec2-700"):
        find_peers(["codec2-9600"])


def test_frames_leave_room_for_the_delay() -> None:
    pcm = np.arange(1, 641, dtype=np.int16)
    assert frames(pcm, 320, 0).shape == (2, 320)
    assert frames(pcm, 320, 1).shape == (3, 320)


def test_undelayed_gives_the_length_asked_for() -> None:
    wave = np.arange(10, dtype=np.float32)
    assert undelayed(wave, 3, 5).tolist() == [3, 4, 5, 6, 7]
    assert undelayed(wave, 8, 4).tolist() == [8, 9, 0, 0]


def test_pcm16_round_trip_clips(hum: Hum) -> None:
    wave = hum(0.1)
    assert np.abs(from_pcm16(to_pcm16(wave)) - wave).max() < 1e-4
    assert to_pcm16(np.float32([2, -2])).tolist() == [32767, -32767]
