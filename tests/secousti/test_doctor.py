"""The doctor: tells what is live, what is missing, and a cure for each."""

from __future__ import annotations

import http.server
import json
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from secousti import doctor
from secousti.__main__ import main
from secousti.doctor import Finding, State
from secousti.settings import load_settings


def test_what_is_not_ready_has_a_remedy() -> None:
    for finding in doctor.examine(load_settings()):
        assert finding.state is State.READY or finding.remedy, finding


def test_missing_weights_spoil_a_call(tmp_path: Path) -> None:
    findings = list(doctor.codec_weights(load_settings(weights=tmp_path / "none", rate="low")))
    low = next(finding for finding in findings if finding.part == "codec weights, low")
    assert low.state is State.MISSING
    assert "train" in low.remedy
    assert not doctor.fit_for_a_call(findings)


def test_optional_parts_do_not_spoil_a_call() -> None:
    assert doctor.fit_for_a_call([Finding("a", State.READY, ""), Finding("b", State.OFF, "")])


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An OpenAI-shaped endpoint on loopback that lists no models."""

    class Models(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/v1/models" else 404)
            self.end_headers()
            self.wfile.write(b'{"data": []}')

        def log_message(self, *_: object) -> None:
            """Tests stay quiet."""

    with http.server.HTTPServer(("127.0.0.1", 0), Models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_live_endpoint_is_ready(endpoint: str) -> None:
    assert doctor.endpoint(load_settings(llm_url=f"{endpoint}/v1/")).state is State.READY


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://[", "nonsense"])
def test_a_dead_endpoint_is_told(url: str) -> None:
    found = doctor.endpoint(load_settings(llm_url=url))
    assert found.state is State.OFF
    assert "embedded writer" in found.remedy


def test_an_endpoint_that_refuses_is_told(endpoint: str) -> None:
    assert "404" in doctor.endpoint(load_settings(llm_url=f"{endpoint}/v2")).detail


def fake_sounddevice(monkeypatch: pytest.MonkeyPatch, devices: object) -> None:
    module = types.ModuleType("sounddevice")
    module.query_devices = devices  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def test_no_sound_card_points_to_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(kind: str) -> object:
        raise RuntimeError(f"Error querying device -1\n({kind})")

    fake_sounddevice(monkeypatch, none)
    found = doctor.sound_card()
    assert (found.state, "\n" in found.detail) == (State.OFF, False)
    assert "--file" in found.remedy


def test_a_sound_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_sounddevice(monkeypatch, lambda kind: {"name": f"the {kind}"})
    assert doctor.sound_card().detail == "the input; the output"


def test_no_sounddevice_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert "[mic]" in doctor.sound_card().remedy


def test_json_is_a_list_of_findings(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)
    assert {frozenset(finding) for finding in findings} == {
        frozenset({"part", "state", "detail", "remedy"})
    }
    assert status == int(any(finding["state"] == "missing" for finding in findings))


def test_the_table_shows_remedies(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    shown = capsys.readouterr().out
    assert "sentence vectors" in shown
    assert "SECOUSTI_LLM_URL" in shown.replace("\n", "")
