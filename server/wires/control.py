"""Control messages in JSON: one frozen model a message, and each fault as one sentence."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from server.wires.closing import CloseCode, ProtocolError

_Event = TypeVar("_Event")


class Control(BaseModel):
    """A JSON control message; fields that a reader does not know are ignored (room to grow)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def parse(adapter: TypeAdapter[_Event], text: str, limit: int) -> _Event:
    """The message in ``text``, which may have ``limit`` bytes; raises :class:`ProtocolError`."""
    size = len(text.encode(errors="surrogatepass"))
    if size > limit:
        raise ProtocolError(
            CloseCode.TOO_BIG, f"a text message of {size} bytes: send at most {limit}"
        )
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> ProtocolError:
    """The first fault of a control message as one sentence; the peer's text is not repeated."""
    fault = error.errors(include_input=False, include_url=False)[0]
    match fault["type"]:
        case "union_tag_invalid":
            known = fault["ctx"]["expected_tags"]
            return ProtocolError(CloseCode.PROTOCOL, f"unknown message type: send one of {known}")
        case "union_tag_not_found":
            return ProtocolError(CloseCode.PROTOCOL, "a control message without its type")
    if not fault["loc"]:
        return ProtocolError(
            CloseCode.BAD_PAYLOAD,
            "text that is not a JSON object: text carries control, tokens go in binary",
        )
    where = ".".join(str(part) for part in fault["loc"])
    return ProtocolError(CloseCode.BAD_PAYLOAD, f"field {where}: {fault['msg']}")
