"""How one server runs. Every default stands with its reason; ``secousti serve`` fills these in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from server.limits import CrowdLimits, Limits

WIRES = ("call", "twilio", "telnyx", "plivo", "vonage", "exotel", "asterisk", "realtime")


@dataclass(frozen=True)
class ServerSettings:
    host: str = "127.0.0.1"  # nobody else hears a call unless somebody decides so
    port: int = 8765  # 0: any free one
    token: str | None = None  # required on every address but loopback, unless there are tokens
    tokens: Path | None = None  # a file of tokens by tenant (tenants.py)
    insecure: bool = False  # the deliberate way out of that requirement
    allowed_origins: tuple[str, ...] = ()  # further web origins, e.g. "https://support.example"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For is believed (proxies.py)
    metrics_token: str | None = None  # None: /metrics is for programs of this machine (scrape.py)
    wires: tuple[str, ...] = WIRES  # the ways in that are open; those not in use may be shut
    locale: str = "US"  # of callers whose wire does not say where they are

    public_url: str | None = None  # "wss://help.example.org", as Twilio calls it, behind a proxy
    twilio_auth_token: str | None = None  # given: only what Twilio has signed gets in at /twilio

    audiosocket_host: str = "127.0.0.1"  # Asterisk's AudioSocket has neither TLS nor a token
    audiosocket_port: int | None = None  # None: not answered; 0: any free one
    audiosocket_calls: tuple[str, ...] = ()  # UUIDs that are expected; none: any, on loopback only

    slots: int | None = None  # calls at once; None: as many as are measured to fit (capacity.py)
    waiting: int = 32  # connections that have not said hello yet
    codec_threads: int = 1  # of the engine's thread; more would fight the recogniser for cores

    lead_ms: int = 400  # audio sent ahead of real time: hides jitter, short to take back
    sentence_gap_ms: int = 240  # a breath between sentences, as the voice leaves inside a text
    spoken_ahead: int = 1  # first sounds made at once while callers pause, of all calls; 0: none
    respond_deadline_s: float = 8.0  # thinking, hearing, speaking: longer is a fault
    hello_timeout_s: float = 5.0
    idle_timeout_s: float = 20.0  # a live caller sends silence too
    resume_s: float = 60.0  # a tunnel, a lift, a change of network; 0: a dropped caller calls anew
    hold_s: float = 2.0  # thinking longer than this, the agent says so; a dead line is hung up on
    # A caller who says nothing is asked whether they are there, and ever more rarely: people on a
    # support line think for long.
    silences_s: tuple[float, ...] = (25.0, 45.0, 60.0)
    session_s: float = 1800.0  # then the call is closed, if there is no risk; research notes 3.4
    closing_notice_s: float = 180.0  # it is said so long before
    call_limit_s: float = 3600.0  # an hour; longer is a line left open
    drain_s: float = 900.0  # a caller in need is not cut off because of an update
    last_reply_s: float = 10.0  # what is being said when a call must end may end too

    store: str | None = None  # a folder or database URL; None: nothing is kept of a call
    store_key: str | None = None  # of callers' ids; a folder makes its own
    keep_days: float = 30.0  # calls, their logs, and callers who do not call again
    log_dir: Path | None = None  # None: calls leave nothing behind
    log_words: bool = False  # transcripts are written only when asked for
    traces: bool = False  # spans of calls and turns (traces.py)
    trace_private: bool = False  # also what was said, the risk and who called
    limits: Limits = field(default_factory=Limits)  # of one connection
    crowd: CrowdLimits = field(default_factory=CrowdLimits)  # of one address and one tenant
