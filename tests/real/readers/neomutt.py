"""neomutt, in a terminal."""

from __future__ import annotations

import re

import attrs

from tests.real.readers import manual
from tests.real.readers.newsreader import TerminalReader, newsgroups_on
from tests.real.waiting import wait_for

ROW = re.compile(r"^ *\d+ ..(?P<mark>.) .{6} .{15} \( *\S+\) (?:(?P<tree>[ │├└─*]*)>)?(?P<subject>.*?) *$")
ASKS_NOTHING = [
    'set certificate_file="~/.certificates"',
    "set ssl_verify_host=no",  # the node's certificate names no host
    'set newsrc="~/.newsrc"',
    "set catchup_newsgroup=no",
    "set nntp_context=0",
    'set news_cache_dir="~/.cache"',
    'set folder="~/Mail"',
    'set spoolfile="~/Mail/inbox"',
    "set sleep_time=0",
    "set quit=yes",
    "set copy=no",
    "set abort_unmodified=no",
    "set fast_reply=yes",
    "set include=yes",
    "",
]


class Neomutt(TerminalReader):
    """The way through neomutt's screens: its browser of newsgroups, the index of one, an article."""

    def start(self) -> None:
        """Start it with its browser of newsgroups."""
        # snews:// would be port 563, whatever is asked for
        access = attrs.evolve(self.access, port=self.access.starttls_port or self.access.port)
        text = manual.settings("neomutt", "In `~/.neomuttrc`:", access)
        if access.login:
            text += manual.settings("neomutt", manual.LOGIN, access)
        (self.home / ".neomuttrc").write_text(text + "\n".join(ASKS_NOTHING))
        (self.home / "Mail").mkdir(exist_ok=True)
        self.run(*manual.typed("neomutt", access))
        if self.access.login and not (self.home / ".certificates").exists():
            self.terminal.wait("(a)ccept always")  # it takes STARTTLS unasked
            self.terminal.keys("a")
        self.terminal.wait("q:Exit", "s:Subscribe")

    def _index_of(self, newsgroup: str) -> None:
        """Open the index of a newsgroup, which need not be subscribed."""
        if "q:Exit" in self.terminal.screen.partition("\n")[0]:
            self.leave("Enter")
        self.terminal.keys("i")
        self.answer("Open newsgroup", newsgroup)
        self.terminal.wait(f"/{newsgroup} [Msgs:")

    def newsgroups(self) -> set[str]:
        """Return what the browser shows."""
        return newsgroups_on(self.terminal.screen)

    def subscribe(self, newsgroup: str) -> None:
        """Find the newsgroup in the browser and press s; it is written down when the browser shows it."""
        self.terminal.keys("/")
        self.answer("Search for:", f"^{re.escape(newsgroup)}$")
        self.terminal.keys("s")
        wait_for("the newsgroup without a u", lambda: newsgroup in self.subscribed())

    def subscribed(self) -> set[str]:
        """Return the newsgroups that the browser lists without a u."""
        lines = [line for line in self.terminal.screen.splitlines() if not re.match(r"^ *\d+ +.?u ", line)]
        return newsgroups_on("\n".join(lines))

    def open(self, newsgroup: str) -> None:
        """Change to the newsgroup."""
        if "i:Exit" in self.terminal.screen.partition("\n")[0]:
            self.leave("i")
        if f"/{newsgroup} [Msgs:" in self.terminal.screen:
            self.start()
        self._index_of(newsgroup)

    def _index(self, subject: str) -> int:
        return self.wait_for_index(ROW, subject)

    def depths(self, subject: str) -> list[int]:
        """Count the columns before the arrow: two for each level."""
        index = self._index(subject)
        depths = [0 if row["tree"] is None else len(row["tree"]) // 2 for row in self.rows(ROW)[index:]]
        end = next((at for at, depth in enumerate(depths) if at and not depth), len(depths))
        return depths[:end]

    def read(self, subject: str) -> str:
        """Go to the article by its line and open it."""
        self.terminal.type(str(self._index(subject) + 1))
        self.terminal.keys("Enter", "Enter")
        return self.terminal.wait(f"Subject: {subject}", "i:Exit")

    def _send(self) -> None:
        self.terminal.wait("y:Send")
        self.terminal.keys("y")
        self.terminal.wait("Article posted")

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Press P, and answer what it asks."""
        self.type_in_editor(text)
        self.terminal.keys("P")
        self.terminal.wait(f"Newsgroups: {newsgroup}")
        self.terminal.keys("Enter")
        self.answer("Subject:", subject)
        self._send()

    def follow_up(self, subject: str, text: str) -> None:
        """Press F in the article."""
        self.type_in_editor(text)
        self.read(subject)
        self.terminal.keys("F")
        self._send()

    def is_own(self, subject: str) -> bool:
        """Look for the flag F: sent by its user."""
        index = self._index(subject)
        return self.rows(ROW)[index]["mark"] == "F"
