"""The operator's own address for people who take over: asked with names, believed on 2xx alone."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from codec.errors import SecoustiError
from server.handoff import webhook
from server.parts import CallName

CALL = CallName("abc", "twilio", "CA1")


@contextmanager
def desk(status):
    """An HTTP server that answers ``status``; gives its address and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/people", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("status", "comes"), [(200, True), (302, False), (503, False)])
def test_only_a_clear_yes_is_a_person(status, comes):
    with desk(status) as (url, asked):
        assert webhook(url)(CALL) is comes
    assert asked == [{"session": "abc", "wire": "twilio", "peer_id": "CA1"}]


def test_nobody_there_is_nobody():
    with desk(200) as (url, _):
        pass  # and gone again
    assert webhook(url)(CALL) is False


@pytest.mark.parametrize("url", ["people", "ftp://help.example", "http://", "http://:80", ""])
def test_an_address_that_is_none_is_one_clear_sentence(url):
    with pytest.raises(SecoustiError, match="handoff_url"):
        webhook(url)
