"""Text as tokens of the codec, by its own speaker: no other speech engine, no sound on the way."""

from __future__ import annotations

from pathlib import Path

import torch

from codec.errors import SecoustiError
from codec.rates import DELAY_SAMPLES, rate_named
from codec.speaking.speaker import Manner, TokenSpeaker
from codec.tokens import Tokens, voices_needed
from voice_agent.speak.arpabet import phones_of
from voice_agent.speak.phonemes import Pronouncer
from voice_agent.speak.spell import sentences_of


class TokenVoice:
    """English text to tokens. Thread-safe."""

    def __init__(self, speaker: TokenSpeaker, pronounce: Pronouncer) -> None:
        self._speaker, self._pronounce = speaker, pronounce

    @classmethod
    def load(cls, rate: str, path: Path | None = None) -> TokenVoice:
        """The packaged speaker of ``rate``, or that of a file; raises :class:`SecoustiError`."""
        return cls(TokenSpeaker.load(rate, path), Pronouncer.load())

    def say(self, text: str, voice: int | None = None, manner: Manner | None = None) -> Tokens:
        """Tokens of ``text``, sentence after sentence.

        ``voice`` is a voice codeword (default: the speaker's own). Raises :class:`SecoustiError`
        where ``text`` has no word that can be pronounced, or a sentence that is too long.
        """
        lines = [phones_of(self._pronounce(sentence)) for sentence in sentences_of(text)]
        said = [self._speaker.say(phones, voice, manner) for phones in lines if phones]
        if not said:
            raise SecoustiError("there is no English word to say in that text")
        codes = torch.cat([tokens.codes for tokens in said], dim=1)
        rate = rate_named(said[0].rate)
        codeword = self._speaker.voice if voice is None else voice
        voices = torch.full((1, voices_needed(rate.name, codes.shape[1])), codeword)
        samples = codes.shape[1] * rate.token_samples - DELAY_SAMPLES
        return Tokens(codes, voices, rate.name, samples)
