"""Logs in JSON, one object a line, for `twistd --logger=cliquenntp.service.logs.json_lines`.

CLIQUENNTP_LOG_LEVEL (debug, info, warn, error, critical; default info) says what is left out.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    InvalidLogLevelError,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
)
from zope.interface import implementer

LEVEL = "CLIQUENNTP_LOG_LEVEL"


@implementer(ILogObserver)
class JsonLines:
    """Writes each event as a JSON object on a line of its own: time (UTC), level, module, text, and what failed."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Mapping[str, Any]) -> None:
        """See ILogObserver."""
        level = event.get("log_level")
        line = {
            "time": datetime.fromtimestamp(event.get("log_time", 0.0), UTC).isoformat(timespec="milliseconds"),
            "level": "info" if level is None else level.name,
            "module": event.get("log_namespace", ""),
            "text": formatEvent(dict(event)),
        }
        failure = event.get("log_failure")
        if failure is not None:
            line["failure"] = failure.getTraceback()
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()


def json_lines(environ: Mapping[str, str] = os.environ, out: TextIO | None = None) -> Callable[[Any], None]:
    """Return an observer that writes to standard output.  Raises SystemExit for a level that there is not."""
    try:
        level = LogLevel.levelWithName(environ.get(LEVEL, "info"))
    except InvalidLogLevelError as error:
        names = ", ".join(level.name for level in LogLevel.iterconstants())
        raise SystemExit(f"{LEVEL}: {error.level!r} is not allowed; allowed: {names}") from None
    return FilteringLogObserver(JsonLines(out or sys.stdout), [LogLevelFilterPredicate(level)])
