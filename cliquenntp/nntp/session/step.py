"""How much one call of a session does, so that nobody else waits for long."""

from __future__ import annotations

from collections.abc import Callable

OUTPUT_STEP = 1 << 17
"""octets after which a call returns, or before where another piece like the last would go beyond; Twisted hands at most
this much to the kernel at once"""

STEP_SECONDS = 0.002
"""after which a call returns: what comes on top, a page that is not cached, takes some milliseconds itself"""

COMMANDS_STEP = 100
"""commands after which a call returns: some 2 ms, when none is cached"""


class Step:
    """The work of one call; ``clock`` tells seconds from any beginning."""

    __slots__ = ("_clock", "_commands", "_until", "octets")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = clock() + STEP_SECONDS
        self._commands = 0
        self.octets = 0
        """said, or expanded to be used"""

    def is_over(self, octets: int) -> bool:
        """Count another command, or a piece of its answer, of so many octets; return whether that was enough."""
        self._commands += 1
        self.octets += octets
        return self.octets + octets >= OUTPUT_STEP or self._commands >= COMMANDS_STEP or self._clock() > self._until
