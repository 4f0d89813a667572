"""What is installed here, which parts are live, what is missing and how to get it.

Every check is cheap and changes nothing: files are looked at, no model is loaded, and the only
network it touches is the endpoint that the person named.
"""

from __future__ import annotations

import importlib.util
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import httpx

import codec
from codec.rates import RATES
from secousti.settings import Settings
from voice_agent import assets

ENDPOINT_TIMEOUT_S = 2.0  # a local endpoint answers in milliseconds; nobody waits for a dead one


class State(StrEnum):
    READY = "ready"
    OFF = "off"  # optional, and not here
    MISSING = "missing"  # a call needs it


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``remedy`` is a command or a sentence, empty where none is needed."""

    part: str
    state: State
    detail: str
    remedy: str = ""


# (module to look for, what it is for, the extra that brings it)
OPTIONAL_PACKAGES = (
    ("whisper", "openai-whisper recogniser", "whisper"),
    ("faster_whisper", "faster-whisper recogniser", "whisper"),
    ("torchaudio", "codec training", "train"),
    ("pesq", "PESQ scores", "bench"),
    ("pystoi", "STOI scores", "bench"),
)
# (command, the benchmark peer it is, Debian package)
PEER_TOOLS = (
    ("opusenc", "Opus", "opus-tools"),
    ("speexenc", "Speex", "speex"),
    ("c2enc", "Codec2", "codec2"),
)


def examine(settings: Settings) -> list[Finding]:
    """Every finding, what a call needs first."""
    return [
        machine(),
        *codec_weights(settings),
        *carried_weights(),
        endpoint(settings),
        sound_card(),
        *optional_packages(),
        *peer_tools(),
    ]


def fit_for_a_call(findings: list[Finding]) -> bool:
    return all(finding.state is not State.MISSING for finding in findings)


def machine() -> Finding:
    detail = f"Python {platform.python_version()}, torch {version('torch')}, {platform.machine()}"
    return Finding("machine", State.READY, detail)


def codec_weights(settings: Settings) -> Iterator[Finding]:
    folder = Path(codec.__file__).parent / "weights"
    for rate in RATES:
        own = settings.weights if rate == settings.rate else None
        path = own or folder / f"{rate}.safetensors"
        if path.is_file():
            yield Finding(f"codec weights, {rate}", State.READY, str(path))
        else:
            remedy = "reinstall secousti, or train your own: secousti train codec --help"
            yield Finding(f"codec weights, {rate}", State.MISSING, f"no file {path}", remedy)


def carried_weights() -> Iterator[Finding]:
    for asset in assets.ASSETS:
        found = assets.state(asset)
        if found.state == "ready":
            detail = f"{asset.name} {asset.version} ({asset.licence})"
            yield Finding(asset.use, State.READY, detail)
        else:
            detail = f"{asset.name}: {found.state}"
            yield Finding(asset.use, State.MISSING, detail, found.detail)


def endpoint(settings: Settings) -> Finding:
    part = "language model endpoint"
    if not settings.llm_url:
        remedy = "optional: SECOUSTI_LLM_URL=http://127.0.0.1:8000/v1"
        return Finding(part, State.OFF, "none named; the embedded writer answers", remedy)
    url = settings.llm_url.rstrip("/") + "/models"
    key = settings.llm_key.get_secret_value()
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        httpx.get(url, headers=headers, timeout=ENDPOINT_TIMEOUT_S).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        remedy = "calls still work: the embedded writer answers until the endpoint does"
        return Finding(part, State.OFF, f"{url}: {fault or type(fault).__name__}", remedy)
    return Finding(part, State.READY, url)


def sound_card() -> Finding:
    part = "microphone and loudspeaker"
    try:
        import sounddevice

        heard, played = (sounddevice.query_devices(kind=kind) for kind in ("input", "output"))
    except ImportError:
        return Finding(part, State.OFF, "sounddevice is not installed", "pip install -e '.[mic]'")
    except Exception as fault:  # OSError without PortAudio; its own error without a device
        return Finding(part, State.OFF, one_line(fault), "instead: secousti mic --file talk.wav")
    return Finding(part, State.READY, f"{heard['name']}; {played['name']}")


def optional_packages() -> Iterator[Finding]:
    for module, use, extra in OPTIONAL_PACKAGES:
        if importlib.util.find_spec(module):
            yield Finding(use, State.READY, f"{module} {installed_version(module)}".strip())
        else:
            yield Finding(use, State.OFF, "not installed", f"pip install -e '.[{extra}]'")


def installed_version(module: str) -> str:
    """The version of the distribution of that name, or nothing where the names differ."""
    try:
        return version(module)
    except PackageNotFoundError:
        return ""


def peer_tools() -> Iterator[Finding]:
    for command, peer, package in PEER_TOOLS:
        where = shutil.which(command)
        part = f"benchmark peer {peer}"
        if where:
            yield Finding(part, State.READY, where)
        else:
            yield Finding(part, State.OFF, f"no {command}", f"apt-get install {package}")


def one_line(fault: Exception) -> str:
    return " ".join(str(fault).split()) or type(fault).__name__


def as_json(findings: list[Finding]) -> list[dict[str, str]]:
    """Plain JSON values, one object a finding, in the order of the report."""
    return [asdict(finding) for finding in findings]
