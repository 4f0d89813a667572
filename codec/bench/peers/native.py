"""Finding the C libraries some peers live in: in a Python wheel, or installed by the system."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
from pathlib import Path

from codec.bench.peers.base import PeerMissingError


def load_library(name: str, advice: str) -> ctypes.CDLL:
    """Open ``lib{name}``; the copy inside the ``av`` wheel, often newer, goes first.

    Raises :class:`PeerMissingError` with ``advice`` (how to install it) if there is none.
    """
    path = _inside_av_wheel(name) or ctypes.util.find_library(name)
    if path is None:
        raise PeerMissingError(f"lib{name} was not found: {advice}")
    return ctypes.CDLL(path)


def _inside_av_wheel(name: str) -> str | None:
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        return None
    libraries = Path(spec.origin).parent.parent / "av.libs"
    return next((str(path) for path in sorted(libraries.glob(f"lib{name}-*.so*"))), None)
