"""A range coder in integers (Martin 1979; byte-wise with carry, as in LZMA's coder).

Our own, because the bytes of a file must follow from integers written down here: the packages that
exist take probabilities as floats and round them by rules of their own, which a new version may
change. A symbol is given as its share ``[start, start + size)`` of a total of at most 2^24.

The coder's number lies in an interval that starts at 2^48 wide and is never let below 2^40, so that
rounding costs less than a thousandth of a bit in a symbol. The end writes only the bytes that are
needed to fall into the last interval; a reader finds zeros behind the last byte.
"""

from __future__ import annotations

from collections.abc import Sequence

WIDTH_BITS = 48
NARROWEST = 1 << WIDTH_BITS - 8
MASK = (1 << WIDTH_BITS) - 1
LOOK_AHEAD_BYTES = WIDTH_BITS // 8  # that a reader is ahead of the bytes it needs


class RangeEncoder:
    """Symbols -> bytes, first in, first out."""

    def __init__(self) -> None:
        self._low, self._width = 0, 1 << WIDTH_BITS
        self._out = bytearray()

    def put(self, start: int, size: int, total: int) -> None:
        """One symbol with the share ``[start, start + size)`` of ``total``."""
        unit = self._width // total
        self._low += unit * start
        self._width = unit * size
        if self._low > MASK:
            self._carry()
        while self._width <= NARROWEST:
            self._out.append(self._low >> WIDTH_BITS - 8)
            self._low = self._low << 8 & MASK
            self._width <<= 8

    def finish(self) -> bytes:
        """All bytes; the shortest that name a number inside the last interval."""
        for kept_bits in range(0, WIDTH_BITS + 1, 8):
            grain = 1 << WIDTH_BITS - kept_bits
            number = -(-self._low // grain) * grain  # the first number at or above low that ends so
            if number < self._low + self._width:
                self._low = number
                break
        if self._low > MASK:
            self._carry()
        return bytes(self._out) + self._low.to_bytes(LOOK_AHEAD_BYTES, "big").rstrip(b"\0")

    def _carry(self) -> None:
        """Adds the bit that ran over to the bytes already written."""
        self._low &= MASK
        at = len(self._out) - 1
        while self._out[at] == 255:
            self._out[at] = 0
            at -= 1
        self._out[at] += 1


class RangeDecoder:
    """Bytes of :class:`RangeEncoder` -> symbols, given the same shares in the same order.

    Foreign or damaged bytes give other symbols, never an error: a checksum has to tell.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, LOOK_AHEAD_BYTES
        self._offset = int.from_bytes(data[: self._at].ljust(self._at, b"\0"), "big")
        self._width = 1 << WIDTH_BITS

    def get(self, ends: Sequence[int]) -> int:
        """The next symbol; ``ends[i]`` is where the share of symbol i ends, the last the total."""
        unit = self._width // ends[-1]
        value = min(self._offset // unit, ends[-1] - 1)
        symbol = next(i for i, end in enumerate(ends) if value < end)
        start = ends[symbol - 1] if symbol else 0
        self._offset -= unit * start
        self._width = unit * (ends[symbol] - start)
        while self._width <= NARROWEST:
            byte = self._data[self._at] if self._at < len(self._data) else 0
            self._offset = self._offset << 8 | byte
            self._width <<= 8
            self._at += 1
        return symbol

    @property
    def left(self) -> int:
        """Bytes not yet taken up; negative where zeros were read behind the last byte."""
        return len(self._data) - self._at
