"""tin, in a terminal."""

from __future__ import annotations

import re

from tests.real.readers import manual
from tests.real.readers.newsreader import TerminalReader, newsgroups_on
from tests.real.waiting import wait_for

THREAD = re.compile(r"^ *(?P<number>\d+)   .\s+(?:(?P<articles>\d+)\s+)?(?:\d+|\?)  (?P<subject>\S.*?)  +\S")
ARTICLE = re.compile(r"^ *(\d+)   .  \[ *\S+\]  ( *)(`->|\S)")
LEVELS = ("Group Selection (127.0.0.1", "Posted articles history", "List Thread (", " Thread ", "h=help")
"""what each screen shows and none of those after it; the last is a newsgroup's"""


class Tin(TerminalReader):
    """The way through tin's levels: newsgroups, a newsgroup's threads, a thread's articles, an article."""

    score_file = ".tin/filter"
    newsrc_file = ".newsrc"

    def start(self) -> None:
        """Start it with settings that ask nothing but what a user would want to be asked."""
        folder = self.home / ".tin"
        if not folder.exists():
            folder.mkdir()
            asks_nothing = ["beginner_level=OFF", "confirm_choice=0", ""]
            text = manual.settings("tin", "In `~/.tin/tinrc`:", self.access)
            (folder / "tinrc").write_text(text + "\n".join(asks_nothing))
        flags = ["-T", "-k"] if self.access.certificate else []
        if self.access.login:
            newsauth = self.home / ".newsauth"
            newsauth.write_text(manual.settings("tin", "(`chmod 600`):", self.access))
            newsauth.chmod(0o600)
            flags.append("-A")
        self.run(*manual.typed("tin", self.access), *flags)
        self.terminal.wait(LEVELS[0])
        self.wait_for_row(re.compile(r"clique\.|No groups"))  # a new account follows nothing yet

    def _level(self) -> str | None:
        """Return which screen is shown; None while it is drawn."""
        return next((level for level in LEVELS if level in self._title()), None)

    def _title(self) -> str:
        return self.terminal.screen.partition("\n")[0]

    def _list(self) -> None:
        """Go back to the list of newsgroups, one level after the other."""
        while (level := wait_for("one of tin's screens", self._level)) != LEVELS[0]:
            self.terminal.keys("q")
            wait_for("tin leaves a screen", lambda level=level: self._level() not in (None, level))

    def quit(self) -> None:
        """Press Q."""
        self.terminal.keys("Q")
        self.wait_for_end()

    def newsgroups(self) -> set[str]:
        """Show the newsgroups that are not subscribed, too."""
        self._list()
        self.terminal.keys("y")
        self.wait_for_row(re.compile("^u  .*clique"))
        return newsgroups_on(self.terminal.screen)

    def _find(self, newsgroup: str) -> None:
        self._list()
        if newsgroup not in newsgroups_on(self.terminal.screen):
            self.newsgroups()
        self.press("g", "Go to newsgroup")
        self.answer("Go to newsgroup", newsgroup)
        wait_for("the prompt is gone", lambda: "Go to newsgroup" not in self.terminal.screen)

    def subscribe(self, newsgroup: str) -> None:
        """Go to the newsgroup and press s."""
        self._find(newsgroup)
        self.terminal.keys("s")
        self.wait_for_row(re.compile(rf"^ .* {re.escape(newsgroup)}$"))

    def subscribed(self) -> set[str]:
        """Return the newsgroups that it lists without a u before them."""
        lines = [line for line in self.terminal.screen.splitlines() if not re.match(r"^ *u ", line)]
        return newsgroups_on("\n".join(lines))

    def open(self, newsgroup: str) -> None:
        """Go to the newsgroup and open it: its threads, read or not."""
        self._find(newsgroup)
        self.terminal.keys("Enter")
        # in the title: below the list of newsgroups it stands, too, while the articles are still fetched
        wait_for(f"{newsgroup} is open", lambda: self._level() == LEVELS[-1] and f"{newsgroup} (" in self._title())

    def _go(self, subject: str) -> int:
        """Make the thread's line the current one; return how many articles it says that the thread has."""
        index = self.wait_for_index(THREAD, subject)
        articles = int(self.rows(THREAD)[index]["articles"] or 1)
        self.terminal.keys(*str(index + 1))
        self.answer("thread", str(index + 1))
        return articles

    def depths(self, subject: str) -> list[int]:
        """Open the list of the thread's articles; each level stands two columns further right."""
        articles = self._go(subject)
        self.terminal.keys("l")
        self.terminal.wait("List Thread (")  # drawn before the articles are
        rows = self.terminal.wait_until(
            f"{articles} articles", lambda: len(rows := self.rows(ARTICLE)) == articles and rows)
        self.terminal.keys("q")
        return [len(row[2]) // 2 + (row[3] == "`->") for row in rows]

    def read(self, subject: str) -> str:
        """Open the thread at its first article."""
        self._go(subject)
        self.terminal.keys("Enter")
        return self.terminal.wait("Thread ", "Lines", subject)

    def _send(self) -> None:
        self.terminal.wait("Check Prepared Article", "p=post")
        self.leave("p")

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Press w and name the subject."""
        self.type_in_editor(text)
        self.press("w", "Post subject")
        self.answer("Post subject", subject)
        self._send()

    def follow_up(self, subject: str, text: str) -> None:
        """Press f in the article."""
        self.type_in_editor(text)
        self.read(subject)
        self.press("f", "Check Prepared Article")
        self._send()

    def cancel(self, subject: str) -> None:
        """Press D in the article, and confirm that it is to be deleted."""
        self.read(subject)
        self.press("D", "(d/s/q)")
        self.terminal.keys("d")
        self.terminal.wait("d=delete (cancel)")
        self.terminal.keys("d")

    def supersede(self, subject: str, text: str) -> None:
        """Press D in the article, and choose to supersede it."""
        self.type_in_editor(text)
        self.read(subject)
        self.press("D", "(d/s/q)")
        self.terminal.keys("s")
        self._send()

    def is_own(self, subject: str) -> bool:
        """Look whether it asks before it deletes, or says that it cannot."""
        self.read(subject)
        self.terminal.keys("D")
        said = self.wait_for_row(re.compile(r"\(d/s/q\)|cannot be cancelled"))[-1][0]
        self.terminal.keys("q")
        return said == "(d/s/q)"
