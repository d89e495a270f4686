"""What a page answers, and how it is written to a browser."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
from twisted.web.server import Request

HTML = "text/html; charset=utf-8"

SAFE = {
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
    b"Cross-Origin-Opener-Policy": b"same-origin",
    b"Cross-Origin-Resource-Policy": b"same-origin",
}
"""headers on every answer, whatever it is"""


@attrs.frozen
class Page:
    """An answer."""

    code: int
    body: str
    media_type: str = HTML
    location: str = ""

    @classmethod
    def text(cls, code: int, text: str) -> Page:
        """Return a page of one line."""
        return cls(code, text + "\n", "text/plain; charset=utf-8")


def write(request: Request, page: Page, headers: Mapping[bytes, bytes]) -> None:
    """Answer a request with a page and these headers beside SAFE ones."""
    request.setResponseCode(page.code)
    request.responseHeaders.removeHeader(b"server")  # which program this is, in which version, helps nobody who reads
    for name, value in {**SAFE, **headers}.items():
        request.setHeader(name, value)
    request.setHeader(b"Content-Type", page.media_type.encode())
    if page.location:
        request.setHeader(b"Location", page.location.encode())
    body = page.body.encode("utf-8", "replace")
    request.setHeader(b"Content-Length", str(len(body)).encode())
    if request.method != b"HEAD":
        request.write(body)
    request.finish()
