"""The prior's way from speech to tables: tokens, cache, fit, integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from codec import Codec
from codec.entropy.coding import coded_bits
from codec.entropy.prior import Prior, load_prior
from codec.entropy.shares import codes_of
from codec.errors import SecoustiError
from codec.model import seeded_model
from codec.rates import HIGH, LOW, RATES, Rate
from codec.tokens import Tokens, voices_needed
from secousti.__main__ import main
from training.corpus import Corpus, Utterance
from training.prior import PriorConfig, Windows, bits_per_token, fit_prior, save_prior, voice_tables
from training.prior_net import PriorNet
from training.prior_tokens import TokenCorpus, load_tokens, sender_hash

SMALL = PriorConfig(channels=16, hidden=8, batch=8, window=32, lr=2e-2, held_out=0.2)


def noise_corpus(lengths: tuple[int, ...]) -> Corpus:
    draw = np.random.default_rng(0)
    audio = (3000 * draw.standard_normal(sum(lengths))).astype(np.int16)
    starts = np.cumsum([0, *lengths[:-1]])
    rows = zip(starts.tolist(), lengths, strict=True)
    return Corpus(audio, [Utterance(s, n, "x", "x") for s, n in rows])


def ramp_tokens(rate: Rate, utterances: int = 10, count: int = 60) -> TokenCorpus:
    """Every digit steps 0 1 2 3 0 ..., from a drawn level: easy to learn. The voice never moves."""
    draw = np.random.default_rng(0)
    first = draw.integers(0, 4, (utterances, 1, len(rate.levels)))
    codes = codes_of((first + np.arange(count)[None, :, None]) % 4).astype(np.int32)
    voices = voices_needed(rate.name, count)
    ends = np.array([[count, voices]]) * np.arange(1, utterances + 1)[:, None]
    return TokenCorpus(codes.reshape(-1), np.full(utterances * voices, 77, np.int32), ends)


@pytest.mark.parametrize("rate", [LOW, HIGH])
def test_tokens_are_those_that_the_codec_sends(rate: Rate, tmp_path: Path) -> None:
    corpus = noise_corpus((30_000, 9_000, 47_000))
    model = seeded_model(rate)
    tokens = load_tokens(corpus, model, tmp_path, 60, lambda done: None, {})
    found = sorted(tokens.utterances(), key=lambda pair: len(pair[0]))
    for (codes, voice), length in zip(found, (9_000, 30_000, 47_000), strict=True):
        assert len(codes) == length // rate.token_samples
        utterance = next(u for u in corpus.utterances if u.length == length)
        wav = corpus.audio[utterance.start : utterance.start + length].astype(np.float32) / 32768
        sent = Codec(model).encode(torch.from_numpy(wav))
        assert len(voice) == voices_needed(rate.name, len(codes))
        agreement = codes == sent.codes[0, : len(codes)].numpy()
        assert agreement.mean() > 0.99  # a value on the edge of a cell may fall either way
        assert (voice == sent.voice[0, : len(voice)].numpy()).all()


def test_a_cache_goes_on_where_its_time_ended(tmp_path: Path) -> None:
    corpus, model = noise_corpus((2_000,) * 300), seeded_model(HIGH)
    part = load_tokens(corpus, model, tmp_path, 0, lambda done: None, {})
    assert 0 < len(part.ends) < 300
    none = load_tokens(corpus, model, tmp_path, 0, lambda done: None, {})
    assert np.array_equal(none.codes, part.codes)
    whole = load_tokens(corpus, model, tmp_path, 60, lambda done: None, {})
    assert len(whole.ends) == 300
    assert np.array_equal(whole.codes[: len(part.codes)], part.codes)


def test_only_the_sender_names_the_tokens() -> None:
    model = seeded_model(HIGH)
    before = sender_hash(model)
    with torch.no_grad():
        next(model.decoder.parameters()).add_(1)
    assert sender_hash(model) == before
    with torch.no_grad():
        next(model.encoder.parameters()).add_(1)
    assert sender_hash(model) != before


@pytest.mark.parametrize("rate", [LOW, HIGH])
def test_integers_say_what_the_float_network_says(rate: Rate) -> None:
    torch.manual_seed(0)
    net = PriorNet(rate, 16, 8)
    with torch.no_grad():
        for table in net.tables.values():
            table.add_(0.05 * torch.randn_like(table))
    tokens = ramp_tokens(rate, 1, 50)
    prior = Prior(rate, net.integers() | voice_tables([tokens.voice] * 5000))  # of no surprise
    before, voice, now = Windows(
        list(tokens.utterances()), rate, PriorConfig(batch=1, window=50, from_start=1.0)
    )(0)
    floats = 50 * bits_per_token(net(before, voice, now), now).item()
    rows = [torch.from_numpy(part.astype(np.int64))[None] for part in (tokens.codes, tokens.voice)]
    whole = coded_bits(Tokens(rows[0], rows[1], rate.name, 1), prior)
    assert whole == pytest.approx(floats, rel=0.01)


def test_a_fit_learns_what_can_be_known_and_is_saved(tmp_path: Path) -> None:
    torch.manual_seed(0)
    reports: list[float] = []
    fitted = fit_prior(ramp_tokens(LOW, 40), LOW, SMALL, 2.0, lambda d, s, b: reports.append(b))
    assert fitted.steps == len(reports)
    assert fitted.saved > 0.5  # all but the first token of an utterance can be known
    save_prior(tmp_path / "p.safetensors", fitted, {"rate": "low"})
    again = load_prior(LOW, tmp_path / "p.safetensors")
    assert again.fingerprint == fitted.prior.fingerprint


def test_voice_tables_count_first_levels_and_changes() -> None:
    tables = voice_tables([np.array([0, 0, 3], np.int32)] * 50)
    assert tables["voice_first"][0].argmax() == 0
    assert tables["voice_next"][0, 0, 0] == pytest.approx(tables["voice_next"][0, 0, 3], rel=0.1)
    assert min(table.min() for table in tables.values()) >= 1


def test_one_utterance_is_too_few() -> None:
    with pytest.raises(SecoustiError, match="too few"):
        fit_prior(ramp_tokens(LOW, 1), LOW, SMALL, 1.0, lambda d, s, b: None)


def test_the_command_goes_from_speech_to_a_prior(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import soundfile

    rows = ["file\tsplit\tspeaker\tsource"]
    for place in range(3):
        t = np.arange(16_000) / 16_000
        soundfile.write(tmp_path / f"{place}.wav", 0.3 * np.sin(900 * (place + 1) * t), 16_000)
        rows.append(f"{place}.wav\ttrain\ts\tx")
    (tmp_path / "m.tsv").write_text("\n".join(rows) + "\n")
    words = ["train", "prior", "--rate", "low", "--manifest", str(tmp_path / "m.tsv")]
    words += ["--cache", str(tmp_path / "c"), "--out", str(tmp_path / "p.safetensors")]
    assert main([*words, "--minutes", "0.03"]) == 0
    assert "saved on unseen utterances" in capsys.readouterr().out
    assert load_prior(RATES["low"], tmp_path / "p.safetensors").rate == LOW
    assert main([*words, "--minutes", "0"]) == 2
    assert "must be positive" in capsys.readouterr().err
