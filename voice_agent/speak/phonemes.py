"""English words as the phonemes Piper voices were trained on, from a carried dictionary.

Piper's voices speak the phoneme alphabet of espeak. espeak itself is GPL; the gruut project's
English package has a dictionary of 124,000 words in that alphabet and a letter-to-sound model (a
conditional random field), which is all a voice needs.
"""

from __future__ import annotations

import base64
import re
import sqlite3
import threading
from functools import lru_cache
from pathlib import Path

import pycrfsuite  # type: ignore[import-untyped]

from voice_agent import assets

_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|[.,;:!?…]")
_PAUSES = {"…": ".", ".": ".", ",": ",", ";": ";", ":": ":", "!": "!", "?": "?"}
_CONTEXT_LETTERS = 3  # on each side, as the letter-to-sound model was trained

# Where the dictionary's form for a word alone is not the one inside a sentence, or is another word.
_IN_SENTENCE = {
    "i": "aɪ",
    "at": "æt",
    "it": "ɪt",
    "do": "duː",
    "live": "lˈɪv",
    "use": "jˈuːz",
    "ok": "oʊkˈeɪ",
    "mm": "mː",
    "mhm": "mhˈm",
    "hm": "hm",
    "secousti": "sɪkˈuːsti",
}
_LETTER_NAMES = {"a": "ˈeɪ", "i": "ˈaɪ"}  # as words these two sound otherwise
_LONGEST_ACRONYM = 5
_BEFORE_VOWEL = {"the": "ði", "to": "tʊ"}
_PAIRS = {("used", "to"): "jˈuːst", ("have", "to"): "hˈæf", ("has", "to"): "hˈæs"}
_VOWELS = "aeiouæɐɑɔəɚɛɜɪʊʌᵻ"


class Pronouncer:
    """Callable ``sentence -> phonemes``, such as ``"hi, you" -> "hˈaɪ, juː"``. Thread-safe."""

    def __init__(self, words: dict[str, str], letters: pycrfsuite.Tagger) -> None:
        self._words = words
        self._letters = letters
        self._lock = threading.Lock()  # a tagger holds the state of one word
        self._guess = lru_cache(maxsize=4096)(self._from_letters)

    @classmethod
    def load(cls, path: Path | None = None) -> Pronouncer:
        """Load the dictionary; raises :class:`~codec.errors.SecoustiError` when it is missing."""
        lexicon, model = assets.locate(assets.PRONUNCIATION, path)
        database = sqlite3.connect(f"file:{lexicon}?mode=ro&immutable=1", uri=True)
        query = "SELECT word, phonemes FROM word_phonemes WHERE pron_order = 0"
        words = {word: sounds.replace(" ", "") for word, sounds in database.execute(query)}
        database.close()
        letters = pycrfsuite.Tagger()
        letters.open(str(model))
        return cls(words | _IN_SENTENCE, letters)

    def __call__(self, sentence: str) -> str:
        """Phonemes of ``sentence`` (already spelled out, see ``spell``), words parted by spaces."""
        written = _TOKEN.findall(sentence)
        sounds = [_PAUSES.get(word) or self._word(word) for word in written]
        tokens = [word.lower() for word in written]
        spoken = ""
        for index, (token, sound) in enumerate(zip(tokens, sounds, strict=True)):
            if index + 1 < len(tokens):
                sound = _linked(token, sound, tokens[index + 1], sounds[index + 1])
            spoken += sound if token in _PAUSES else f" {sound}"
        return spoken.strip()

    def _word(self, written: str) -> str:
        word = written.lower()
        known = self._words.get(word)
        if known is not None:
            return known
        if word.endswith("'s"):
            return self._possessive(self._word(written[:-2]))
        if written.isupper() and len(word) <= _LONGEST_ACRONYM:
            return " ".join(_LETTER_NAMES.get(c) or self._words.get(c, "") for c in word)
        return self._guess(word)

    def _possessive(self, stem: str) -> str:
        if stem.endswith(("s", "z", "ʃ", "ʒ")):
            return f"{stem}ᵻz"
        return stem + ("s" if stem.endswith(("p", "t", "k", "f", "θ")) else "z")

    def _from_letters(self, word: str) -> str:
        """Sounds of a word the dictionary lacks, letter by letter in context."""
        with self._lock:
            labels = self._letters.tag([_letter_features(word, at) for at in range(len(word))])
        sounds = "".join(base64.b64decode(label).decode() for label in labels)
        sounds = sounds.replace("|", "").replace("_", "")
        return sounds if "ˈ" in sounds else _stressed(sounds)


def _linked(word: str, sound: str, next_word: str, next_sound: str) -> str:
    """The sound of ``word`` before its neighbour: "the" in "the end", "used" in "used to"."""
    if (word, next_word) in _PAIRS:
        return _PAIRS[word, next_word]
    if word in _BEFORE_VOWEL and next_sound.lstrip("ˈˌ").startswith(tuple(_VOWELS)):
        return _BEFORE_VOWEL[word]
    return sound


def _letter_features(word: str, at: int) -> dict[str, str | float | bool]:
    """What the letter-to-sound model sees of letter ``at``: it and its neighbours, base64."""
    features: dict[str, str | float | bool] = {"bias": 1.0, "grapheme": _encoded(word[at])}
    for distance in range(1, _CONTEXT_LETTERS + 1):
        if at - distance >= 0:
            features[f"grapheme-{distance}"] = _encoded(word[at - distance])
        if at + distance < len(word):
            features[f"grapheme+{distance}"] = _encoded(word[at + distance])
    if at == 0:
        features["begin"] = True
    if at == len(word) - 1:
        features["end"] = True
    return features


def _encoded(letter: str) -> str:
    return base64.b64encode(letter.encode()).decode("ascii")


def _stressed(sounds: str) -> str:
    """Stress on the first vowel of a word that has none."""
    return re.sub(f"([{_VOWELS}])", r"ˈ\1", sounds, count=1)
