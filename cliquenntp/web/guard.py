"""What a request must be like before anything looks at what it asks for.

A browser on this machine shows pages of strangers beside ours, and these can make it send requests here.  So:

* The Host header must name this machine: a name of an attacker's that was made to lead here (DNS rebinding) is refused.
* What changes anything is a POST with a token that stands only in our own forms, which no other page can read.
* An Origin that is not ours is refused, whatever else is right.
* Answers may not be framed, kept, or let any other place be asked for anything.
"""

from __future__ import annotations

import secrets
from ipaddress import ip_address
from urllib.parse import urlsplit

from twisted.web.http import Request

MOST_BODY_OCTETS = 64 * 1024
"""Four of the longest invitations; the forms hold nothing else that is long."""

HEADERS = {
    b"Content-Security-Policy": (
        b"default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    b"Referrer-Policy": b"same-origin",  # no-referrer would make the Origin of our own forms null
    b"Cache-Control": b"no-store",
}
"""on every answer, beside those of answer.SAFE"""


class NotAllowedError(Exception):
    """A request that is not answered; ``code`` is the HTTP status, the text one line."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def names_this_machine(host: str) -> bool:
    """Return whether a Host header (name or address, perhaps with a port) means a loopback address by itself."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


class Guard:
    """Checks requests.  The token is made anew at each start: a form of an earlier run has to be loaded again."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)

    def check(self, request: Request) -> None:
        """Raise NotAllowedError unless a page of ours sent the request, or somebody typed its address."""
        headers = request.requestHeaders  # asked for as text they raise where they are no UTF-8
        hosts = [host.decode("ascii", "replace") for host in headers.getRawHeaders(b"host", [])]
        if len(hosts) != 1 or not names_this_machine(hosts[0]):
            raise NotAllowedError(421, "this page is for a browser on this machine: ask for 127.0.0.1 or localhost")
        if any(origin != b"http://" + hosts[0].encode() for origin in headers.getRawHeaders(b"origin", [])):
            raise NotAllowedError(403, "another site's page asked for this")
        if request.method not in (b"GET", b"HEAD", b"POST"):
            raise NotAllowedError(405, "GET, HEAD and POST are what there is")
        if request.method == b"POST" and not self._has_token(request):
            raise NotAllowedError(403, "the form is from before the node's last start: load the page again")

    def _has_token(self, request: Request) -> bool:
        tokens = (request.args or {}).get(b"token", [])
        return len(tokens) == 1 and secrets.compare_digest(tokens[0], self.token.encode())
