"""Waiting for what another process does: looked for again and again until a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STEP_SECONDS = 0.05


def wait_for(what: str, look: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Return the first value of ``look`` that is neither None nor False; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(STEP_SECONDS)
