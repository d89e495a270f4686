"""Processes that were started in a session of their own (``start_new_session``), with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

KILLED_SECONDS = 60.0


def kill_session(process: subprocess.Popen[Any]) -> None:
    """End a session without warning (SIGKILL), and wait for its first process, which may have ended already.

    Raises subprocess.TimeoutExpired where the kernel does not let go of the process.
    """
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait(KILLED_SECONDS)
