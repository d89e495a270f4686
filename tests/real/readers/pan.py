"""Pan, on a screen of its own."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path

from tests.real.readers.desktop import Desktop
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.pictures import keep
from tests.real.waiting import wait_for

MAIN = "Pan"  # the beginnings of its windows' titles
POST = "Post Article"
SAVE = "Pan: Save Articles"
ADD_SERVER = "Pan: Add a Server"
GROUPS, HEADERS = 0, 1  # its tables
SEARCH, BODY = 0, 2  # its texts
TO, NEWSGROUPS, SUBJECT, TEXT = range(4)  # those of its window for an article
SUBJECT_COLUMN, SCORE_COLUMN = 2, 3
SECONDS = 60.0

SERVER = """<server-set>
  <server id="1">
    <host>127.0.0.1</host>
    <port>{port}</port>
    <username>{login}</username>
    <password>{password}</password>
    <expire-articles-n-days-old>0</expire-articles-n-days-old>
    <connection-limit>2</connection-limit>
    <newsrc>{newsrc}</newsrc>
    <rank>1</rank>
    <use-ssl>{tls}</use-ssl>
    <trust>1</trust>
    <compression-type>0</compression-type>
  </server>
</server-set>
"""
PROFILE = """<posting><profiles><profile name="Zoe">
  <username>{name}</username>
  <address>{address}</address>
  <server>1</server>
  <attribution>%n wrote:</attribution>
</profile></profiles></posting>
"""
PREFERENCES = """<preferences>
<flag name='expand-threads-when-entering-group' value='true'/>
<flag name='show-all-headers' value='true'/>
<geometry name='main-window' x='0' y='0' w='1000' h='700'/>
</preferences>
"""


class Pan(Newsreader):
    """The way through Pan's three panes: newsgroups, headers, an article."""

    score_file = "News/Score"

    def __init__(self, home: Path, access: Access) -> None:
        super().__init__(home, access)
        self._desktop: Desktop | None = None
        self._fetched: set[str] = set()

    @property
    def desktop(self) -> Desktop:
        """The screen that it is on."""
        assert self._desktop is not None, "not started"
        return self._desktop

    def start(self) -> None:
        """Start it with the server and the posting profile that its user has entered; get the list of newsgroups."""
        settings = self.home / ".pan2"
        if self._desktop is not None:
            self.desktop.do("click", MAIN, "menu item", "Quit")
            wait_for("Pan has ended", lambda: not self.desktop.do("windows"))
            self.close()
        elif not settings.exists():
            settings.mkdir()
            login, password = self.access.login or ("", "")
            (settings / "servers.xml").write_text(SERVER.format(
                port=self.access.port, login=login, password=password, newsrc=settings / "newsrc-1",
                tls=int(self.access.certificate is not None)))
            (settings / "posting.xml").write_text(PROFILE.format(name=self.access.name, address=self.access.address))
            (settings / "preferences.xml").write_text(PREFERENCES)
        self._run()
        self._wait_for_task("GROUPS", lambda: self.desktop.do("click", MAIN, "menu item", "Refresh Group List"))

    def start_for_the_first_time(self) -> None:
        """Start it as somebody does who has nothing yet, and name the server, for which it asks."""
        self._run()
        self.desktop.do("click", "Information", "push button", "Close")
        self.desktop.do("write", ADD_SERVER, "text", -1, "127.0.0.1")
        self.desktop.do("set_number", ADD_SERVER, "spin button", -1, self.access.port)
        self.desktop.do("click", ADD_SERVER, "menu item", "Never Expire Old Articles")
        self._wait_for_task("GROUPS", lambda: self.desktop.do("click", ADD_SERVER, "push button", "OK"))

    def _run(self) -> None:
        self._desktop = Desktop(self.home / "session", "pan --debug", {
            "HOME": str(self.home), "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "TZ": "UTC"})
        self.desktop.wait_for_window(MAIN)

    def close(self) -> None:
        """End it."""
        if self._desktop is not None:
            self._desktop.close()
            self._desktop = None

    def _wait_for_task(self, kind: str, press: Callable[[], object]) -> None:
        """Press what gives Pan a task of a kind, and wait until it says in its log that it has completed one."""
        def completed() -> int:
            found = re.findall(r"a task of type (\w+)|\) (completed)\n", self.desktop.log.read_text("utf-8", "replace"))
            return sum(before == kind and word != "" for (before, _), (_, word) in itertools.pairwise(found))

        before = completed()
        press()
        wait_for(f"Pan has completed its task {kind}", lambda: completed() > before, SECONDS)

    def _listed(self) -> list[str]:
        """Return the rows of the pane of newsgroups, without how many articles are unread."""
        return [cells[0].split(" (")[0] for _, cells in self.desktop.do("rows", MAIN, GROUPS)]

    def _row(self, newsgroup: str) -> int:
        """Search a newsgroup in the field above the newsgroups; return its row."""
        self.desktop.do("enter", MAIN, "text", SEARCH, newsgroup)

        def look() -> int | None:
            names = self._listed()
            found = [name for name in names if name.startswith("clique.")]
            searched = newsgroup in found and all(newsgroup in name for name in found)
            return names.index(newsgroup) if searched else None

        return wait_for(f"the row of {newsgroup}", look, SECONDS)

    def newsgroups(self) -> set[str]:
        """Return what the pane of newsgroups lists."""
        return {name for name in self._listed() if name.startswith("clique.")}

    def subscribe(self, newsgroup: str) -> None:
        """Select the newsgroup, and choose Groups > Subscribe."""
        self.desktop.do("select", MAIN, GROUPS, self._row(newsgroup))
        self.desktop.do("click", MAIN, "menu item", "Subscribe")
        wait_for("it is subscribed", lambda: newsgroup in self.subscribed(), SECONDS)

    def subscribed(self) -> set[str]:
        """Return the newsgroups that stand above the other ones."""
        names = self._listed()
        end = names.index("Other Groups") if "Other Groups" in names else None
        return {name for name in names[:end] if name.startswith("clique.")}

    def open(self, newsgroup: str) -> None:
        """Double-click on the newsgroup; the first time choose to get all headers, later the new ones."""
        if not any(title == f"Pan: {newsgroup}" for title in self.desktop.do("windows")):
            self.desktop.do("activate", MAIN, GROUPS, self._row(newsgroup))
            self.desktop.wait_for_window(f"Pan: {newsgroup}")
        if newsgroup in self._fetched:
            press = ("menu item", "Get New Headers in Selected Groups")
        else:
            self._fetched.add(newsgroup)
            self.desktop.do("click", MAIN, "radio button", "Get all headers")
            press = ("push button", "Execute")
        self._wait_for_task("XOVER", lambda: self.desktop.do("click", MAIN, *press))

    def rows(self) -> list[tuple[int, str, str]]:
        """Return the articles that are listed: depth, subject, score."""
        rows = self.desktop.do("rows", MAIN, HEADERS)
        return [(depth, cells[SUBJECT_COLUMN].rpartition(" (")[0] or cells[SUBJECT_COLUMN], cells[SCORE_COLUMN])
                for depth, cells in rows]

    def _index(self, subject: str) -> int:
        def look() -> int | None:
            subjects = [row[1] for row in self.rows()]
            return subjects.index(subject) if subject in subjects else None

        return wait_for(f"the row of {subject!r}", look)

    def depths(self, subject: str) -> list[int]:
        """Return the depths of the rows from the subject's down to the next thread."""
        index = self._index(subject)
        depths = [depth for depth, _, _ in self.rows()[index:]]
        end = next((at for at, depth in enumerate(depths) if at and not depth), len(depths))
        return depths[:end]

    def read(self, subject: str) -> str:
        """Double-click on the article; return what is shown."""
        self.desktop.do("activate", MAIN, HEADERS, self._index(subject))

        def shown() -> str | None:
            text = str(self.desktop.do("read", MAIN, "text", BODY))
            return text if f"Subject: {subject}" in text else None

        return wait_for(f"the article {subject!r}", shown, SECONDS)

    def attachments(self, shown: str) -> str:
        """Save them: Pan shows a text that is attached below the message, without its name."""
        self.desktop.do("click", MAIN, "menu item", "Save Articles...")
        self._wait_for_task("SAVE", lambda: self.desktop.do("click", SAVE, "push button", "Save"))
        return "\n".join(file.name for file in (self.home / "News").iterdir())

    def _send(self) -> None:
        self._wait_for_task("POST", lambda: self.desktop.do("click", POST, "menu item", "Send Article"))
        wait_for("its window closes", lambda: POST not in self.desktop.do("windows"), SECONDS)

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Choose Post > Post to Newsgroup, and fill the window in."""
        self.desktop.do("click", MAIN, "menu item", "Post to Newsgroup")
        self.desktop.wait_for_window(POST)
        self.desktop.do("write", POST, "text", SUBJECT, subject)
        self.desktop.do("write", POST, "text", TEXT, text)
        self._send()

    def _add_and_send(self, text: str) -> None:
        self.desktop.wait_for_window(POST)
        there = self.desktop.do("read", POST, "text", TEXT)
        self.desktop.do("write", POST, "text", TEXT, f"{there}{text}")
        self._send()

    def follow_up(self, subject: str, text: str) -> None:
        """Choose Post > Followup to Newsgroup at the article."""
        self.read(subject)
        self.desktop.do("click", MAIN, "menu item", "Followup to Newsgroup")
        self._add_and_send(text)

    def scores(self) -> dict[str, str]:
        """Return the subjects that are listed, and what stands in the column Score."""
        return {subject: score for _, subject, score in self.rows()}

    def picture(self, file: Path) -> None:
        """Keep a picture of the window with an article's text alone."""
        self.desktop.do("check", MAIN, "Show All Headers in Body Pane", False)
        keep(self.desktop.screenshot(), file)
        self.desktop.do("check", MAIN, "Show All Headers in Body Pane", True)

    def is_own(self, subject: str) -> bool:
        """Look whether the article stays when only the user's own ones are to be shown."""
        self.desktop.do("check", MAIN, "Match Only My Articles", True)
        subjects = [row[1] for row in self.rows()]
        self.desktop.do("check", MAIN, "Match Only My Articles", False)
        return subject in subjects
