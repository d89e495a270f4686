"""slrn, in a terminal."""

from __future__ import annotations

import re

from tests.real.readers import manual
from tests.real.readers.newsreader import TerminalReader, newsgroups_on
from tests.real.terminal import Terminal
from tests.real.waiting import wait_for

ROW = re.compile(r"^.{3}.*?\d+:\[.{12}\].{4}(?P<space> *)(?P<arrow>`-)?>?(?P<subject>.*)")


class Slrn(TerminalReader):
    """The way through slrn's two screens: the list of newsgroups, and a newsgroup with an article below."""

    score_file = ".slrn-scores"
    newsrc_file = ".slrn-cliquenntp"

    def start(self) -> None:
        """Start it, the first time with the newsgroups that the server recommends."""
        text = manual.settings("slrn", "In `~/.slrnrc`:", self.access) + "\n".join([
            f"set editor_command \"{self.editor} '%s'\"",
            "set query_read_group_cutoff 0",
            "set simulate_graphic_chars 1",
            "set show_article 0",
            "set uncollapse_threads 1",
            "",
        ])
        server = f"snews://127.0.0.1:{self.access.port}" if self.access.certificate else "127.0.0.1"
        if self.access.login:
            text += manual.settings("slrn", manual.LOGIN, self.access).replace("127.0.0.1", server)
        (self.home / ".slrnrc").write_text(text)
        create = [] if self.newsrc.exists() else ["--create"]
        command = manual.typed("slrn", self.access, *create)
        self.run(*(manual.replaced(word, {"127.0.0.1": server, "~": str(self.home)}) for word in command))
        self.terminal.wait("News Groups: ")

    def _list(self) -> None:
        if "News Groups: " not in self.terminal.screen:
            self.terminal.keys("q")
            self.terminal.wait("News Groups: ")

    def quit(self) -> None:
        """Press q in the list of newsgroups."""
        self._list()
        self.terminal.keys("q")
        self.terminal.wait("Do you really want to quit")
        self.terminal.keys("y")
        self.wait_for_end()

    def go_to(self, newsgroup: str) -> None:
        """Name a newsgroup, so that the cursor stands on it in the list."""
        self._list()
        self.terminal.keys("a")
        self.answer("Add group:", newsgroup)
        self.wait_for_row(re.compile(rf"^->.*{re.escape(newsgroup)}$"))

    def newsgroups(self) -> set[str]:
        """List all newsgroups beside the subscribed ones."""
        self._list()
        self.terminal.keys("Escape", "2", "L")
        self.wait_for_row(re.compile("^..U.*clique"))
        return newsgroups_on(self.terminal.screen)

    def subscribe(self, newsgroup: str) -> None:
        """Go to the newsgroup, press s, and X, which writes the newsrc."""
        self.go_to(newsgroup)
        self.terminal.keys("s")
        self.wait_for_row(re.compile(rf"^..[^U].*{re.escape(newsgroup)}$"))
        self.terminal.keys("X")

        def is_written() -> bool:
            try:
                return f"{newsgroup}:" in self.newsrc.read_text()
            except FileNotFoundError:  # slrn moves the old one away before it writes
                return False

        wait_for("the newsrc", is_written)

    def subscribed(self) -> set[str]:
        """Return the newsgroups of the list that are not marked as unsubscribed."""
        return newsgroups_on("\n".join(line for line in self.terminal.screen.splitlines() if line[2:3] != "U"))

    def open(self, newsgroup: str) -> None:
        """Go to the newsgroup, ask for what is new, and open it with what was read."""
        self.go_to(newsgroup)
        self.terminal.keys("G", "Escape", "1", "Enter")
        self.answer("Read how many?", "10000")
        self.terminal.wait(f"Group: {newsgroup}")

    def _index(self, subject: str) -> int:
        return self.wait_for_index(ROW, subject)

    def depths(self, subject: str) -> list[int]:
        """Count the columns before the arrow: two for each level."""
        index = self._index(subject)
        rows = self.rows(ROW)[index:]
        found = [0]
        for row in rows[1:]:
            if row["arrow"] is None:
                break
            found.append(len(row["space"]) // 2 + 1)
        return found

    def read(self, subject: str) -> str:
        """Go down to the article and open it."""
        index = self._index(subject)
        self.terminal.keys("Escape", "<", *["Down"] * index, "Enter")
        return self.terminal.wait(f"Subject: {subject}")

    def read_number(self, number: int, *texts: str) -> str:
        """Jump to the article with that number and open it; return the screen, which must show these texts."""
        self.terminal.keys("j")
        self.answer("article", str(number))
        self.terminal.keys("Enter")
        return self.terminal.wait(f" {number} : ", *texts)

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Press P, and answer what it asks; the cursor may stand on the newsgroup in the list, too."""
        self.type_in_editor(text)
        press_post(self.terminal, newsgroup, subject)

    def follow_up(self, subject: str, text: str) -> None:
        """Press f on the article."""
        self.read(subject)
        self.follow_up_shown(text)

    def follow_up_shown(self, text: str) -> None:
        """Press f on the article that is open."""
        self.type_in_editor(text)
        self.terminal.keys("f")
        self.terminal.wait("Are you sure you want to followup?")
        self.terminal.keys("y")
        send(self.terminal)

    def cancel(self, subject: str) -> None:
        """Press ESC Ctrl-C on the article."""
        self.read(subject)
        self.terminal.keys("Escape", "C-c")
        self.terminal.wait("Are you sure that you want to cancel")
        self.terminal.keys("y")
        self.terminal.wait("Done.")

    def supersede(self, subject: str, text: str) -> None:
        """Press ESC Ctrl-S on the article."""
        self.type_in_editor(text)
        self.read(subject)
        self.terminal.keys("Escape", "C-s")
        self.terminal.wait("Are you sure you want to supersede")
        self.terminal.keys("y")
        send(self.terminal)

    def is_own(self, subject: str) -> bool:
        """Look whether it asks before it cancels, or says that somebody else wrote the article."""
        self.read(subject)
        self.terminal.keys("Escape", "C-c")
        said = self.wait_for_row(re.compile(r"Are you sure that you want to cancel|Failed: Your name"))[-1][0]
        self.terminal.keys("n")
        return not said.startswith("Failed")


def press_post(terminal: Terminal, newsgroup: str, subject: str) -> None:
    """Press P, name the newsgroup and the subject, and send what the editor writes."""
    terminal.keys("P")
    terminal.wait("Are you sure that you want to post?")
    terminal.keys("y")
    terminal.wait("Newsgroup:")
    terminal.keys("C-u")
    terminal.type(newsgroup)
    terminal.keys("Enter")
    terminal.wait("Subject:")
    terminal.type(subject)
    terminal.keys("Enter")
    send(terminal)


def send(terminal: Terminal) -> None:
    """Agree to send what the editor has written, and wait until the server has it."""
    terminal.wait("Post the message?")
    terminal.keys("y")
    terminal.wait("Posting...done")
