"""Tokens by tenant: hashed at rest, several at a time, taken back without a restart."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from codec.errors import SecoustiError
from server.auth import TOKEN_TEXT
from server.tenants import ANYONE, OPERATOR, Tenants, keys_text, new_key, read_keys, retired

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def written(path, *keys):
    """The file with these keys, as old as its size and content make it."""
    path.write_text(keys_text(keys))
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000))
    return path


def test_without_tokens_anyone_calls():
    assert Tenants(None, None).whose(None) == ANYONE
    assert Tenants(None, None).whose("anything") == ANYONE


def test_the_settings_own_token_is_the_operators(tmp_path):
    token, key = new_key("north", NOW)
    tenants = Tenants("long-enough", written(tmp_path / "t.json", key))
    assert tenants.whose("long-enough") == OPERATOR
    assert tenants.whose(token) == "north"
    for wrong in (None, "", "guess", "\ud800", token[:-1], key.sha256):
        assert tenants.whose(wrong) is None


def test_the_file_holds_no_token_and_every_client_can_send_one(tmp_path):
    token, key = new_key("north", NOW)
    path = written(tmp_path / "t.json", key)
    assert token not in path.read_text()
    assert TOKEN_TEXT.fullmatch(token)
    assert token.isalnum()
    assert read_keys(path) == [key]


def test_an_old_token_works_while_the_new_one_goes_round(tmp_path):
    now = [NOW]
    old, first = new_key("north", NOW)
    new, second = new_key("north", NOW)
    path = written(tmp_path / "t.json", *retired([first], "north", None, NOW + DAY), second)
    tenants = Tenants(None, path, lambda: now[0])
    assert tenants.whose(old) == tenants.whose(new) == "north"
    now[0] += DAY
    assert tenants.whose(old) is None
    assert tenants.whose(new) == "north"


def test_a_changed_file_counts_at_once_and_a_broken_one_not_at_all(tmp_path, caplog):
    token, key = new_key("north", NOW)
    path = written(tmp_path / "t.json", key)
    tenants = Tenants(None, path, lambda: NOW)
    other, second = new_key("south", NOW)
    written(path, *retired([key], "north", key.id, NOW), second)
    assert (tenants.whose(token), tenants.whose(other)) == (None, "south")
    path.write_text("{")
    assert tenants.whose(other) == "south"
    path.unlink()
    assert tenants.whose(other) == "south"
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


def test_retiring_keeps_an_earlier_end():
    _, key = new_key("north", NOW)
    [ended] = retired([key], "north", None, NOW)
    assert retired([ended], "north", None, NOW + DAY) == [ended]
    with pytest.raises(SecoustiError, match="no tenant 'south'"):
        retired([key], "south", None, NOW)
    with pytest.raises(SecoustiError, match="no token xyz"):
        retired([key], "north", "xyz", NOW)


@pytest.mark.parametrize("name", ["", "North", "a b", "n" * 41, 'x"}', "ü"])
def test_a_tenant_has_a_name_that_metrics_can_bear(name):
    with pytest.raises(SecoustiError, match="tenant"):
        new_key(name, NOW)


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "the file"), ("[{}]", "0.tenant"), ('[{"tenant": 1}]', "0.tenant"), ("{}", "array")],
)
def test_a_damaged_file_is_named_with_the_place(tmp_path, text, told):
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(SecoustiError, match=rf"t\.json.*{told}"):
        Tenants(None, path)
    with pytest.raises(SecoustiError, match="cannot read"):
        Tenants(None, tmp_path / "absent.json")
