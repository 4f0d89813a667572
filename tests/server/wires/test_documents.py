"""``docs/protocol.md`` says what the code does: messages, fields, close codes, costs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from codec.rates import HIGH, LOW
from server.wires import native, overhead
from server.wires.closing import MEANING

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocol.md"


@pytest.fixture(scope="module")
def document():
    return DOCUMENT.read_text()


def test_every_close_code_is_listed_as_in_the_code(document):
    rows = dict(re.findall(r"^\| (\d{4}) \| (.+) \|$", document, re.MULTILINE))
    assert rows == {str(int(code)): meaning for code, meaning in MEANING.items()}


@pytest.mark.parametrize(
    "message",
    {*get_args(native.ClientControl), *get_args(native.ServerControl)},
    ids=lambda message: message.__name__,
)
def test_every_message_and_field_is_listed(document, message):
    name = message.model_fields["type"].default
    rows = re.findall(rf"^\| `{name}` \| ([^|]*) \|", document, re.MULTILINE)
    assert rows
    for field in message.model_fields.keys() - {"type"}:
        assert any(f"`{field}`" in row for row in rows), field


def test_the_cost_table_is_what_the_command_prints(document):
    assert overhead.table() in document


def test_costs_are_what_the_layers_add():
    up = overhead.cost(HIGH, uplink=True)
    assert up.tokens == 1012.5
    assert up.websocket == 1012.5 + 25 * 6 * 8
    assert up.tcp_ip == up.websocket + 25 * 52 * 8
    low = overhead.cost(LOW, uplink=False, packets_per_message=4)
    assert low.tcp_ip == pytest.approx(262.5 + 6.25 / 4 * (2 + 52) * 8)
