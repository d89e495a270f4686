"""The states of a conversation: what may be called in each, and which answers lead to which.

=========  =====================================================  ==============================================
state      meaning                                                then call
=========  =====================================================  ==============================================
LISTENING  all commands that came whole are answered              ``receive`` when bytes come
TALKING    an answer or further commands are not finished         ``resume`` when the client has taken what was written
JUDGING    articles wait for their verdict                        ``settle`` with the PostResult of each
FETCHING   the newsgroup ``fetched`` lacks what is asked for      ``proceed`` when it has come, or was waited for
ADMITTING  ``login`` waits to be checked                          ``admit`` with the Admission, or None
SECURING   TLS shall begin when the reply is written              ``secured`` when the transport speaks TLS
CLOSED     the last reply is out                                  nothing: close after writing
=========  =====================================================  ==============================================

Except in LISTENING ``receive`` only keeps the bytes: commands are answered in their order.
"""

from __future__ import annotations

import enum

from cliquenntp.nntp.session.command import Compress, Farewell, Postponed, StartTLS
from cliquenntp.nntp.session.sasl import PasswordLogin, ProofLogin


class State(enum.Enum):
    """How the session goes on; the module's docstring has the table."""

    LISTENING = enum.auto()
    TALKING = enum.auto()
    JUDGING = enum.auto()
    FETCHING = enum.auto()
    ADMITTING = enum.auto()
    SECURING = enum.auto()
    CLOSED = enum.auto()


AFTER: dict[type, State] = {
    Farewell: State.CLOSED,
    Compress: State.TALKING,  # the reply must be written before what is compressed
    StartTLS: State.SECURING,
    PasswordLogin: State.ADMITTING,
    ProofLogin: State.ADMITTING,
    Postponed: State.FETCHING,
}
"""From what a handler answers to the state that follows; after any other answer the state stays"""
