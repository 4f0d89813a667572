"""Phonemes become the phones that the token speaker was trained on."""

from __future__ import annotations

import pytest

from codec.speaking.phones import NUMBER
from voice_agent.speak.arpabet import _PHONES, phones_of
from voice_agent.speak.phonemes import Pronouncer


@pytest.mark.parametrize(
    ("phonemes", "phones"),
    [
        ("həlˈoʊ", "HH AH L OW"),
        ("dʒˈʌdʒᵻz", "JH AH JH IH Z"),
        ("tʃˈɜːtʃ", "CH ER CH"),
        ("hˈaɪ, juː.", "HH AY SIL Y UW"),
        ("bˈʌɾɚ", "B AH D ER"),
        ("?!", ""),
        ("", ""),
    ],
)
def test_sounds_have_their_phones(phonemes: str, phones: str) -> None:
    assert phones_of(phonemes) == phones.split()


def test_every_phone_is_one_the_speaker_knows() -> None:
    assert {phone for phones in _PHONES.values() for phone in phones} <= set(NUMBER)


def test_every_sound_of_the_dictionary_has_a_phone() -> None:
    pronounce = Pronouncer.load()
    marks = set("ˈˌː̩̃ʲɬ ")
    letters = {sign for sounds in pronounce._words.values() for sign in sounds} - marks
    assert not {sign for sign in letters if not phones_of(sign)}
