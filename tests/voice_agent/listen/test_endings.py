"""Whether a text could be a whole turn."""

from __future__ import annotations

import pytest

from voice_agent.listen.endings import is_backchannel, looks_complete


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "No",
        "I'm just not sleeping anymore.",
        "My manager keeps adding more",
        "What do you mean by that?",
        "Is that what it's for?",
        "Yes, I do.",
        "No, I can't.",
        "Maybe.",
        "I don’t know.",
    ],
)
def test_finished(text: str) -> None:
    assert looks_complete(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Um.",
        "Well,",
        "I feel like I.",
        "My manager keeps adding more and",
        "It was because.",
        "I talked to the.",
        "I have been thinking that I should",
        "and then he said -",
        "So I was going to...",
    ],
)
def test_open(text: str) -> None:
    assert not looks_complete(text)


@pytest.mark.parametrize("text", ["Mm-hm.", "M..", "Hmmm", "Yeah.", "Okay, right.", "I see."])
def test_backchannel(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "No.", "Wait.", "Yes, but not today.", "okay okay okay okay"])
def test_not_a_backchannel(text: str) -> None:
    assert not is_backchannel(text)
