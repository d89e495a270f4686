"""cliquectl's commands about what is hidden and blocked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.newsgroup.named import Kind, NamingError
from cliquenntp.service.commands.acting import acting
from cliquenntp.service.orders import VERBS, order, perform, rows
from cliquenntp.service.power import PowerError
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class PowerCommands:
    """The commands that hide and block."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        verbs: dict[str, Handler] = {verb: partial(self._change, verb) for verb in VERBS}
        return {**verbs, "hidden": self.hidden, "blocked": self.blocked}

    async def _change(self, verb: str, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Hide or block something, or take that back."""
        who = acting(self._node, arguments)
        archive, power = self._node.store.reader, self._node.power
        try:
            made = order(verb, str(arguments.get("kind")), str(arguments.get("what")), archive, who.identity)
            is_dropped = bool(arguments.get("drop"))
            if is_dropped and made.named.kind is not Kind.DOCUMENT:
                raise CommandError("--drop is for a document with all below it")
            [text] = await perform([made], who.account, power)
            if is_dropped:
                text += f", {await self._node.room.drop_below(made.named.value)} articles are gone for good"
        except (NamingError, PowerError, TurnRefused) as error:
            raise CommandError(str(error)) from None
        named = made.named
        return {"kind": named.kind.value, "what": named.text, "text": text}

    async def hidden(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List what an account hides."""
        who = acting(self._node, arguments)
        await answer.rows(rows(self._node.power.hidden(who.account), self._node.store.reader, who.identity))
        return {}

    async def blocked(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List what the node blocks."""
        who = acting(self._node, arguments)
        await answer.rows(rows(self._node.power.blocked, self._node.store.reader, who.identity))
        return {}
