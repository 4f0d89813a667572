"""A part that a call can do without for one turn: its fault is logged, and the call goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")


def attempt(what: str, work: Callable[[], T]) -> T | None:
    """What ``work`` gives, or None where it fails; ``what`` names it in the log."""
    try:
        return work()
    except Exception:
        logger.exception("%s failed on a turn; the call goes on without it", what)
        return None
