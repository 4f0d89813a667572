"""Words become the phonemes a Piper voice knows, also words no dictionary has."""

from __future__ import annotations

import pytest

from voice_agent.speak.phonemes import Pronouncer


@pytest.fixture(scope="module")
def pronounce() -> Pronouncer:
    return Pronouncer.load()


@pytest.mark.parametrize(
    ("sentence", "phonemes"),
    [
        ("Hello, I'm here.", "həlˈoʊ, aɪm hˈɪɹ."),
        ("the work", "ðə wˈɜːk"),
        ("the end", "ði ˈɛnd"),
        ("I used to sleep", "aɪ jˈuːst tə slˈiːp"),
        ("Where do you live?", "wˌɛɹ duː juː lˈɪv?"),
        ("WORK", "wˈɜːk"),
        ("an AI", "ɐn ˌeɪˈaɪ"),
        ("OCD", "ˈoʊ sˈiː dˈiː"),
        ("the UK's", "ðə jˈuː kˈeɪz"),
        ("", ""),
        ("- 123 *", ""),
    ],
)
def test_known_words(pronounce: Pronouncer, sentence: str, phonemes: str) -> None:
    assert pronounce(sentence) == phonemes


def test_a_word_no_dictionary_has_is_sounded_out(pronounce: Pronouncer) -> None:
    assert pronounce("blorptish") == "blˈoːɹptɪʃ"


def test_a_possessive_takes_the_sound_its_ending_needs(pronounce: Pronouncer) -> None:
    stem = pronounce("blorptish")
    assert pronounce("blorptish's") == stem + "ᵻz"
    assert pronounce("blorpt's") == pronounce("blorpt") + "s"
    assert pronounce("blorpen's") == pronounce("blorpen") + "z"


@pytest.mark.parametrize("word", ["café", "naïve", "Zoë", "日本", "x" * 200])
def test_no_word_makes_it_raise(pronounce: Pronouncer, word: str) -> None:
    assert isinstance(pronounce(word), str)
