"""Where a store is, and how callers are named in it: a folder of its own, or a database by URL."""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from codec.errors import SecoustiError

KEY_FILE, DATABASE_FILE = "caller.key", "calls.sqlite"
KEY_BYTES = 32


@dataclass(frozen=True)
class Place:
    """``url`` as SQLAlchemy reads it; ``key`` turns what a caller is called into his id."""

    url: str
    key: bytes

    def id_of(self, caller: str, tenant: str = "") -> str:
        """The id of a caller: a keyed hash (HMAC-SHA256), so that nobody who has the tables alone
        can find a telephone number in them by trying all. Tenants share no callers."""
        name = f"{tenant}\0{''.join(caller.split())}"
        return hmac.digest(self.key, name.encode(), "sha256").hex()


def place_of(store: str, key: str | None = None) -> Place:
    """The place that ``store`` names: a database URL, for which ``key`` must be given, or a folder,
    which is made where there is none and keeps a key of its own.

    Raises:
        SecoustiError: a URL without a key, or a folder that cannot be used.
    """
    if "://" in store:
        if not key:
            raise SecoustiError(
                "a store by URL needs a key for its callers' ids: set SECOUSTI_STORE_KEY to a "
                "long random word, and keep it"
            )
        return Place(store, key.encode())
    folder = Path(store)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = key.encode() if key else _own_key(folder / KEY_FILE)
    except OSError as error:
        raise SecoustiError(f"cannot keep calls in {folder}: {error.strerror}") from error
    return Place(f"sqlite:///{folder.resolve() / DATABASE_FILE}", own)


def _own_key(path: Path) -> bytes:
    """The folder's key, made the first time; only this user may read it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_hex(KEY_BYTES).encode())
    return path.read_bytes()
