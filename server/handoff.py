"""Asking for a person: an address of the operator's own that knows who can take over a call.

It gets ``{"session", "wire", "peer_id"}`` as JSON by POST. An answer of 2xx means that somebody
takes over: the operator's side then moves the call by the vendor's means (Twilio's REST API,
Asterisk's ARI), with the name that the vendor gave it. Any other answer, or none in time, means
that nobody does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict

import httpx

from codec.errors import SecoustiError
from server.parts import CallName

log = logging.getLogger(__name__)

PATIENCE_S = 5.0  # a caller who asked for a person hears silence meanwhile


def webhook(url: str) -> Callable[[CallName], bool]:
    """Asks ``url``; blocking.

    Raises:
        SecoustiError: ``url`` is no http(s) address.
    """
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise SecoustiError(f"handoff_url {url!r} is no address: {error}") from None
    if address.scheme not in ("http", "https") or not address.host:
        raise SecoustiError(f"handoff_url {url!r} is no address: begin with https://")

    def ask(call: CallName) -> bool:
        try:
            answer = httpx.post(address, json=asdict(call), timeout=PATIENCE_S)
        except httpx.HTTPError as error:
            log.warning("nobody could be asked to take over call %s: %s", call.session, error)
            return False
        return answer.is_success

    return ask
