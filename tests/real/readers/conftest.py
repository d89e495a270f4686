"""A node for newsreaders to read, and newsreaders to read it with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cliquenntp
from tests.real.node_process import LOOPBACK, NodeProcess
from tests.real.readers.gnus import Gnus
from tests.real.readers.neomutt import Neomutt
from tests.real.readers.newsreader import Access, Newsreader, TerminalReader
from tests.real.readers.pan import Pan
from tests.real.readers.slrn import Slrn
from tests.real.readers.thunderbird import ThunderbirdReader
from tests.real.readers.tin import Tin
from tests.real.terminal import Terminal

SAMPLE = Path(cliquenntp.__file__).parent / "sample" / "welcome"
LANGUAGES = Path(__file__).with_name("mime.mbox")
DRIVERS: dict[str, type[Newsreader]] = {"slrn": Slrn, "tin": Tin, "Gnus": Gnus, "neomutt": Neomutt,
                                       "Thunderbird": ThunderbirdReader, "Pan": Pan}

CONFIG = f"""
nntp = "{LOOPBACK}"
accounts = ["{LOOPBACK}", "tls:0:interface=127.0.0.1"]
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
def make_reader(
    tmp_path: Path, make_terminal: Callable[..., Terminal]
) -> Iterator[Callable[[str, Access], Newsreader]]:
    """A function that gives a newsreader a home: its name, and where it connects."""
    made: list[Newsreader] = []

    def make(name: str, access: Access) -> Newsreader:
        driver = DRIVERS[name]
        home = tmp_path / name
        reader = driver(home, access, make_terminal) if issubclass(driver, TerminalReader) else driver(home, access)
        made.append(reader)
        return reader

    yield make
    for reader in made:
        reader.close()
