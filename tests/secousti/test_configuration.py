"""The settings as they are printed: a file that would set them, without secrets, with sources."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec.errors import SecoustiError
from secousti.__main__ import main
from secousti.configuration import toml_value
from secousti.house import server_settings
from secousti.settings import Settings, load_settings
from server.limits import CrowdLimits
from server.settings import ServerSettings

FILE = """\
# how this line runs
port = 9000

host = "0.0.0.0"
'log_words' = true
"""


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["serve", "--print-config", *words]) == 0
    return capsys.readouterr().out


def test_every_setting_says_its_reason_and_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secousti.toml").write_text(FILE)
    monkeypatch.setenv("SECOUSTI_TOKEN", "hush-hush")
    text = printed(capsys, "--slots", "3")
    assert "hush-hush" not in text
    assert "port = 9000  # secousti.toml, line 2" in text
    assert "log_words = true  # secousti.toml, line 5" in text
    assert '# token = "**********"  # SECOUSTI_TOKEN' in text
    assert "slots = 3  # --slots" in text
    assert "drain_s = 900.0  # default" in text
    assert all(field.description for field in Settings.model_fields.values())


def test_what_is_printed_sets_the_same_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secousti.toml").write_text(FILE)
    (tmp_path / "again.toml").write_text(printed(capsys, "--wires", "call", "twilio"))
    again = load_settings(tmp_path / "again.toml")
    assert again.model_dump() == load_settings(wires=("call", "twilio")).model_dump()


@given(
    st.one_of(
        st.text(st.characters(codec="utf-8")),
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(0, 1e9),
    )
)
def test_a_value_comes_back_from_its_line(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("\nprot = 1\n", "secousti.toml, line 2: there is no setting 'prot'; did you mean 'port'"),
        ("port = 1\nslots = 0\n", "secousti.toml, line 2: setting 'slots'"),
        ("[port]\nx = 1\n", "secousti.toml, line 1: setting 'port'"),
        ("port = 1\nslots = ?\n", "secousti.toml is not valid TOML: Invalid value (at line 2"),
        ("port = 1\nport = 2\n", "secousti.toml is not valid TOML"),
    ],
)
def test_a_fault_names_the_file_and_its_line(tmp_path: Path, toml: str, told: str) -> None:
    (tmp_path / "secousti.toml").write_text(toml)
    with pytest.raises(SecoustiError) as fault:
        load_settings()
    assert told in str(fault.value)


def test_a_fault_elsewhere_names_the_variable_or_the_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECOUSTI_SLOTS", "many")
    with pytest.raises(SecoustiError, match=r"^SECOUSTI_SLOTS: setting 'slots'"):
        load_settings()
    with pytest.raises(SecoustiError, match=r"^--slots: setting 'slots'"):
        load_settings(slots=-1)


def test_a_list_in_a_variable_is_told_how_to_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECOUSTI_TRUSTED_PROXIES", '["10.0.0.1", "10.0.0.2"]')
    assert load_settings().trusted_proxies == ("10.0.0.1", "10.0.0.2")
    monkeypatch.setenv("SECOUSTI_TRUSTED_PROXIES", "10.0.0.1")
    with pytest.raises(SecoustiError, match=r'^SECOUSTI_TRUSTED_PROXIES: write a list as \["one"'):
        load_settings()


def test_a_list_of_numbers_is_shown_as_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secousti.toml").write_text("silences_s = [20.0, 40.0]\n")
    assert load_settings().silences_s == (20.0, 40.0)
    assert toml_value(load_settings().silences_s) == "[20.0, 40.0]"
    Path("secousti.toml").write_text("silences_s = [0]\n")
    with pytest.raises(SecoustiError, match="silences_s"):
        load_settings()


def test_a_file_of_bytes_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "secousti.toml").write_bytes(b"port = \xff\n")
    with pytest.raises(SecoustiError, match=r"secousti\.toml is not valid TOML"):
        load_settings()


def test_everything_of_the_server_can_be_set() -> None:
    elsewhere = {"allowed_origins", "limits", "crowd"}  # "origins"; each wire's own; by their names
    names = {field.name for plan in (ServerSettings, CrowdLimits) for field in fields(plan)}
    assert names - elsewhere <= set(Settings.model_fields)
    plan, given = ServerSettings(), server_settings(load_settings())
    assert given == plan


def test_the_server_gets_what_was_set() -> None:
    plan = server_settings(load_settings(drain_s=5.0, tenant_calls=2, metrics_token="count-me"))
    assert (plan.drain_s, plan.crowd.tenant_calls, plan.metrics_token) == (5.0, 2, "count-me")
