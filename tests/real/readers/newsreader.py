"""What the driver of every newsreader offers, and what the ones that run in a terminal share.

A driver presses the keys and buttons that a person would, and tells what the program then shows.  What a program
cannot do its driver does not have: ``abilities.py`` says so, with the reason.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from tests.real.terminal import Terminal
from tests.real.waiting import wait_for


@attrs.frozen
class Access:
    """Where a newsreader connects, and as whom."""

    port: int
    address: str
    """what ``cliquectl user`` prints"""
    name: str = "Zoe Leser"
    login: tuple[str, str] | None = None
    """name and password"""
    certificate: Path | None = None
    """the server's, where the connection is in TLS"""
    starttls_port: int | None = None
    """where TLS begins with STARTTLS, for programs that know no other way"""


class Newsreader:
    """One program in a home of its own, for one person.

    ``open`` comes before all that works on articles; subjects name the thread's first article, and each is there once.
    """

    score_file = ""
    """where its user writes scores, in the home; empty: nowhere"""

    def __init__(self, home: Path, access: Access) -> None:
        self.home = home
        self.access = access
        home.mkdir(exist_ok=True)

    def start(self) -> None:
        """Start the program, as its user does every day; afterwards it shows its newsgroups."""
        raise NotImplementedError

    def close(self) -> None:
        """End the program without asking."""
        raise NotImplementedError

    def newsgroups(self) -> set[str]:
        """Return all newsgroups that the program offers to subscribe to."""
        raise NotImplementedError

    def subscribe(self, newsgroup: str) -> None:
        """Subscribe to a newsgroup of that list."""
        raise NotImplementedError

    def subscribed(self) -> set[str]:
        """Return the newsgroups that the program shows as subscribed."""
        raise NotImplementedError

    def open(self, newsgroup: str) -> None:
        """Open a newsgroup, or open it anew, with all its articles."""
        raise NotImplementedError

    def depths(self, subject: str) -> list[int]:
        """Return how deep the program draws each article of a thread, from above."""
        raise NotImplementedError

    def read(self, subject: str) -> str:
        """Show an article; return what is shown, header lines and all."""
        raise NotImplementedError

    def attachments(self, shown: str) -> str:
        """Return what names the attachments of the article that was shown so."""
        return shown

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Post an article in the open newsgroup."""
        raise NotImplementedError

    def follow_up(self, subject: str, text: str) -> None:
        """Answer an article, quoting it."""
        raise NotImplementedError

    def cancel(self, subject: str) -> None:
        """Take an own article back."""
        raise NotImplementedError

    def supersede(self, subject: str, text: str) -> None:
        """Replace an own article by one that has this text too."""
        raise NotImplementedError

    def is_own(self, subject: str) -> bool:
        """Return whether the program takes the article for its user's."""
        raise NotImplementedError


class TerminalReader(Newsreader):
    """A newsreader in a terminal; its editor adds what the test wants typed, and ends."""

    newsrc_file = ""
    """where it keeps what its user subscribes to, in the home; empty where no test looks"""

    erase: Sequence[str] = ("C-u",)
    """the keys that empty a prompt"""
    columns, lines = 150, 480
    """of the terminal; so tall that whole lists are on the screen"""

    def __init__(self, home: Path, access: Access, make_terminal: Callable[..., Terminal]) -> None:
        super().__init__(home, access)
        self._make_terminal = make_terminal
        self._terminal: Terminal | None = None
        self._typed = home / "typed"
        self.editor = home / "editor"
        self.editor.write_text(f'#!/bin/sh\nfor file; do :; done\ncat "{self._typed}" >> "$file"\n')
        self.editor.chmod(self.editor.stat().st_mode | stat.S_IXUSR)

    @property
    def terminal(self) -> Terminal:
        """The terminal that it runs in."""
        assert self._terminal is not None, "not started"
        return self._terminal

    def run(self, *command: str) -> Terminal:
        """Start a program in a terminal; the test waits for its screen."""
        if self._terminal is not None:
            self._terminal.close()
        self._terminal = self._make_terminal(
            *command, rows=self.lines, columns=self.columns, HOME=str(self.home), EDITOR=str(self.editor),
            LANG="C.UTF-8", TERM="xterm-256color", TZ="UTC", PATH=os.environ["PATH"])
        return self._terminal

    def close(self) -> None:
        """End the program and its terminal."""
        if self._terminal is not None:
            self._terminal.close()

    @property
    def newsrc(self) -> Path:
        """What it keeps of its user's newsgroups."""
        return self.home / self.newsrc_file

    def quit(self) -> None:
        """End the program as its user does: it writes its newsrc."""
        raise NotImplementedError

    def wait_for_end(self) -> None:
        """Wait until the program has ended."""
        wait_for("the program has ended", lambda: self.terminal.has_ended)

    def type_in_editor(self, text: str) -> None:
        """Let the editor add this text the next times that the program calls it."""
        self._typed.write_text(f"{text}\n", "utf-8")

    def answer(self, question: str, text: str) -> None:
        """Wait for a prompt, type an answer over what stands there, and press Enter when it stands there."""
        self.terminal.wait(question)
        self.terminal.keys(*self.erase)
        self.terminal.type(text)
        wait_for(f"{text!r} in the prompt", lambda: self.terminal.cursor_line.rstrip().endswith(text))
        self.terminal.keys("Enter")

    def press(self, key: str, *texts: str) -> str:
        """Press a key until texts are on the screen: some programs throw away what is typed while they draw."""
        deadline = 15
        while deadline:
            self.terminal.keys(key)
            try:
                return self.terminal.wait(*texts, seconds=2.0)
            except AssertionError:
                deadline -= 1
        return self.terminal.wait(*texts, seconds=0.0)

    def leave(self, key: str) -> None:
        """Press a key and wait until the first line of the screen is another one."""
        before = self.terminal.screen.partition("\n")[0]
        self.terminal.keys(key)
        try:
            wait_for("another screen", lambda: self.terminal.screen.partition("\n")[0] != before)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.terminal.text}") from None

    def rows(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Return what matches of the lines on the screen."""
        return [found for line in self.terminal.screen.splitlines() if (found := pattern.search(line))]

    def wait_for_index(self, pattern: re.Pattern[str], subject: str) -> int:
        """Wait until a row's group ``subject`` is this; return how many rows stand above it."""
        def look() -> int | None:
            subjects = [row["subject"] for row in self.rows(pattern)]
            return subjects.index(subject) if subject in subjects else None

        try:
            return wait_for(f"the row of {subject!r}", look)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.terminal.text}") from None

    def wait_for_row(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Wait until a line on the screen matches; return all that do."""
        try:
            return wait_for(f"{pattern.pattern!r} on the screen", lambda: self.rows(pattern) or None)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.terminal.text}") from None


def newsgroups_on(screen: str) -> set[str]:
    """Return the names of newsgroups that are on a screen."""
    return set(re.findall(r"clique\.\S+", screen))
