"""Why a document is not taken."""

from __future__ import annotations


class DocumentError(Exception):
    """A document is not taken; ``reason`` is one sentence for people and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DocumentRefused(DocumentError):
    """It breaks the format: whoever passes it on has checked nothing."""


class DocumentTooLarge(DocumentRefused):
    """It exceeds a limit of its size; limits are settable, so another node may have taken it."""


class WorkMissing(DocumentError):
    """It proves less work than its forum asks for at least; a node that knows more of the forum may have taken it."""


class DocumentForged(DocumentRefused):
    """Its signature is not by the key that it names."""


class DocumentTooNew(DocumentError):
    """It is written in a later version of the format than this program knows; no misbehaviour."""


class DocumentAhead(DocumentError):
    """Its Clique-Time lies ahead of our clock, but not by far: it may be offered again in ``wait`` seconds."""

    def __init__(self, reason: str, wait: int) -> None:
        super().__init__(reason)
        self.wait = wait
