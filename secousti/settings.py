"""What a person may set, in one place: flags, then ``SECOUSTI_*``, then a TOML file, then defaults.

A field ``port`` is the flag ``--port``, the variable ``SECOUSTI_PORT`` and the TOML line
``port = 8765``. A nearer source wins over a farther one, field by field.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from codec.errors import SecoustiError

# Telephone vendors' wires, Asterisk's, the OpenAI Realtime protocol's, and our own.
Wire = Literal["call", "twilio", "telnyx", "plivo", "vonage", "exotel", "asterisk", "realtime"]
DEFAULT_CONFIG = Path("secousti.toml")


class Settings(BaseSettings):
    """Frozen settings of one run; build with :func:`load_settings`."""

    model_config = SettingsConfigDict(env_prefix="SECOUSTI_", frozen=True, extra="forbid")

    # The codec.
    rate: Literal["low", "high"] = "high"  # low still loses too many words for a first call
    weights: Path | None = None  # None: the weights inside the package

    # The server. Loopback needs no token; every other address does.
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)
    token: SecretStr | None = None
    insecure: bool = False  # the deliberate way out of that
    origins: tuple[str, ...] = ()  # web pages elsewhere that may call, "https://help.example.org"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    wires: tuple[Wire, ...] = get_args(Wire)  # the ways in that are open; docs/wires.md
    public_url: str | None = None  # "wss://help.example.org": how Twilio calls it behind a proxy
    twilio_auth_token: SecretStr | None = None  # given: what Twilio has not signed stays out
    audiosocket_host: str = "127.0.0.1"
    audiosocket_port: int | None = Field(default=None, ge=0, le=65535)  # None: shut
    audiosocket_calls: tuple[str, ...] = ()  # the UUIDs that are expected; none: any
    handoff_url: str | None = None  # asked when a caller wants a person; None: this line has nobody
    log_dir: Path | None = None  # None: calls leave nothing behind
    log_words: bool = False  # what was said is nobody's business unless asked for
    slots: int = Field(default=8, ge=1, le=512)  # what two cores carry with room to spare

    # The agent.
    locale: str = "US"  # which crisis lines are named
    recogniser: str = "moonshine"  # or the path of a Whisper checkpoint
    voice: Path | None = None  # a Piper voice (.onnx beside its .json)
    llm_url: str = ""  # an OpenAI-compatible endpoint, http://.../v1; empty: the embedded writer
    llm_model: str = "default"  # local servers ignore the name
    llm_key: SecretStr = SecretStr("")
    llm_deadline_s: float = Field(default=2.0, gt=0)  # then the embedded writer answers

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, TOML: nothing else is read (no .env, no secrets folder)."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """The settings in force: ``flags`` that are not None, environment, then ``config``.

    Without ``config``, ``secousti.toml`` in the current folder is read where it exists. Raises
    :class:`SecoustiError` for a missing file, broken TOML, an unknown name or a bad value.
    """
    if config is not None and not config.is_file():
        raise SecoustiError(f"there is no settings file {config}: check --config")
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return settings_class(config or DEFAULT_CONFIG)(**given)
    except ValidationError as fault:
        raise SecoustiError(explain(fault)) from fault
    except ValueError as fault:  # tomllib's own fault is a ValueError too
        raise SecoustiError(f"{config or DEFAULT_CONFIG} is not valid TOML: {fault}") from fault


def settings_class(config: Path) -> type[Settings]:
    """:class:`Settings` that reads ``config`` as its TOML source."""

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    return FileSettings


def explain(fault: ValidationError) -> str:
    """The first complaint of pydantic as one sentence that names the setting."""
    first = fault.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        known = ", ".join(Settings.model_fields)
        return f"there is no setting {name!r}; the settings are {known}"
    return f"setting {name!r}: {first['msg']} (given: {first['input']!r})"
