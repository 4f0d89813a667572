"""The process's own log: one object a line, and no words of a caller in it."""

from __future__ import annotations

import json
import logging

import pytest

from server.logs import CALL, FIELDS, JsonLines, PlainLines, start_logging

SECRET = "I have not slept since Tuesday"


def record(level=logging.INFO, error=None, **fields):
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("server.call", level, "x.py", 1, "call %s", ("ab\n",), exc_info)
    setattr(made, FIELDS, fields)
    return made


def failed():
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        return error


def test_a_line_is_one_object_that_names_its_call():
    CALL.set("c0ffee")
    try:
        text = JsonLines().format(record(tenant="north"))
    finally:
        CALL.set("")
    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "server.call",
        "message": "call ab\n",
        "call": "c0ffee",
        "tenant": "north",
    }


@pytest.mark.parametrize("form", [JsonLines, PlainLines])
def test_what_an_exception_quotes_is_told_only_where_words_are(form):
    text = form().format(record(logging.ERROR, failed()))
    assert SECRET not in text
    assert "ValueError" in text
    assert "failed" in text
    assert SECRET in form(words=True).format(record(logging.ERROR, failed()))


def test_an_error_says_its_way_through_the_code():
    error = json.loads(JsonLines().format(record(logging.ERROR, failed())))["error"]
    assert error["kind"] == "ValueError"
    assert error["at"][0].startswith("test_logs.py:")
    assert "message" not in error


def test_a_field_that_is_no_json_is_still_a_line():
    assert json.loads(JsonLines().format(record(odd={1, 2})))["odd"] == "{1, 2}"


def test_it_writes_to_standard_error(capsys):
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    root.handlers[:] = []
    try:
        start_logging("json", words=False)
        logging.getLogger("server.call").warning("hello")
    finally:
        root.setLevel(before[0])
        root.handlers[:] = before[1]
    assert json.loads(capsys.readouterr().err)["message"] == "hello"
