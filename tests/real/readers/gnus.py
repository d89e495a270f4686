"""Gnus, in an Emacs in a terminal."""

from __future__ import annotations

import re

from tests.real.readers import manual
from tests.real.readers.newsreader import TerminalReader, newsgroups_on
from tests.real.waiting import wait_for

ROW = re.compile(r"^...(?P<space> *)[\[<] *(?:\d+|\?): (?P<author>.{23})[\]>] ?(?P<subject>.*?) *$")
LEVEL = 4  # columns

ASKS_NOTHING = """
(setq inhibit-startup-screen t gnus-inhibit-startup-message t gnus-novice-user nil gnus-large-newsgroup nil
      gnus-save-newsrc-file t gnus-read-newsrc-file t gnus-always-read-dribble-file t use-short-answers t
      network-security-level 'low auth-sources '("~/.authinfo") nntp-authinfo-file "~/.authinfo"
      nntp-connection-timeout 20 message-kill-buffer-on-exit t make-backup-files nil auto-save-default nil)
"""


class Gnus(TerminalReader):
    """The way through Gnus's buffers: groups, a group's summary with an article below, a message."""

    score_file = "News/all.SCORE"
    erase = ()  # its prompts begin empty

    def start(self) -> None:
        """Start Emacs with what a user's ~/.gnus has."""
        text = manual.settings("Gnus", "In `~/.gnus`:", self.access)
        if self.access.login:
            text += manual.settings("Gnus", manual.LOGIN_IN_TLS, self.access)
            if not self.access.certificate:
                text = text.replace("nntp-open-tls-stream", "nntp-open-network-stream")
            authinfo = self.home / ".authinfo"
            authinfo.write_text(manual.settings("Gnus", "(`chmod 600`):", self.access))
            authinfo.chmod(0o600)
        (self.home / ".gnus").write_text(text)
        init = self.home / "asks-nothing.el"
        init.write_text(ASKS_NOTHING)
        self.run("emacs", "-nw", "-l", str(init), "-f", "gnus")
        self.terminal.wait("Gnus: *Group* {nntp:127.0.0.1}")

    def _groups(self) -> None:
        """Leave the newsgroup that is open."""
        shown = wait_for("Gnus", lambda: re.search(r"\((Group|Summary) Plugged\)", self.terminal.screen))
        if shown[1] == "Summary":
            self.terminal.keys("q")
            self.terminal.wait("(Group Plugged)")

    def newsgroups(self) -> set[str]:
        """List all newsgroups of the server, with A A."""
        self.terminal.keys("A", "A")
        self.terminal.wait("clique.")
        return newsgroups_on(self.terminal.screen)

    def subscribe(self, newsgroup: str) -> None:
        """Press U and name it."""
        self.terminal.keys("U")
        self.answer("Group:", newsgroup)
        self.wait_for_row(re.compile(rf" {re.escape(newsgroup)} *$"))

    def subscribed(self) -> set[str]:
        """List the subscribed newsgroups, with L."""
        self.terminal.keys("L")
        lines = [line for line in self.terminal.wait("clique.").splitlines() if line[:1] != "U"]
        return newsgroups_on("\n".join(lines))

    def open(self, newsgroup: str) -> None:
        """Go to the newsgroup and open it with all its articles."""
        self._groups()
        self.terminal.keys("g", "L")
        if newsgroup not in newsgroups_on(self.terminal.screen):
            self.subscribe(newsgroup)
        self.terminal.keys("j")
        self.answer("Group:", newsgroup)
        wait_for("the newsgroup's line", lambda: self.terminal.cursor_line.endswith(f": {newsgroup}"))
        self.terminal.keys("C-u", "Enter")
        self.terminal.wait(f".{newsgroup.rpartition('.')[2]} [", "(Summary Plugged)")

    def _index(self, subject: str) -> int:
        return self.wait_for_index(ROW, subject)

    def depths(self, subject: str) -> list[int]:
        """Count the columns before the bracket."""
        index = self._index(subject)
        depths = [len(row["space"]) // LEVEL for row in self.rows(ROW)[index:]]
        end = next((at for at, depth in enumerate(depths) if at and not depth), len(depths))
        return depths[:end]

    def read(self, subject: str) -> str:
        """Go down to the article and open it."""
        index = self._index(subject)
        self.terminal.keys("M-<", *["C-n"] * index, "Enter")
        return self.terminal.wait(f"Subject: {subject}")

    def _send(self, text: str) -> None:
        self.terminal.wait("--text follows this line--")
        self.terminal.keys("M->")
        self.terminal.type(f"\n{text}\n")
        self.terminal.keys("C-c", "C-c")
        self.terminal.wait_until("the message is sent", lambda: "(Message" not in self.terminal.screen)
        self.terminal.wait("(Summary Plugged)")

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Press a, fill in the subject and write."""
        self.terminal.keys("a")
        self.terminal.wait("--text follows this line--")
        self.terminal.keys("C-c", "C-f", "C-s")
        self.terminal.type(subject)
        self._send(text)

    def follow_up(self, subject: str, text: str) -> None:
        """Press F on the article."""
        self.read(subject)
        self.terminal.keys("F")
        self._send(text)

    def cancel(self, subject: str) -> None:
        """Press C on the article."""
        self.read(subject)
        self.terminal.keys("C")
        self.terminal.wait("Do you really want to cancel this article?")
        self.terminal.keys("y")
        self.terminal.wait("Canceling your article...done")

    def supersede(self, subject: str, text: str) -> None:
        """Press S s on the article."""
        self.read(subject)
        self.terminal.keys("S", "s")
        self._send(text)

    def is_own(self, subject: str) -> bool:
        """Look whether it shows the newsgroup in the author's place."""
        index = self._index(subject)
        return self.rows(ROW)[index]["author"].startswith("=> ")
