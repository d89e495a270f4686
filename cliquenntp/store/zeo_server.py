"""The ZEO server of a node with workers, which ends with it: ``python -m cliquenntp.store.zeo_server -C FILE``."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1
"""prctl(2)"""


def main() -> None:
    """Run ZEO's own program."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    from ZEO.runzeo import main as run

    run()


if __name__ == "__main__":
    main()
