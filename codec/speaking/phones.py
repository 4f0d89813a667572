"""The alphabet that tokens are spoken in: phones of the CMU dictionary, and silence."""

from __future__ import annotations

PHONES = (
    "SIL", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G",
    "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH",
    "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
SILENCE = 0
NUMBER = {name: number for number, name in enumerate(PHONES)}
