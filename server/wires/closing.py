"""How a call ends on the wire: close codes as data, and the error that carries one.

Codes below 4000 are those of RFC 6455 section 7.4.1 (and 1013 of its registry); 4000-4999 are free
for applications. ``docs/protocol.md`` prints this table.
"""

from __future__ import annotations

from enum import IntEnum

from codec.errors import SecoustiError


class CloseCode(IntEnum):
    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL = 1002
    UNSUPPORTED = 1003
    BAD_PAYLOAD = 1007
    POLICY = 1008
    TOO_BIG = 1009
    FAULT = 1011
    TRY_LATER = 1013
    HELLO_TIMEOUT = 4001
    WRONG_VERSION = 4002
    IDLE = 4003
    CALL_LIMIT = 4004
    NO_SUCH_CALL = 4005
    REPLACED = 4006
    LOST = 4007


MEANING: dict[CloseCode, str] = {
    CloseCode.NORMAL: "either side said bye; the call is complete",
    CloseCode.GOING_AWAY: "the server is shutting down; call again, the next one will answer",
    CloseCode.PROTOCOL: "a message came that this state does not allow, or of an unknown type",
    CloseCode.UNSUPPORTED: "a binary message came where JSON belongs",
    CloseCode.BAD_PAYLOAD: "not the JSON or not the whole packets that the message must hold",
    CloseCode.POLICY: "more messages, bytes or audio than a live caller sends",
    CloseCode.TOO_BIG: "one message is larger than its kind may be",
    CloseCode.FAULT: "the server failed inside; the reason is in its log",
    CloseCode.TRY_LATER: "every slot is taken; call again later",
    CloseCode.HELLO_TIMEOUT: "no hello came in time",
    CloseCode.WRONG_VERSION: "the client speaks another version of this protocol",
    CloseCode.IDLE: "nothing came from the client for too long; a live caller sends silence too",
    CloseCode.CALL_LIMIT: "the call reached the longest duration this server allows",
    CloseCode.NO_SUCH_CALL: "no call to come back to: it is over, or the token is not its own",
    CloseCode.REPLACED: "another connection has taken this call over",
    CloseCode.LOST: "the connection broke and the caller did not come back in time",
}

REASON_BYTES = 123  # RFC 6455 section 5.5: a control frame carries 125 bytes, two are the code


class ProtocolError(SecoustiError):
    """The peer broke the protocol; ``code`` is the close code to answer with."""

    def __init__(self, code: CloseCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def close_reason(message: str) -> str:
    """``message`` cut to the bytes a close frame can carry, at a character boundary."""
    return message.encode()[:REASON_BYTES].decode(errors="ignore")


class CallEnded(Exception):
    """The call is over, and how: a close code and one sentence."""

    def __init__(self, code: CloseCode, reason: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Dropped(Exception):
    """The caller's connection is gone, and nobody has said goodbye."""
