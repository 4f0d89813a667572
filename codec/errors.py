"""The one exception a person ever sees: what was wrong, what was expected, what to do."""

from __future__ import annotations


class SecoustiError(Exception):
    """A fault at the boundary, told in one clear message.

    Raised for bad input, missing files or packages, and refused requests in every room (the codec
    is the room all others may import). Command lines print it without a traceback and exit with 2.
    """
