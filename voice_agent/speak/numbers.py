"""Numbers as English words.

Written here because the library that does it (inflect) takes 1.6 s of processor time to import,
more than all the rest of the voice, and the other one (num2words) is LGPL.
"""

from __future__ import annotations

# fmt: off
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
    "eighteen", "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# fmt: on
_SCALES = ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_LARGEST = 10**12  # beyond, digit by digit

_ODD_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """Words of a number from 0, such as ``two hundred fifty-one``."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        ten, one = divmod(number, 10)
        return _TENS[ten - 2] + (f"-{_SMALL[one]}" if one else "")
    if number >= _LARGEST:
        return digits(str(number))
    size, name = next(scale for scale in _SCALES if number >= scale[0])
    head, rest = divmod(number, size)
    return f"{cardinal(head)} {name}" + (f" {cardinal(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """Words of a place in a row, such as ``twenty-first``."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    start, last = words[:cut], words[cut:]
    if last in _ODD_ORDINALS:
        return start + _ODD_ORDINALS[last]
    return start + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def decimal(number: str) -> str:
    """Words of ``"2.5"`` or ``"1,500"``: the whole part as an amount, the rest by digits."""
    whole, _, rest = number.replace(",", "").partition(".")
    return cardinal(int(whole)) + (f" point {digits(rest)}" if rest else "")


def digits(number: str) -> str:
    """One word a digit, such as ``nine eight eight``."""
    return " ".join(_SMALL[int(digit)] for digit in number)
