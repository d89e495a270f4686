"""The status page: what the node does, and the few things that a newcomer needs, in a browser on this machine."""

from cliquenntp.web.commands import Commands, Outcome, RefusedError
from cliquenntp.web.site import make_site

__all__ = ["Commands", "Outcome", "RefusedError", "make_site"]
