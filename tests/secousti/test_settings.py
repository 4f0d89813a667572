"""Settings: nearer sources win, field by field, and faults name the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from codec.errors import SecoustiError
from secousti.house import server_settings
from secousti.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_need_no_source() -> None:
    settings = load_settings()
    assert (settings.rate, settings.host, settings.port) == ("high", "127.0.0.1", 8765)


def test_flags_beat_environment_beats_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secousti.toml").write_text('port = 1\nlocale = "UK"\nrate = "low"\n')
    monkeypatch.setenv("SECOUSTI_PORT", "2")
    monkeypatch.setenv("SECOUSTI_LOCALE", "IE")
    settings = load_settings(port=3)
    assert (settings.port, settings.locale, settings.rate) == (3, "IE", "low")


def test_a_flag_not_given_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECOUSTI_RATE", "low")
    assert load_settings(rate=None).rate == "low"


def test_another_file_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "line.toml").write_text("port = 9000\n")
    assert load_settings(tmp_path / "line.toml").port == 9000


def test_secrets_do_not_print() -> None:
    assert "hush" not in repr(load_settings(token="hush", llm_key="hush"))


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("prot = 1", "no setting 'prot'"),
        ('rate = "medium"', "'low' or 'high'"),
        ("port = 70000", "setting 'port'"),
        ("port = [", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(tmp_path: Path, toml: str, expected: str) -> None:
    (tmp_path / "secousti.toml").write_text(toml)
    with pytest.raises(SecoustiError, match=expected) as fault:
        load_settings()
    assert "\n" not in str(fault.value)


def test_a_bad_variable_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECOUSTI_PORT", "eighty")
    with pytest.raises(SecoustiError, match=r"'port'.*eighty"):
        load_settings()


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SecoustiError, match="no settings file"):
        load_settings(tmp_path / "absent.toml")


def test_every_setting_has_a_default() -> None:
    assert all(not field.is_required() for field in Settings.model_fields.values())


def test_the_doors_are_set_like_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secousti.toml").write_text('audiosocket_calls = ["40325ec2-5efd-4bd3"]')
    monkeypatch.setenv("SECOUSTI_TWILIO_AUTH_TOKEN", "hush")
    settings = load_settings(wires=["call", "twilio"], audiosocket_port=9092)
    plan = server_settings(settings)
    assert plan.wires == ("call", "twilio")
    assert (plan.audiosocket_port, plan.audiosocket_host) == (9092, "127.0.0.1")
    assert plan.audiosocket_calls == ("40325ec2-5efd-4bd3",)
    assert plan.twilio_auth_token == "hush"
    assert "hush" not in repr(settings)
    with pytest.raises(SecoustiError, match="'wires"):
        load_settings(wires=["fax"])
