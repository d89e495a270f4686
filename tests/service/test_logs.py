"""Logs as JSON."""

from __future__ import annotations

import io
import json

import pytest
from twisted.logger import Logger
from twisted.python.failure import Failure

from cliquenntp.service.logs import LEVEL, json_lines


def test_each_event_is_one_object_on_a_line() -> None:
    out = io.StringIO()
    log = Logger("cliquenntp.service.node", observer=json_lines({}, out))
    log.debug("nobody wants it")
    log.warn("a line\nand {more}", more="another")
    try:
        raise ValueError("broken")
    except ValueError:
        log.failure("It failed", Failure())
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["level"], line["text"]) for line in lines] == [
        ("warn", "a line\nand another"), ("critical", "It failed")]
    assert lines[0]["module"] == "cliquenntp.service.node"
    assert "ValueError: broken" in lines[1]["failure"]
    assert lines[0]["time"].endswith("+00:00")


def test_what_is_below_the_level_is_left_out() -> None:
    out = io.StringIO()
    log = Logger("x", observer=json_lines({LEVEL: "error"}, out))
    log.warn("left out")
    log.error("told")
    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["told"]
    with pytest.raises(SystemExit, match="'loud' is not allowed"):
        json_lines({LEVEL: "loud"})
