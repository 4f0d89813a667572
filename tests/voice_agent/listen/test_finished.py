"""Words that can end a turn, learnt and by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent.evaluate.fit.ending import places, places_of
from voice_agent.listen.finished import DOUBTFUL, LEAST, MOST, OPEN, Finished


@pytest.fixture(scope="module")
def learnt() -> Finished:
    return Finished.load()


@pytest.mark.parametrize(
    ("finished", "cut"),
    [
        ("I don't really know where to start.", "I don't really know where to"),
        ("I keep thinking about my mother.", "I keep thinking about my"),
        ("That's why I called you.", "That's why I"),
        ("I went home and slept.", "I went home and"),
    ],
)
def test_a_sentence_is_likelier_over_at_its_end(learnt: Finished, finished: str, cut: str) -> None:
    assert learnt.odds(finished) > learnt.odds(cut) + 0.5


@given(st.text())
def test_any_text_has_odds_within_bounds(text: str) -> None:
    assert LEAST <= Finished.load().odds(text) <= MOST


def test_an_open_sentence_stays_open_whatever_was_learnt(learnt: Finished) -> None:
    assert learnt.odds("I don't really know where to start, and") <= OPEN
    assert learnt.odds("I don't really know where to start,") <= DOUBTFUL


@pytest.mark.parametrize(
    "text", ["I'd like that.", "No, I don't think so.", "So I really think he does."]
)
def test_a_word_that_can_end_a_sentence_leaves_it_in_doubt_before_a_stop(
    learnt: Finished, text: str
) -> None:
    assert OPEN < learnt.odds(text) <= DOUBTFUL
    assert learnt.odds(text.rstrip(".")) <= OPEN


def test_nothing_is_known_without_words_and_little_without_the_head(learnt: Finished) -> None:
    assert learnt.odds("") == learnt.odds("...") == 0.0
    without = Finished(None)
    assert (without.odds("I am tired."), without.odds("I am tired and")) == (0.0, OPEN)


def test_on_unseen_families_ends_outweigh_the_middle_of_sentences(learnt: Finished) -> None:
    found = places("valid")[::7]
    ends = [learnt.odds(" ".join(p.words)) for p in found if p.ends]
    middles = [learnt.odds(" ".join(p.words)) for p in found if p.kind == "word"]
    wins = sum((end > middle) + (end == middle) / 2 for end in ends for middle in middles)
    assert wins / (len(ends) * len(middles)) > 0.7


def test_a_turn_ends_once_and_pauses_before() -> None:
    found = list(places_of("Well, I tried. It did not help at all, so I stopped going there."))
    assert [place.ends for place in found] == [False] * (len(found) - 1) + [True]
    assert found[-1].words[-2:] == ("going", "there")
    assert ("well",) in [place.words for place in found]
    assert ("well", "i", "tried") not in [place.words for place in found]  # a whole short answer
    assert {place.kind for place in found} == {"clause", "word", "end"}
