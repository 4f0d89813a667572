"""What a person may set, in one place: flags, then ``SECOUSTI_*``, then a TOML file, then defaults.

A field ``port`` is the flag ``--port``, the variable ``SECOUSTI_PORT`` and the TOML line
``port = 8765``. A nearer source wins over a farther one, field by field.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from codec.errors import SecoustiError
from secousti.origins import PREFIX, Origins

# Telephone vendors' wires, Asterisk's, the OpenAI Realtime protocol's, and our own.
Wire = Literal["call", "twilio", "telnyx", "plivo", "vonage", "exotel", "asterisk", "realtime"]
DEFAULT_CONFIG = Path("secousti.toml")


class Settings(BaseSettings):
    """Frozen settings of one run; build with :func:`load_settings`.

    What stands below a setting is what ``secousti serve --print-config`` says of it.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    # The codec.
    rate: Literal["low", "high"] = "high"
    """Of calls and files that do not say: low still loses too many words for a first call."""
    weights: Path | None = None
    """Codec weights of that rate; unset: those inside the package."""

    # Where the server listens, and who may call.
    host: str = "127.0.0.1"
    """Nobody else hears a call unless somebody decides so; 0.0.0.0 is every network."""
    port: int = Field(default=8765, ge=0, le=65535)
    """0: any free one."""
    token: SecretStr | None = None
    """What every caller must know; required beyond loopback, unless there is a file of tokens."""
    tokens: Path | None = None
    """A file of tokens by tenant, which 'secousti token' writes."""
    insecure: bool = False
    """The deliberate way out of needing a token beyond loopback."""
    origins: tuple[str, ...] = ()
    """Web pages elsewhere that may call, such as "https://help.example.org"; others may not."""
    tls_cert: Path | None = None
    """A certificate chain (PEM), for wss:// without a proxy."""
    tls_key: Path | None = None
    """The certificate's key (PEM)."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-For is believed; anybody can write that header."""
    metrics_token: SecretStr | None = None
    """Who brings it may read /metrics; unset: programs of this machine, where host is loopback."""

    # Wires.
    wires: tuple[Wire, ...] = get_args(Wire)
    """The ways in that are open: shut those that are not in use."""
    public_url: str | None = None
    """The address that Twilio calls and signs behind a proxy: "wss://help.example.org"."""
    twilio_auth_token: SecretStr | None = None
    """Given: what Twilio has not signed stays out."""
    audiosocket_host: str = "127.0.0.1"
    """Asterisk's AudioSocket has neither TLS nor a token: keep it on a private network."""
    audiosocket_port: int | None = Field(default=None, ge=0, le=65535)
    """Unset: shut; 0: any free one."""
    audiosocket_calls: tuple[str, ...] = ()
    """The UUIDs that are expected; empty: any, on loopback only."""
    handoff_url: str | None = None
    """Asked when a caller wants a person; unset: this line has nobody."""

    # How much, and how long.
    slots: int | None = Field(default=None, ge=1, le=512)
    """Calls at once; unset: as many as the codec's steps are measured to fit at the start."""
    resume_s: float = Field(default=60.0, ge=0)
    """A caller whose connection breaks may come back so long; 0: he must call anew."""
    waiting: int = Field(default=32, ge=1)
    """Connections that have not said hello yet; more are told to come back."""
    ray: int = Field(default=0, ge=0, le=1000)
    """Replicas of the server behind Ray Serve's ingress; 0: this one process, without Ray."""
    ray_cpus: float = Field(default=1.0, gt=0)
    """Cores that a Ray cluster reserves for each replica."""
    silences_s: tuple[Annotated[float, Field(gt=0)], ...] = (25.0, 45.0, 60.0)
    """After so much silence a caller is asked whether they are there, then let go; empty: never."""
    session_s: float = Field(default=1800.0, gt=0)
    """Half an hour, then the call is closed with a word, unless there is risk."""
    closing_notice_s: float = Field(default=180.0, ge=0)
    """That it will be closed is said so long before."""
    call_limit_s: float = Field(default=3600.0, gt=0)
    """An hour; longer is a line left open."""
    idle_timeout_s: float = Field(default=20.0, gt=0)
    """A live caller sends silence too, so a quiet line is a dead one."""
    hello_timeout_s: float = Field(default=5.0, gt=0)
    """Who connects and says nothing holds a place of those who wait."""
    respond_deadline_s: float = Field(default=8.0, gt=0)
    """Thinking longer than this is answered with an apology; hearing and speaking likewise."""
    spoken_ahead: int = Field(default=1, ge=0)
    """First sounds of answers made at once while callers pause, of all calls; 0: none."""
    hold_s: float = Field(default=2.0, gt=0)
    """Thinking longer than this, the agent says so; a dead line is hung up on."""
    lead_ms: int = Field(default=400, ge=20, le=2000)
    """Sound sent ahead where the far end keeps a queue: hides jitter, and is soon taken back."""
    sentence_gap_ms: int = Field(default=240, ge=0, le=2000)
    """A breath between sentences, as the voice leaves inside a text."""
    codec_threads: int = Field(default=1, ge=1)
    """Of the codec's steps; more would fight the recogniser for cores."""
    last_reply_s: float = Field(default=10.0, ge=0)
    """What is being said when a call must end may end too."""
    drain_s: float = Field(default=900.0, ge=0)
    """After SIGTERM running calls may go on so long; whoever kills the process must wait longer."""
    address_connections: int = Field(default=64, ge=1)
    """At once from one address; an office, or a telephone vendor, stays below."""
    address_handshakes_per_s: float = Field(default=4.0, gt=0)
    """Of one address, with a burst of half a minute: everybody comes back after a restart."""
    address_failures_per_s: float = Field(default=0.2, gt=0)
    """Wrong tokens of one address, likewise: no token is found by trying."""
    address_calls: int | None = Field(default=None, ge=1)
    """At once from one address; unset, because a vendor brings all its calls from a few."""
    tenant_calls: int | None = Field(default=None, ge=1)
    """At once of one tenant, so that the others find a slot too; unset: all."""
    tenant_calls_per_minute: float | None = Field(default=None, gt=0)
    """Of one tenant, with a burst of half a minute; unset: no limit."""

    # What is kept and told.
    store: str | None = None
    """A folder, or a database URL, for calls, risk and memories; unset: nothing is kept."""
    store_key: SecretStr | None = None
    """Turns what a caller is called into his id; a folder makes one of its own."""
    keep_days: float = Field(default=30.0, gt=0)
    """Of the store: calls, their logs, and callers who do not call again, go after so long."""
    log_dir: Path | None = None
    """Where calls are logged as they crossed the wire; unset: they leave nothing behind."""
    log_words: bool = False
    """What was said is nobody's business: in no log unless asked for."""
    log_format: Literal["text", "json"] = "text"
    """Of what the server writes to standard error: for a person, or one object a line."""
    traces: bool = False
    """OpenTelemetry spans of calls and turns, sent where OTEL_EXPORTER_OTLP_ENDPOINT says."""
    trace_private: bool = False
    """Also what was said, the risk and who called, as attributes secousti.private.*"""

    # The agent.
    locale: str = "US"
    """Whose crisis lines are named to callers whose wire does not say where they are."""
    recogniser: str = "moonshine"
    """Or the path of a Whisper checkpoint."""
    voice: Path | None = None
    """A Piper voice (.onnx beside its .json); unset: the one that a package carries."""
    scales: bool = False
    """Self-report scales (PHQ-9, GAD-7) for callers who ask; never offered, no diagnosis."""
    scales_folder: Path | None = None
    """More scales, as TOML files of your own; docs/exercises.md has the form."""
    planner: Path | None = None
    """Which move comes next, fitted to your own dialogues by 'secousti eval strategy --refit'."""
    persona: str = ""
    """Who speaks, by name ("Mara"); empty: the house voice (secousti personas)."""
    match: bool = False
    """Propose a persona from what the caller says; asked for, one comes anyway."""
    llm_url: str = ""
    """An OpenAI-compatible endpoint, http://.../v1; empty: the embedded writer."""
    llm_model: str = "default"
    """Local servers ignore the name."""
    llm_key: SecretStr = SecretStr("")
    """What the endpoint asks for."""
    llm_deadline_s: float = Field(default=2.0, gt=0)
    """Then the embedded writer answers: a caller hears silence meanwhile."""

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
    file = config or DEFAULT_CONFIG
    try:
        return settings_class(file)(**given)
    except ValidationError as fault:
        raise SecoustiError(explain(fault, Origins(file, given))) from fault
    except SettingsError as fault:  # the only one there is: a list that is none
        raise SecoustiError(f'{_variable_in(fault)}: write a list as ["one", "two"]') from fault
    except (ValueError, OSError) as fault:  # tomllib's own faults are ValueErrors too
        raise SecoustiError(f"{file} is not valid TOML: {fault}") from fault


def _variable_in(fault: SettingsError) -> str:
    """The variable that could not be read, by the field that the fault quotes."""
    names = [name for name in Settings.model_fields if f'"{name}"' in str(fault)]
    return f"{PREFIX}{names[0].upper()}" if names else "a variable"


def settings_class(config: Path) -> type[Settings]:
    """:class:`Settings` that reads ``config`` as its TOML source."""

    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    return FileSettings


def explain(fault: ValidationError, origins: Origins) -> str:
    """The first complaint of pydantic as one sentence that names the setting and where it is."""
    first = fault.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    where = origins.of(name.partition(".")[0])
    if first["type"] == "extra_forbidden":
        known = get_close_matches(name, Settings.model_fields, 1)
        meant = f"did you mean {known[0]!r}?" if known else "'serve --print-config' has all"
        return f"{where}: there is no setting {name!r}; {meant}"
    return f"{where}: setting {name!r}: {first['msg']} (given: {first['input']!r})"
