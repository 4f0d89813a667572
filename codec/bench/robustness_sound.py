"""What rooms, lines and microphones do to speech before the codec hears it.

All functions take and return float32 ``[T]`` at 16 kHz in [-1, 1].
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from codec.bench.extract import read_member
from codec.bench.manifest import read_table
from codec.bench.metrics.intrusive import Wave
from codec.bench.robustness_channel import Case
from codec.errors import SecoustiError
from codec.rates import SAMPLE_RATE_HZ

NOISE_DB = (20.0, 15.0, 10.0, 5.0, 0.0)
GAINS_DB = (-20.0, -10.0, 10.0)
NOISE_COLUMNS = ("id", "file", "split")
TELEPHONE_HZ = (300.0, 3400.0)
TELEPHONE_RATE_HZ = 8_000


def sound_cases() -> list[Case]:
    """Noise, gain, a telephone line, a second talker."""
    noises = [Case("noise", level) for level in NOISE_DB]
    gains = [Case("gain", level) for level in GAINS_DB]
    return [*noises, *gains, Case("telephone", 0.0), Case("two talkers", 0.0)]


def load_noises(table: Path | None) -> list[Wave]:
    """The ``eval`` clips of a noise table (columns id, file, split), or generated noise.

    Raises :class:`SecoustiError` for a table that cannot be read or has no such clip.
    """
    if table is None:
        return [pink_noise(10, seed) for seed in range(4)]
    rows = [row for _, row in read_table(table, NOISE_COLUMNS) if row["split"] == "eval"]
    if not rows:
        raise SecoustiError(f"{table} has no clip of split 'eval': see its column 'split'")
    waves = [read_member(table.parent, row["file"]) for row in rows]
    return [wave for wave in waves if level_db(wave) > -60]


def pink_noise(seconds: int, seed: int) -> Wave:
    """Noise whose power falls by 3 dB an octave from 50 Hz on, RMS 0.1."""
    draw = np.random.default_rng(seed)
    spectrum = np.fft.rfft(draw.standard_normal(seconds * SAMPLE_RATE_HZ))
    hertz = np.fft.rfftfreq(seconds * SAMPLE_RATE_HZ, 1 / SAMPLE_RATE_HZ)
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 50.0)))
    pink: Wave = (0.1 * noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
    return pink


def level_db(wave: Wave) -> float:
    """RMS level in dB below full scale; -200 for digital silence."""
    return float(10 * np.log10(np.mean(np.square(wave, dtype=np.float64)) + 1e-20))


def with_noise(speech: Wave, noise: Wave, snr_db: float, draw: np.random.Generator) -> Wave:
    """``speech`` with ``noise`` from a drawn place on, both measured over their whole length."""
    start = int(draw.integers(len(noise)))
    noise = np.resize(np.roll(noise, -start), len(speech))
    gain = 10 ** ((level_db(speech) - level_db(noise) - snr_db) / 20)
    return _safe(speech + gain * noise)


def louder(speech: Wave, gain_db: float) -> Wave:
    """``speech`` amplified and clipped at full scale, as a converter does."""
    clipped: Wave = np.clip(10 ** (gain_db / 20) * speech, -1, 1).astype(np.float32)
    return clipped


def telephone(speech: Wave) -> Wave:
    """A telephone line: 300-3400 Hz at 8 kHz in 8-bit mu-law (G.711), and back to 16 kHz."""
    narrow = soxr.resample(_band_limited(speech), SAMPLE_RATE_HZ, TELEPHONE_RATE_HZ)
    line = io.BytesIO()
    soundfile.write(line, np.clip(narrow, -1, 1), TELEPHONE_RATE_HZ, format="WAV", subtype="ULAW")
    line.seek(0)
    heard, _ = soundfile.read(line, dtype="float32")
    wide = soxr.resample(heard, TELEPHONE_RATE_HZ, SAMPLE_RATE_HZ)
    return _safe(np.pad(wide[: len(speech)], (0, max(0, len(speech) - len(wide)))))


def _band_limited(speech: Wave) -> Wave:
    """The telephone band, edges falling by 24 dB an octave (Butterworth's shape, no phase)."""
    hertz = np.maximum(np.fft.rfftfreq(len(speech), 1 / SAMPLE_RATE_HZ), 1e-3)
    low, high = TELEPHONE_HZ
    passed = 1 / np.sqrt((1 + (low / hertz) ** 8) * (1 + (hertz / high) ** 8))
    limited: Wave = np.fft.irfft(np.fft.rfft(speech) * passed, len(speech)).astype(np.float32)
    return limited


def two_talkers(speech: Wave, other: Wave) -> Wave:
    """Two people at once, equally loud."""
    other = np.resize(other, len(speech))
    return _safe(speech + 10 ** ((level_db(speech) - level_db(other)) / 20) * other)


def degraded(case: Case, clip: str, speech: Wave, other: Wave, noises: Sequence[Wave]) -> Wave:
    """``speech`` as ``case`` has it; ``other`` is a second talker's."""
    draw = case.draw(clip)
    if case.family == "noise":
        return with_noise(speech, noises[int(draw.integers(len(noises)))], case.level, draw)
    if case.family == "gain":
        return louder(speech, case.level)
    return telephone(speech) if case.family == "telephone" else two_talkers(speech, other)


def music_like(seconds: int) -> Wave:
    """Plucked chords with a bass line: harmonic, many notes at once, no speech. RMS about 0.1."""
    time = np.arange(seconds * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sound = np.zeros_like(time)
    for beat in range(2 * seconds):
        after = np.maximum(time - beat / 2, 0)
        for semitones in ((0, 12, 16, 19), (-3, 9, 12, 16), (-7, 5, 9, 12), (-5, 7, 11, 14))[
            beat % 4
        ]:
            pitch_hz = 130.8 * 2 ** (semitones / 12)
            tones = sum(np.sin(2 * np.pi * k * pitch_hz * after) / k for k in range(1, 8))
            sound += tones * np.exp(-4 * after) * (after > 0)
    music: Wave = (0.1 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return music


def _safe(wave: Wave) -> Wave:
    """Turned down where it would clip: what is measured here is not the clipping."""
    return (wave / max(1.0, float(np.abs(wave).max(initial=0)))).astype(np.float32)
