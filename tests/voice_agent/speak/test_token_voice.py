"""Text becomes one stream of tokens, sentence after sentence."""

from __future__ import annotations

import pytest
import torch

from codec.errors import SecoustiError
from codec.file import from_bytes, to_bytes
from codec.speaking.speaker import Manner
from codec.tokens import tokens_needed
from tests.voice_agent.speak.speakers import untrained_speaker
from voice_agent.speak.token_voice import TokenVoice


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> TokenVoice:
    return TokenVoice.load("low", untrained_speaker(tmp_path_factory.mktemp("speaker")))


def test_sentences_follow_each_other_in_one_stream(voice: TokenVoice) -> None:
    first, second = voice.say("Hello there."), voice.say("How are you?")
    both = voice.say("Hello there. How are you?")
    assert torch.equal(both.codes, torch.cat([first.codes, second.codes], dim=1))
    assert both.codes.shape[1] == tokens_needed("low", both.samples)
    assert from_bytes(to_bytes(both)).equals(both)


def test_the_voice_is_its_own_or_the_one_asked_for(voice: TokenVoice) -> None:
    text = "A line that lasts long enough for a voice codeword to be sent with it."
    assert set(voice.say(text).voice.flatten().tolist()) == {77}
    assert set(voice.say(text, voice=5).voice.flatten().tolist()) == {5}


def test_a_slower_manner_takes_longer(voice: TokenVoice) -> None:
    text = "A line of some length."
    assert voice.say(text, manner=Manner(pace=1.5)).samples > 1.2 * voice.say(text).samples


@pytest.mark.parametrize("text", ["", "   ", "?!", "你好"])
def test_what_has_no_english_word_is_told(voice: TokenVoice, text: str) -> None:
    with pytest.raises(SecoustiError, match="no English word"):
        voice.say(text)
