"""Files that are whole or absent: written beside their place, moved there when complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from codec.errors import SecoustiError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well.

    The temporary name keeps the suffix, by which sound libraries choose a format. Raises
    :class:`SecoustiError` where the folder cannot be written; ``path`` is then as it was.
    """
    draft = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        draft.replace(path)
    except OSError as fault:
        reason = fault.strerror or fault
        raise SecoustiError(f"cannot write {path}: {reason}; choose another place") from fault
    finally:
        with suppress(OSError):
            draft.unlink()


def existing(path: Path, what: str) -> Path:
    """``path`` itself, if a file is there; raises :class:`SecoustiError` naming ``what``."""
    if path.is_dir():
        raise SecoustiError(f"{path} is a folder, but {what} was expected")
    if not path.exists():
        raise SecoustiError(f"there is no file {path}: give the path of {what}")
    return path
