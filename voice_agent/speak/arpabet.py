"""The pronouncer's phonemes as phones of the CMU dictionary, which the token speaker says."""

from __future__ import annotations

# Longest first where one begins like another; stress and length marks are not heard by the speaker.
_PHONES = {
    "tʃ": ("CH",), "dʒ": ("JH",), "aɪ": ("AY",), "aʊ": ("AW",), "ɔɪ": ("OY",), "eɪ": ("EY",),
    "oʊ": ("OW",), "ɪɹ": ("IH", "R"), "ɛɹ": ("EH", "R"), "ʊɹ": ("UH", "R"), "əl": ("AH", "L"),
    "ɑ": ("AA",), "æ": ("AE",), "ʌ": ("AH",), "ə": ("AH",), "ɐ": ("AH",), "ɔ": ("AO",),
    "b": ("B",), "d": ("D",), "ð": ("DH",), "ɛ": ("EH",), "ɜ": ("ER",), "ɚ": ("ER",), "f": ("F",),
    "ɡ": ("G",), "g": ("G",), "h": ("HH",), "ɪ": ("IH",), "ᵻ": ("IH",), "i": ("IY",), "k": ("K",),
    "l": ("L",), "m": ("M",), "n": ("N",), "ŋ": ("NG",), "p": ("P",), "ɹ": ("R",), "r": ("R",),
    "s": ("S",), "ʃ": ("SH",), "t": ("T",), "ɾ": ("D",), "θ": ("TH",), "ʊ": ("UH",), "u": ("UW",),
    "v": ("V",), "w": ("W",), "j": ("Y",), "z": ("Z",), "ʒ": ("ZH",), "x": ("K",), "a": ("AA",),
    "e": ("EY",), "o": ("OW",), "ʔ": ("T",),
}  # fmt: skip
_PAUSES = {",": ("SIL",), ";": ("SIL",), ":": ("SIL",), ".": ("SIL",), "!": ("SIL",), "?": ("SIL",)}
_LONGEST = max(map(len, _PHONES))


def phones_of(phonemes: str) -> list[str]:
    """Phones of a pronounced sentence such as ``"hˈaɪ, juː"``: ``HH AY SIL Y UW``.

    Signs that are no sounds (stress, length, spaces) are left out; pauses become silence.
    """
    table = _PHONES | _PAUSES
    phones: list[str] = []
    at = 0
    while at < len(phonemes):
        for length in range(_LONGEST, 0, -1):
            found = table.get(phonemes[at : at + length])
            if found:
                phones += [] if found == ("SIL",) and phones[-1:] == ["SIL"] else found
                at += length
                break
        else:
            at += 1
    return phones[:-1] if phones[-1:] == ["SIL"] else phones
