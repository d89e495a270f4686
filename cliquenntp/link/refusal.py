"""Why a node does not open a link.  Pure."""

from __future__ import annotations

import enum


class Refusal(enum.IntEnum):
    """Why a node does not open a link; the number goes over the wire."""

    GARBAGE = 1
    VERSION = 2
    ADDRESS = 3
    KEY = 4
    PROOF = 5
    ITSELF = 6
    DUPLICATE = 7
    FULL = 8
    PENALTY = 9
    CLOSING = 10
    UNWANTED = 11

    @property
    def reason(self) -> str:
        """The refusal in words, for the log and for the operator."""
        return _REASONS[self]


_REASONS = {
    Refusal.GARBAGE: "what came is no clique handshake",
    Refusal.VERSION: "no version of the link protocol is spoken by both",
    Refusal.ADDRESS: "the address dialled, or the one claimed, is not that node's",
    Refusal.KEY: "another node answers at that address",
    Refusal.PROOF: "the signature does not prove the node key",
    Refusal.ITSELF: "the address is this node's own",
    Refusal.DUPLICATE: "there is a link between these nodes already",
    Refusal.FULL: "the node has as many links as it allows",
    Refusal.PENALTY: "the node broke the protocol a short while ago",
    Refusal.CLOSING: "the node is stopping",
    Refusal.UNWANTED: "the operator does not want this link",
}


class UnwantedError(Exception):
    """A link was asked for with a node that the operator has blocked."""


class HandshakeError(Exception):
    """The handshake failed.

    ``refusal`` says why; ``remote`` is True where the other end refused and False where this end does, which then
    sends the refusal before it closes.
    """

    def __init__(self, refusal: Refusal, remote: bool = False, detail: str = "") -> None:
        self.refusal = refusal
        self.remote = remote
        who = "refused by the other end: " if remote else ""
        super().__init__(f"{who}{refusal.reason}{': ' if detail else ''}{detail}")
