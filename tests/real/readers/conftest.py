"""A node for newsreaders to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cliquenntp
from tests.real.node_process import LOOPBACK, NodeProcess

SAMPLE = Path(cliquenntp.__file__).parent / "sample" / "welcome"
LANGUAGES = Path(__file__).with_name("mime.mbox")

CONFIG = f"""
nntp = "{LOOPBACK}"
accounts = ["{LOOPBACK}", "tls:0:interface=127.0.0.1", "tcp:0:interface=0.0.0.0"]
web = "off"
"""


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with the sample and a forum of many encodings; it takes logins, too."""
    process = NodeProcess(tmp_path_factory.mktemp("readers"), config=CONFIG)
    try:
        process.start()
        process.cliquectl("import", str(SAMPLE), "--forum", "welcome")
        process.cliquectl("import", str(LANGUAGES), "--forum", "mime")
        yield process
    finally:
        process.kill()


@pytest.fixture
def forum(node: NodeProcess, request: pytest.FixtureRequest) -> str:
    """A new forum of the test's own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")[:30]
    node.cliquectl("create-forum", name)
    return f"clique.{name}"
