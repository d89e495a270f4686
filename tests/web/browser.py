"""A browser that shows nothing: sends a request to a node's page and reads the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from http.client import HTTPConnection, HTTPSConnection
from ssl import SSLContext
from urllib.parse import urlencode

import attrs


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """names in lower case"""
    text: str

    @property
    def words(self) -> str:
        """The text that a person sees."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.text)).split())

    @property
    def token(self) -> str:
        """The token that stands in the page's forms."""
        return re.findall(r'name="token" value="([^"]+)"', self.text)[0]

    @property
    def references(self) -> list[str]:
        """Every address that the page names."""
        return re.findall(r'(?:href|src|action)="([^"]*)"', self.text)


class Browser:
    """One browser at one page, over TLS where it is given a context for that."""

    def __init__(self, port: int, context: SSLContext | None = None) -> None:
        self.port = port
        self._context = context

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str | bytes | None = None,
    ) -> Answer:
        """Send a request as it stands and return the answer."""
        connection = (
            HTTPConnection("127.0.0.1", self.port, timeout=60) if self._context is None
            else HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self._context))
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            headers_back = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers_back, response.read().decode())
        finally:
            connection.close()

    def get(self, path: str = "/") -> Answer:
        """Load a page."""
        return self.ask("GET", path)

    def send(self, path: str, token: str | None = None, **fields: str) -> Answer:
        """Fill in a form of the first page and send it; follow the redirection that answers it."""
        fields["token"] = self.get().token if token is None else token
        headers = {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://127.0.0.1:{self.port}",
        }
        answer = self.ask("POST", path, headers, urlencode(fields))
        return self.get(answer.headers["location"]) if answer.status == 303 else answer
