"""Whose a token is: one token from the settings, or a file of many, each a tenant's.

The file holds names, dates and SHA-256 hashes, never a token: who reads it cannot call. A hash
without salt or stretching is enough because tokens are made here, of 256 random bits; a person's
password would need more. A tenant may have several tokens, so that a new one is given out while
the old one still works. The file is read again when it changes; a broken one changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from codec.errors import SecoustiError
from server.auth import admits

log = logging.getLogger(__name__)

ANYONE = "anyone"  # who calls a server that asks for no token
OPERATOR = "operator"  # whose the settings' own token is
NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")  # a label of metrics, too
NAME_LONGEST = 40
SECRET_BYTES, ID_CHARS = 32, 8

Now = Callable[[], datetime]


@dataclass(frozen=True)
class Key:
    """One token as it is kept. ``id`` is the start of the token, to speak of it by."""

    tenant: str
    id: str
    sha256: str
    created: datetime
    expires: datetime | None = None

    def opens(self, now: datetime) -> bool:
        """Whether it still lets anybody in."""
        return self.expires is None or now < self.expires


def new_key(tenant: str, now: datetime) -> tuple[str, Key]:
    """A token of ``tenant``, which only its holder will ever know, and what is kept of it.

    Raises:
        SecoustiError: the name has other characters than small letters, digits and hyphens.
    """
    if not tenant or len(tenant) > NAME_LONGEST or not NAME_CHARS.issuperset(tenant):
        raise SecoustiError(
            f"{tenant!r} is no tenant's name: use small letters, digits and hyphens, "
            f"at most {NAME_LONGEST}"
        )
    token = secrets.token_hex(SECRET_BYTES)  # every wire can carry letters and digits
    return token, Key(tenant, token[:ID_CHARS], _hashed(token), now)


def retired(keys: Sequence[Key], tenant: str, key_id: str | None, at: datetime) -> list[Key]:
    """``keys``, of which the tenant's (or only the one named ``key_id``) end at ``at``.

    Raises:
        SecoustiError: there is no such key.
    """

    def meant(key: Key) -> bool:
        return key.tenant == tenant and key_id in (None, key.id)

    if not any(map(meant, keys)):
        which = f"no token {key_id} of tenant" if key_id else "no tenant"
        raise SecoustiError(f"there is {which} {tenant!r}: 'secousti token list' shows all")
    return [replace(key, expires=at) if meant(key) and key.opens(at) else key for key in keys]


_KEYS = TypeAdapter(list[Key])


def read_keys(path: Path) -> list[Key]:
    """The keys in ``path``.

    Raises:
        SecoustiError: it cannot be read, or is no file of tokens.
    """
    try:
        return _KEYS.validate_json(path.read_bytes(), extra="forbid")
    except OSError as error:
        raise SecoustiError(f"cannot read the tokens {path}: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise SecoustiError(f"the tokens {path} are damaged at {where}: {fault['msg']}") from error


def keys_text(keys: Sequence[Key]) -> str:
    """What ``read_keys`` reads."""
    return json.dumps([asdict(key) for key in keys], indent=1, default=datetime.isoformat) + "\n"


class Tenants:
    """Who may call: knows a tenant by a token."""

    def __init__(
        self, token: str | None, file: Path | None, now: Now = lambda: datetime.now(UTC)
    ) -> None:
        """``token`` is the settings' own, ``file`` one of many; with neither, anyone may call.

        Raises:
            SecoustiError: the file cannot be read.
        """
        self._token, self._file, self._now = token, file, now
        self._seen: tuple[int, int] | None = None
        self._keys: dict[str, Key] = {}
        if file is not None:
            self._take(read_keys(file))

    @property
    def ask(self) -> bool:
        """Whether a token is needed at all."""
        return self._token is not None or self._file is not None

    def whose(self, offered: str | None) -> str | None:
        """The tenant whose token this is; None: nobody's, and whoever brought it stays out."""
        if not self.ask:
            return ANYONE
        if offered is None:
            return None
        if self._token is not None and admits(self._token, offered):
            return OPERATOR
        self._look_again()
        key = self._keys.get(_hashed(offered))
        return key.tenant if key is not None and key.opens(self._now()) else None

    def _look_again(self) -> None:
        """Reads the file again if it has changed; tokens that were taken out open nothing."""
        if self._file is None or self._stamp() == self._seen:
            return
        try:
            self._take(read_keys(self._file))
        except SecoustiError as error:
            log.error("the tokens stay as they were: %s", error)
            self._seen = self._stamp()

    def _take(self, keys: Sequence[Key]) -> None:
        self._seen = self._stamp()
        self._keys = {key.sha256: key for key in keys}

    def _stamp(self) -> tuple[int, int] | None:
        assert self._file is not None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
