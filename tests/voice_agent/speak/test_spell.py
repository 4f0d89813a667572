"""Numbers, signs and abbreviations become words; sentences are parted where a voice breathes."""

from __future__ import annotations

import pytest

from voice_agent.speak.spell import sentences_of, spelled


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Call 988.", "Call nine eight eight."),
        ("dial 911 now", "dial nine one one now"),
        ("1-800-273-8255", "one, eight zero zero, two seven three, eight two five five"),
        ("13 11 14", "one three, one one, one four"),
        ("text 741741", "text seven four one seven four one"),
        ("3 tasks", "three tasks"),
        ("10 or 12 minutes", "ten or twelve minutes"),
        ("1,500 people", "one thousand five hundred people"),
        ("2.5 hours", "two point five hours"),
        ("the 2nd time", "the second time"),
        ("at 7:30", "at seven thirty"),
        ("at 9:05 p.m.", "at nine oh five P M"),
        ("at 8:00", "at eight"),
        ("50% & more", "fifty percent and more"),
        ("Dr. Lee", "doctor Lee"),
        ("e.g. a walk", "for example a walk"),
        ("open 24/7", "open twenty-four seven"),
        ("and/or", "and or"),
        ("work—and sleep", "work, and sleep"),
        ("don’t", "don't"),
    ],
)
def test_spelled(written: str, spoken: str) -> None:
    assert spelled(written) == spoken


def test_sentences_are_parted_at_their_ends() -> None:
    text = 'I hear you. "What happened?" Well... it was 7:30 a.m. today!'
    assert sentences_of(text) == [
        "I hear you.",
        '"What happened?',
        "Well…",
        "it was seven thirty A M today!",
    ]


@pytest.mark.parametrize("text", ["", "  ", "...", "?!", "—"])
def test_nothing_to_say(text: str) -> None:
    assert sentences_of(text) == []
