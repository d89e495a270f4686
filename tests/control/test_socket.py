"""cliquectl's client and the node's server through a real Unix socket."""

import io
import json
import os
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from twisted.internet import defer, endpoints, reactor
from twisted.trial.unittest import TestCase

from cliquenntp.control import cliquectl
from cliquenntp.control.client import ask
from cliquenntp.control.protocol import PIECE_BYTES, CommandError
from cliquenntp.control.server import Answer, ControlFactory
from cliquenntp.service.commands.graph import FORMATS
from cliquenntp.service.network.overlay_picture import Other, Overlay, Role


class ControlSocket(TestCase):
    async def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cliquenntp"))
        self.socket = self.folder / "control.sock"
        self.messages: list[dict[str, Any]] = []
        self.commands: dict[str, Any] = {}
        endpoint = endpoints.UNIXServerEndpoint(reactor, str(self.socket), mode=0o600)
        self.port = await endpoint.listen(ControlFactory(self.commands))
        self.addCleanup(self.port.stopListening)

    async def ask(self, command: str, **arguments: object) -> None:
        await ask(reactor, self.socket, command, arguments, self.messages.append)

    async def cliquectl(self, *words: str) -> tuple[int, str, str]:
        arguments: Namespace = cliquectl.parser().parse_args(["--socket", str(self.socket), *words])
        out, error = io.StringIO(), io.StringIO()
        return await cliquectl.run(reactor, arguments, out, error), out.getvalue(), error.getvalue()

    async def error_of(self, command: str) -> str:
        try:
            await self.ask(command)
        except CommandError as error:
            self.assertNotIn("\n", str(error))
            return str(error)
        return ""

    async def test_a_long_list_comes_in_parts(self) -> None:
        asked = []

        async def many(answer: Answer, arguments: Any) -> dict[str, Any]:
            def rows() -> Any:
                for number in range(arguments["count"]):
                    asked.append(number)
                    yield {"number": number, "text": "ä" * 20}

            await answer.rows(rows())
            return {"count": arguments["count"]}

        self.commands["many"] = many
        await self.ask("many", count=100_000)
        numbers = [row["number"] for message in self.messages for row in message.get("rows", ())]
        self.assertEqual(numbers, list(range(100_000)))
        self.assertEqual(self.messages[-1], {"result": {"count": 100_000}})

    async def test_a_picture_of_a_thousand_nodes_comes_whole(self) -> None:
        others = tuple(Other(f"node{number:04}", Role.KNOWN, ("i2p:" + "a" * 24,)) for number in range(1000))
        overlay = Overlay("clique.tea, all below it", "this", ("this node",), False, others)

        async def graph(answer: Answer, arguments: Any) -> dict[str, Any]:
            return {"text": FORMATS[arguments["format"]](overlay)}

        self.commands["graph"] = graph
        for form in FORMATS:
            status, out, error = await self.cliquectl("graph", "clique.tea", "--format", form)
            self.assertEqual((status, error), (0, ""))
            self.assertEqual(out.rstrip("\n"), FORMATS[form](overlay).rstrip("\n"))
            self.assertTrue(all(other.name in out for other in others))
            self.assertGreater(len(out), PIECE_BYTES)

    async def test_progress_goes_before_the_result(self) -> None:
        async def work(answer: Answer, arguments: Any) -> dict[str, Any]:
            await answer.progress(1, 2, "half")
            return {}

        self.commands["work"] = work
        await self.ask("work")
        self.assertEqual(self.messages, [{"progress": {"done": 1, "total": 2, "note": "half"}}, {"result": {}}])

    async def test_refusals_name_the_reason(self) -> None:
        async def refuse(answer: Answer, arguments: Any) -> dict[str, Any]:
            raise CommandError("there is no forum clique.x: make it first")

        self.commands["refuse"] = refuse
        self.assertEqual(await self.error_of("refuse"), "there is no forum clique.x: make it first")

    async def test_a_bug_is_logged_and_told(self) -> None:
        async def fail(answer: Answer, arguments: Any) -> dict[str, Any]:
            raise ZeroDivisionError("division by zero")

        self.commands["fail"] = fail
        self.assertIn("ZeroDivisionError", await self.error_of("fail"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_an_unknown_command_is_refused(self) -> None:
        self.assertIn("'fly'", await self.error_of("fly"))

    async def test_a_command_ends_when_cliquectl_goes(self) -> None:
        started: defer.Deferred[None] = defer.Deferred()
        ended: defer.Deferred[str] = defer.Deferred()

        async def wait(answer: Answer, arguments: Any) -> dict[str, Any]:
            started.callback(None)
            try:
                await defer.Deferred()
            except defer.CancelledError:
                ended.callback("cancelled")
                raise
            return {}

        self.commands["wait"] = wait
        asking = defer.ensureDeferred(self.error_of("wait"))
        await started
        for reader in reactor.getReaders():  # type: ignore[attr-defined]
            if type(reader).__name__ == "Client":
                reader.loseConnection()
        self.assertIn("stopped before it had answered", await asking)
        self.assertEqual(await ended, "cancelled")

    async def test_no_socket_says_how_to_start_a_node(self) -> None:
        self.socket = self.folder / "none.sock"
        self.assertIn("no node is running", await self.error_of("status"))

    async def test_a_stale_socket_says_that_the_node_has_ended(self) -> None:
        stale = self.folder / "stale.sock"
        os.link(self.socket, stale)
        await self.port.stopListening()
        self.socket = stale
        self.assertIn("has ended", await self.error_of("status"))

    async def test_only_the_owner_may_connect(self) -> None:
        self.assertEqual(self.socket.stat().st_mode & 0o777, 0o600)

    async def test_lists_are_printed_for_people_and_as_json(self) -> None:
        rows = [
            {"name": "clique.a", "subject": "Ä", "articles": 3, "follows": [], "is_reached": True, "work": 0},
            {"name": "clique.b", "subject": "B", "articles": 0, "follows": [], "is_reached": True, "work": 20},
        ]
        follow = {
            "account": "owner", "name": "clique.b", "depth": "all", "reason": "explicit", "lapses": None, "since": None,
        }
        rows[1]["follows"] = [
            follow,
            {**follow, "name": "clique.b.t", "account": "mary", "reason": "reading", "lapses": "2026-12-24"},
            {**follow, "depth": "comments", "since": "2026-01-31"},
        ]

        async def forums(answer: Answer, arguments: Any) -> dict[str, Any]:
            await answer.rows(rows)
            return {}

        self.commands["forums"] = forums
        status, out, error = await self.cliquectl("forums")
        self.assertEqual((status, error), (0, ""))
        self.assertEqual([line.strip() for line in out.splitlines()], [
            "3  clique.a  Ä", "not followed; what came before is kept", "0  clique.b  B (posts take 20 bits of work)",
            "clique.b: owner, asked for",
            "clique.b.t: mary, by reading, until 2026-12-24",
            "clique.b, its own comments alone: owner, asked for, from 2026-01-31 on",
        ])
        status, out, _ = await self.cliquectl("forums", "--json")
        self.assertEqual((status, json.loads(out)), (0, rows))
        rows.clear()
        status, out, _ = await self.cliquectl("forums", "--json")
        self.assertEqual((status, json.loads(out)), (0, []))
        status, out, _ = await self.cliquectl("forums")
        self.assertIn("create-forum", out)

    async def test_errors_are_one_line_and_status_1(self) -> None:
        status, out, error = await self.cliquectl("user")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(error.count("\n"), 1)
        self.assertTrue(error.startswith("cliquectl: "))
