"""The sans-IO NNTP session: command table, arguments, responses, wildmat. Pure.

``session.Session`` is the conversation, ``table.COMMANDS`` what can be said in it; the other modules hold the commands
by subject.
"""

from cliquenntp.nntp.session.authentication import Admission
from cliquenntp.nntp.session.command import Purpose
from cliquenntp.nntp.session.posting import PostResult, Submission
from cliquenntp.nntp.session.reader import SessionSettings
from cliquenntp.nntp.session.sasl import Login, PasswordLogin, ProofLogin, Verifier
from cliquenntp.nntp.session.session import Session
from cliquenntp.nntp.session.state import State

__all__ = [
    "Admission",
    "Login",
    "PasswordLogin",
    "PostResult",
    "ProofLogin",
    "Purpose",
    "Session",
    "SessionSettings",
    "State",
    "Submission",
    "Verifier",
]
