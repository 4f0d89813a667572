"""``python -m codec.shrink IN.safetensors OUT.safetensors``: weights in 8 bits, a third smaller."""

from __future__ import annotations

import sys
from pathlib import Path

from safetensors import safe_open

from codec.errors import SecoustiError
from codec.weights import read_weights, save_weights


def shrink(source: Path, target: Path) -> None:
    """Rewrites the weight file ``source`` in 8 bits as ``target``, with its metadata.

    Raises :class:`SecoustiError` when ``source`` is missing, damaged or no safetensors file.
    """
    values = read_weights(source)
    with safe_open(source, "pt") as file:
        metadata = dict(file.metadata() or {})
    save_weights(target, values, metadata, int8=True)


def main(words: list[str]) -> str | None:
    """Shrinks one file; the fault as one line, or None."""
    if len(words) != 2:
        return "usage: python -m codec.shrink IN.safetensors OUT.safetensors"
    source, target = map(Path, words)
    try:
        shrink(source, target)
    except SecoustiError as fault:
        return str(fault)
    before, after = (path.stat().st_size / 2**20 for path in (source, target))
    print(f"{target}: {after:.1f} MiB (before: {before:.1f})")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
