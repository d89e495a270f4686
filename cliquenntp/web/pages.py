"""What the pages show, and what their forms do."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import Environment, PackageLoader, StrictUndefined
from twisted.web import http
from twisted.web.server import Request

from cliquenntp.units import clock_text, duration_text, octets_text
from cliquenntp.web.answer import Page
from cliquenntp.web.commands import Commands, Outcome, RefusedError
from cliquenntp.web.deliveries_picture import MOST_MARKS, picture

MOST_ROWS = 500
"""of a table on a page; `cliquectl` shows all.  More than anybody reads, and a page of some 100 kB."""

DELIVERIES_SHOWN = 15
"""rows of the table of deliveries; the picture has more, `cliquectl deliveries` all"""

Handler = Callable[[Request, str], Awaitable[Page]]


class Pages:
    """The pages of one node; ``token`` goes into each form."""

    def __init__(self, commands: Commands, token: str, clock: Callable[[], float]) -> None:
        """``clock`` is the time of day in seconds."""
        self._commands = commands
        self._clock = clock
        self._templates = Environment(
            loader=PackageLoader("cliquenntp.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True)
        self._templates.globals["token"] = token
        self._templates.filters.update(
            octets=octets_text, duration=duration_text, clock=clock_text, quote=lambda text: quote(text, safe=""))
        self._ways: dict[tuple[str, str], Handler] = {
            ("GET", ""): self._overview,
            ("GET", "live.json"): self._live,
            ("GET", "forum"): self._forum,
            ("GET", "overlay.svg"): self._overlay,
            ("GET", "deliveries"): self._delivered,
            ("GET", "deliveries.svg"): self._deliveries_picture,
            ("POST", "join"): self._join,
            ("POST", "create"): self._create,
            ("POST", "follow"): partial(self._follow, "follow"),
            ("POST", "unfollow"): partial(self._follow, "unfollow"),
        }

    async def answer(self, request: Request) -> Page:
        """Answer a request that has passed the guard."""
        method = "POST" if request.method == b"POST" else "GET"
        way, _, rest = unquote(request.path.decode("ascii", "replace")).lstrip("/").partition("/")
        handler = self._ways.get((method, way))
        if handler is None:
            return await self._missing("There is no such page.")
        try:
            return await handler(request, rest)
        except RefusedError as error:
            return self._show("refused.html", http.BAD_REQUEST, reason=str(error))

    def _show(self, template: str, code: int = http.OK, **values: Any) -> Page:
        return Page(code, self._templates.get_template(template).render(values))

    async def _missing(self, reason: str) -> Page:
        return self._show("refused.html", http.NOT_FOUND, reason=reason)

    async def _run(self, name: str, arguments: Mapping[str, Any] | None = None) -> Outcome:
        return await self._commands(name, arguments or {}, MOST_ROWS)

    async def _overview(self, request: Request, rest: str) -> Page:
        status = (await self._run("status")).result
        forums = await self._run("forums")
        peers = await self._run("peers")
        return self._show(
            "overview.html", status=status, forums=forums, peers=peers, name="", deliveries=await self._newest(""))

    async def _live(self, request: Request, rest: str) -> Page:
        """Return what the page's script shows anew every few seconds."""
        status = (await self._run("status")).result
        shown = {name: status[name] for name in ("documents", "received", "sent", "readers")}
        shown["peers"] = sum(1 for peer in status["peers"] if peer["state"] == "linked")
        return Page(http.OK, json.dumps(shown), "application/json")

    async def _forum(self, request: Request, name: str) -> Page:
        forums = await self._run("forums")
        forum = next((row for row in forums.rows if row["name"] == name), None)
        if forum is None:
            return await self._missing(f"There is no forum {name} here.")
        invitation, reason = "", ""
        try:
            invitation = (await self._run("invite", {"name": name})).result["invitation"]
        except RefusedError as error:
            reason = str(error)
        peers = [peer for peer in (await self._run("peers")).rows if name in peer.get("forums", ())]
        return self._show(
            "forum.html", forum=forum, invitation=invitation, reason=reason, peers=peers,
            has_picture=await self._has_picture(name), name=name, deliveries=await self._newest(name))

    async def _has_picture(self, name: str) -> bool:
        """Return whether the forum is followed, so that there is an overlay to draw."""
        try:
            await self._run("graph", {"name": name, "format": "svg"})
        except RefusedError:
            return False
        return True

    async def _overlay(self, request: Request, name: str) -> Page:
        picture = (await self._run("graph", {"name": name, "format": "svg"})).result["text"]
        return Page(http.OK, picture, "image/svg+xml")

    async def _newest(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the newest deliveries of a forum, or of all where there is no name."""
        return (await self._commands("deliveries", {"name": name}, DELIVERIES_SHOWN)).rows

    async def _delivered(self, request: Request, name: str) -> Page:
        """Return the table of deliveries alone, for the page's script."""
        return self._show("delivered.html", deliveries=await self._newest(name))

    async def _deliveries_picture(self, request: Request, name: str) -> Page:
        rows = (await self._commands("deliveries", {"name": name}, MOST_MARKS)).rows
        return Page(http.OK, picture(rows, self._clock()), "image/svg+xml")

    async def _create(self, request: Request, rest: str) -> Page:
        arguments = {"name": _field(request, "name"), "description": _field(request, "description")}
        return _to_forum((await self._run("create-forum", arguments)).result["name"])

    async def _join(self, request: Request, rest: str) -> Page:
        invitation = _field(request, "invitation")
        if not invitation:
            invitation = f"clique:{_field(request, 'root')}?peer={_field(request, 'peer')}"
        joined = (await self._run("join", {"invitation": invitation})).result
        return _to_forum(joined["name"]) if joined["name"] else self._show("told.html", text=joined["text"])

    async def _follow(self, command: str, request: Request, name: str) -> Page:
        text = (await self._run(command, {"name": name})).result["text"]
        return self._show("told.html", text=text)


def _field(request: Request, name: str) -> str:
    values = (request.args or {}).get(name.encode(), [b""])
    return values[0].decode("utf-8", "replace").strip()


def _to_forum(name: str) -> Page:
    return Page(http.SEE_OTHER, "", location=f"/forum/{quote(name, safe='')}")
