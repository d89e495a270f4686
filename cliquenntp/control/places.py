"""Where a node keeps its data when nobody says otherwise, and where cliquectl looks for its control socket."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SOCKET_NAME = "control.sock"

SERVICE_FOLDER = Path("/var/lib/cliquenntp")
"""of the system's service (packaging/)"""


def default_data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the data folder of a node that was started without ``--data`` (XDG Base Directory Specification)."""
    base = environ.get("XDG_DATA_HOME") or os.path.join(environ.get("HOME", "/"), ".local", "share")
    return Path(base) / "cliquenntp"


def socket_candidates(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return where a control socket may be: of ``make run``, of the system's service, of this user's node."""
    return (Path("data") / SOCKET_NAME, SERVICE_FOLDER / SOCKET_NAME, default_data_folder(environ) / SOCKET_NAME)


def find_socket(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the first candidate that exists, else the last one."""
    candidates = socket_candidates(environ)
    return next((path for path in candidates if os.path.exists(path)), candidates[-1])
