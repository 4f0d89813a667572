"""Grave phrases are known by their sound; what only sounds near and means itself is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.contracts import RiskLevel
from voice_agent.think import sounds
from voice_agent.think.guard_in import listen_for_crisis
from voice_agent.think.sounds import Sound, hear_gravely, mended, sound_of
from voice_agent.think.words import hear


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("I want to kill miss elf", "i want to kill myself"),
        ("I slip my wrists", "i slit my wrists"),
        ("I took all the pails", "i took all the pills"),
        ("they would be better off with doubt me", "they would be better off without me"),
        ("I want to under my life", "i want to end my life"),
        ("I tell myself it is fine", "i tell myself it is fine"),
        ("I have to make up my mind", "i have to make up my mind"),
        ("we had a good day", "we had a good day"),
        ("", ""),
    ],
)
def test_what_was_meant(written: str, meant: str) -> None:
    assert hear_gravely(written).text == meant


def test_mended_words_alarm_and_scope_still_weighs_them() -> None:
    assert listen_for_crisis("I keep thinking I'll kill miss elf").level is RiskLevel.HIGH
    assert listen_for_crisis("I would never kill miss elf").level is RiskLevel.NONE


def test_alike_phones_are_nearer_than_others() -> None:
    kill, gill, hill = (sound_of(word) for word in ("kill", "gill", "hill"))
    assert kill is not None and gill is not None and hill is not None
    assert 0 == kill.far(kill, 1.0) < kill.far(gill, 1.0) < kill.far(hill, 1.0)
    assert kill.far(Sound("zzzzzzz", "zzzzzzz"), 0.2) == 1.0
    assert sound_of("qqxzv") is None


def test_without_a_dictionary_words_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "_by_length", dict)
    heard = hear("I want to kill miss elf")
    assert mended(heard) == heard


@given(st.text(alphabet="abcdefgh ,.", max_size=80))
def test_breaks_stay_inside_the_mended_text(text: str) -> None:
    heard = hear_gravely(text)
    assert all(0 < place <= len(heard.text) for place in heard.breaks)
    assert list(heard.breaks) == sorted(heard.breaks)
