"""What a process did on the network, in a test's hands."""

from __future__ import annotations

import os
from pathlib import Path

_SITE = Path(__file__).parent / "network_log"


class WatchedNetwork:
    """The network of one process, which is to be started with ``environ``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        root = Path(__file__).parents[2]
        self.environ = {"WATCHED_NETWORK": str(path), "PYTHONPATH": f"{_SITE}{os.pathsep}{root}"}

    def seen(self) -> set[str]:
        """Return each thing that was done at least once, as ``connect ('127.0.0.1', 7656)``."""
        return set(self._path.read_text().splitlines())
