"""Every command of cliquectl through the socket of a real node: done, refused, without a node, and cut off.

A row for each command; a command without one fails.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import attrs
import pytest
from twisted.internet import defer, endpoints, reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from cliquenntp.control import cliquectl
from cliquenntp.control.client import ask
from cliquenntp.control.commands import COMMANDS
from cliquenntp.control.progress import ProgressLine
from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, ControlFactory
from cliquenntp.service.first_run import SAMPLE
from tests.nntp_client import NewsClient
from tests.real.node_process import NodeProcess
from tests.real.reading import post, wait_for_subject
from tests.real.waiting import wait_for

pytestmark = pytest.mark.real


@attrs.frozen
class Row:
    """A command: words that do something, a text in what is printed then; words that are refused, and why."""

    done: str
    printed: str
    refused: str
    reason: str

    @property
    def name(self) -> str:
        return self.done.split()[0]


PASS = "--passphrase-file {folder}/passphrase"

ROWS = (
    Row("status", "node key", "status now", "unrecognized arguments: now"),
    Row("create-forum made --description Bread", "clique.made", "create-forum ../x", "forum"),
    Row("forums", "clique.made  Bread", "forums all", "unrecognized arguments: all"),
    Row("import {sample} --forum sample", "12 taken", "import {folder}/none", "there is nothing at"),
    Row("export clique.sample {folder}/sample.mbox", "13 articles", "export clique.none {folder}/x", "no newsgroup"),
    Row("bridge", "bridge", "bridge remove none", "none"),
    Row("link {thread} {other}", "", "link {thread} clique.none", "clique.none"),
    Row("invite clique.tea", "clique:", "invite clique.none", "there is no forum clique.none"),
    Row("join {invitation}", "clique.herbs", "join clique:nonsense", "invitation"),
    Row("connect {peer}", "dialling", "connect nowhere", "nowhere"),
    Row("peers", "clique.tea", "peers 7", "unrecognized arguments: 7"),
    Row("graph clique.tea --format svg", "<svg", "graph clique.tea --format png", "invalid choice: 'png'"),
    Row("deliveries clique.tea", "clique.tea: Black", "deliveries clique.none", "no newsgroup"),
    Row("resync clique.tea", "comparing clique.tea with 1 nodes", "resync clique.none", "no newsgroup"),
    Row("follow {thread} --depth comments", "its own comments alone", "follow {thread} --account mary", "mary"),
    Row("unfollow {thread}", "still comes in as a part of", "unfollow", "required: NEWSGROUP"),
    Row("user add bob --rights read", "password: ", "user add bob --rights fly", "there is or was an account bob"),
    Row("persona export {folder}/me " + PASS, "whoever has it", "persona import {folder}/none " + PASS, "No such file"),
    Row("moderators clique.mint", "{key}", "moderators clique.none", "clique.none"),
    Row("work clique.tea", "takes no work", "work clique.tea 33", "at most 32"),
    Row("waiting clique.mint", "Pepper", "waiting clique.none", "clique.none"),
    Row("approve {waiting}", "", "approve none", "none"),
    Row("nocem follow {stranger} --forum clique.tea", "is hidden from owner", "nocem follow none --forum clique.tea",
        "43 characters"),
    Row("hide document {thread}", "is hidden", "hide author nobody", "nobody"),
    Row("hidden", "document", "hidden --account none", "none"),
    Row("unhide document {thread}", "", "unhide document clique.none", "clique.none"),
    Row("block author @aaaaaaaaaaaaaaaaaaaa.clique.invalid", "is blocked", "block peer nobody", "nobody"),
    Row("blocked", "author", "blocked now", "unrecognized arguments: now"),
    Row("unblock author @aaaaaaaaaaaaaaaaaaaa.clique.invalid", "", "unblock peer nobody", "nobody"),
    Row("backup {folder}/node.backup " + PASS, "files are in it", "backup {folder}/no/where " + PASS, "No such file"),
    Row("bookmark {thread}", "is kept whatever expires", "bookmark clique.none", "no newsgroup"),
    Row("bookmarks", "{thread}", "bookmarks x", "unrecognized arguments: x"),
    Row("expire --dry-run", "0 documents", "expire --when now", "unrecognized arguments: --when now"),
    Row("pack", "packed from", "pack tight", "unrecognized arguments: tight"),
    Row("verify", "all as they were stored", "verify this", "unrecognized arguments: this"),
    Row("check --data {data}", "a node runs on this folder", "check --config {folder}/none", "cannot be read"),
    Row("restore {folder}/node.backup --data {folder}/restored " + PASS, '"octets"',
        "restore {folder}/node.backup --data {data} " + PASS, "goes into an empty folder"),
    Row("repair --data {folder}/restored", '"mended": []', "repair --data {data}", "stop the node first"),
    # the last one, as the node takes nothing new afterwards
    Row("copy-storage {folder}/copied", "are copied and compared", "copy-storage http://x", "postgresql://"),
)

PROGRAMS = {line.name for line in COMMANDS if line.program}
"""commands that ask no node, so that none can be missing or stop"""


def test_each_command_has_a_row() -> None:
    assert sorted(row.name for row in ROWS) == sorted(line.name for line in COMMANDS)


def _prepared(node: NodeProcess, friend: NodeProcess, folder: Path) -> dict[str, str]:
    node.ask("create-forum", name="tea", description="Tea")
    for subject in ("Green", "Black"):
        post(node, "clique.tea", subject)
    friend.ask("join", invitation=node.ask("invite", name="clique.tea")["invitation"])
    friend.ask("create-forum", name="herbs", description="")
    wait_for_subject(friend, "clique.tea", "Black")
    wait_for("the link is told", lambda: any("clique.tea" in peer.get("forums", ()) for peer in node.ask("peers")))
    node.ask("create-forum", name="mint", description="", moderated=True)
    friend.ask("join", invitation=node.ask("invite", name="clique.mint")["invitation"])
    wait_for("the forum is there", lambda: any(row["name"] == "clique.mint" for row in friend.ask("forums")))
    post(friend, "clique.mint", "Pepper")
    wait_for("the post waits", lambda: bool(node.ask("waiting", name="clique.mint")))
    (folder / "passphrase").write_text("nine lives\n")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        lines = client.listing("LIST NEWSGROUPS clique.tea.*")[1]
    green, black = (next(line.split()[0].decode() for line in lines if word in line) for word in (b"Green", b"Black"))
    return {
        "folder": str(folder), "data": str(node.folder / "data"), "sample": str(SAMPLE), "thread": green,
        "other": black, "peer": friend.ask("status")["clique"][0],
        "invitation": friend.ask("invite", name="clique.herbs")["invitation"],
        "waiting": node.ask("waiting", name="clique.mint")[0]["id"],
        "key": node.ask("moderators")["moderators"][0]["key"],
        "stranger": friend.ask("moderators")["moderators"][0]["key"],
    }


def parsed(socket: Path, words: str, values: Mapping[str, str], *flags: str) -> Any:
    """Return what cliquectl's parser makes of words in which ``{names}`` stand for values."""
    typed = [word.format_map(values) for word in words.split()]
    return cliquectl.parse(cliquectl.parser(), ["--socket", str(socket), *flags, *typed])


class Commands(TestCase):
    """A node with a forum that another node shares, for all commands; each row leaves it as the next one needs it."""

    timeout = 120

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="cliquenntp"))
        cls.node = NodeProcess(cls.folder / "node", clique=True)
        cls.friend = NodeProcess(cls.folder / "friend", clique=True)
        try:
            for node in (cls.node, cls.friend):
                node.launch()
            cls.node.wait()
            cls.friend.wait()
            cls.values = _prepared(cls.node, cls.friend, cls.folder)
        except BaseException:
            cls.tearDownClass()
            raise
        cls.socket = cls.node.folder / "data" / "control.sock"

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.kill()
        cls.friend.kill()
        shutil.rmtree(cls.folder)

    async def printed(self, words: str) -> tuple[str, str]:
        """Run a command; return what it prints for people, and as JSON."""
        if words.split()[0] in PROGRAMS:
            # these print by themselves, and some can be run only once
            typed = [word.format_map(self.values) for word in words.split()]
            out, error = await deferToThread(self.node.cliquectl_process(*typed).communicate)
            self.assertEqual(error, "")
            return out, out
        arguments = parsed(self.socket, words, self.values)
        line = arguments.line
        printers = [cliquectl.Printer(line, as_json, io.StringIO(), ProgressLine(io.StringIO())) for as_json in (0, 1)]
        values = line.prepare({key: getattr(arguments, key) for key in line.argument_names()})
        await ask(reactor, self.socket, line.name, values, lambda message: [one.heard(message) for one in printers])
        text, as_json = (printer._out.getvalue() for printer in printers)
        return text, as_json

    async def refused(self, words: str, socket: Path) -> str:
        """Run a command that fails; return its one line."""
        if words.split()[0] in PROGRAMS:
            typed = [word.format_map(self.values) for word in words.split()]
            process = self.node.cliquectl_process(*typed)
            out, error = await deferToThread(process.communicate)
            self.assertEqual(process.returncode, 1)
            return error or out
        out, error = io.StringIO(), io.StringIO()
        try:
            with redirect_stderr(error):
                arguments = parsed(socket, words, self.values)
        except SystemExit as ended:
            self.assertEqual(ended.code, 1)
        else:
            self.assertEqual(await cliquectl.run(reactor, arguments, out, error), 1, out.getvalue())
        self.assertEqual(out.getvalue(), "")
        self.assertEqual(error.getvalue().count("\n"), 1, error.getvalue())
        self.assertTrue(error.getvalue().startswith("cliquectl: "), error.getvalue())
        return error.getvalue()

    async def test_each_does_what_it_is_for(self) -> None:
        for row in ROWS:
            text, as_json = await self.printed(row.done)
            self.assertIn(row.printed.format_map(self.values), text if row.name not in PROGRAMS else as_json, row.done)
            self.assertIn(type(json.loads(as_json)), (dict, list), row.done)

    async def test_each_refuses_wrong_arguments_in_one_line(self) -> None:
        for row in ROWS:
            told = await self.refused(row.refused, self.socket)
            self.assertIn(row.reason, told, row.refused)

    async def test_each_says_that_no_node_runs(self) -> None:
        for row in ROWS:
            if row.name not in PROGRAMS:
                told = await self.refused(row.done, self.folder / "none.sock")
                self.assertIn("no node is running", told, row.done)
                self.assertIn("start one with", told, row.done)

    async def test_nonsense_from_another_program_is_refused_in_words(self) -> None:
        for line in COMMANDS:
            for nonsense in (7, [], {"a": 1}, "\ud800", "\0", "x" * 50_000, "x" * 100_000):
                if not line.arguments or line.program:
                    continue
                values = dict.fromkeys(line.argument_names(), nonsense)
                try:
                    await ask(reactor, self.socket, line.name, values, lambda message: None)
                except CommandError as error:
                    self.assertNotIn("failed inside the node", str(error), f"{line.name} {str(nonsense)[:20]!r}")


class CutOff(TestCase):
    """A node that stops when it has begun to answer."""

    timeout = 60

    async def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cliquenntp"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "passphrase").write_text("nine lives\n")
        self.values = defaultdict(lambda: "clique.tea", folder=str(self.folder))

    async def told(self, row: Row, socket: Path) -> str:
        error = io.StringIO()
        arguments = parsed(socket, row.done, self.values)
        self.assertEqual(await cliquectl.run(reactor, arguments, io.StringIO(), error), 1, row.name)
        self.assertEqual(error.getvalue().count("\n"), 1, error.getvalue())
        return error.getvalue()

    async def test_in_the_middle_of_an_answer(self) -> None:
        async def stop(answer: Answer, arguments: object) -> dict[str, Any]:
            await answer.progress(1, 2)
            answer._control.transport.abortConnection()
            return {}

        socket = self.folder / "control.sock"
        table = {row.name: stop for row in ROWS}
        port = await endpoints.UNIXServerEndpoint(reactor, str(socket)).listen(ControlFactory(table))
        self.addCleanup(port.stopListening)
        for row in ROWS:
            if row.name not in PROGRAMS:
                self.assertIn("the node stopped before it had answered", await self.told(row, socket), row.name)

    async def test_a_real_node_that_is_killed(self) -> None:
        node = NodeProcess(self.folder / "node").start()
        self.addCleanup(node.kill)
        socket = node.folder / "data" / "control.sock"
        # stopped, it takes no command, but the system takes their connections for it
        os.kill(node.pid, signal.SIGSTOP)
        running = [defer.ensureDeferred(self.told(row, socket)) for row in ROWS if row.name not in PROGRAMS]
        await deferLater(reactor, 0.5)
        self.assertFalse(any(one.called for one in running))
        node.kill()
        for told in await defer.gatherResults(running):
            self.assertIn("the node stopped before it had answered", told)
