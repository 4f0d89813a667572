"""The file of tokens, changed by hand: every change is whole or did not happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from codec.errors import SecoustiError
from secousti.files import replacing
from secousti.settings import load_settings
from server.tenants import Key, keys_text, new_key, read_keys, retired


def token_file(named: Path | None, config: Path | None) -> Path:
    """The file that was ``named``, or the settings'; raises where there is neither."""
    path = named or load_settings(config).tokens
    if path is None:
        raise SecoustiError("there is no file of tokens: say --file, or set 'tokens'")
    return path


def list_tokens(path: Path, now: datetime) -> list[str]:
    """One line a token, as people read them."""
    return [_line(key, now) for key in read_keys(path)]


def add(path: Path, tenant: str, now: datetime, days: float | None) -> str:
    """A new token of ``tenant``, which ends after ``days``; the file may not exist yet."""
    token, key = new_key(tenant, now)
    ends = None if days is None else now + timedelta(days=days)
    _write(path, [*_kept(path), replace(key, expires=ends)])
    return token


def rotate(path: Path, tenant: str, now: datetime, days: float) -> str:
    """A new token of ``tenant``; its others end after ``days``. Raises for an unknown one."""
    token, key = new_key(tenant, now)
    _write(path, [*retired(read_keys(path), tenant, None, now + timedelta(days=days)), key])
    return token


def revoke(path: Path, tenant: str, key_id: str | None, now: datetime) -> None:
    """The tenant's tokens, or the one named, let nobody in from now on."""
    _write(path, retired(read_keys(path), tenant, key_id, now))


def _kept(path: Path) -> list[Key]:
    return read_keys(path) if path.exists() else []


def _write(path: Path, keys: Sequence[Key]) -> None:
    with replacing(path) as draft:
        draft.touch(mode=0o600)  # hashes are no secret, but nobody's business either
        draft.write_text(keys_text(keys))


def _line(key: Key, now: datetime) -> str:
    ends = f"until {key.expires:%Y-%m-%d %H:%M}" if key.expires else "no end"
    state = ends if key.opens(now) else f"ended {key.expires:%Y-%m-%d %H:%M}"
    return f"{key.tenant:<24} {key.id}...  made {key.created:%Y-%m-%d}  {state}"
