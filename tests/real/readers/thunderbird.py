"""Thunderbird, without a screen; ``tests/real/thunderbird.py`` drives its windows."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from tests.real.readers import manual
from tests.real.readers.newsreader import Access, Newsreader
from tests.real.readers.pictures import keep
from tests.real.thunderbird import Thunderbird
from tests.real.waiting import wait_for

OTHER_WINDOWS = """
const page = name => [...Services.wm.getEnumerator(null)].find(one => one.location.href.endsWith(name))?.document;
const wizard = page("AccountWizard.xhtml"), filter = page("FilterEditor.xhtml");
"""


class ThunderbirdReader(Newsreader):
    """The way through Thunderbird's windows: the subscribe window, and the three panes."""

    score_file = "profile/News/127.0.0.1/msgFilterRules.dat"

    def __init__(self, home: Path, access: Access) -> None:
        super().__init__(home, access)
        self._program: Thunderbird | None = None
        self._newsgroup = ""

    @property
    def program(self) -> Thunderbird:
        """The program that runs."""
        assert self._program is not None, "not started"
        return self._program

    def start(self) -> None:
        """Start it with the account that its user has made."""
        if self._program is not None:
            self._program.quit()
        settings = {}
        if self.access.certificate:
            settings["mail.server.server1.socketType"] = 3
        if self.access.login:
            settings["mail.server.server1.always_authenticate"] = True
        self._program = Thunderbird(
            self.home, self.access.port, self.access.name, self.access.address, settings, self.access.login)
        if self.access.certificate:
            certificate = ssl.PEM_cert_to_DER_cert(self.access.certificate.read_text())
            self.program.trust(self.access.port, certificate)

    def close(self) -> None:
        """End it."""
        if self._program is not None:
            self._program.close()
            self._program = None

    def newsgroups(self) -> set[str]:
        """Open the subscribe window and list what it offers."""
        return self.program.offered()

    def subscribe(self, newsgroup: str) -> None:
        """Search the newsgroup in the subscribe window and tick it."""
        self.program.subscribe(newsgroup)

    def subscribed(self) -> set[str]:
        """Return the newsgroups of the folder pane."""
        return self.program.subscribed()

    def open(self, newsgroup: str) -> None:
        """Click on the newsgroup in the folder pane, and ask for news."""
        self._newsgroup = newsgroup
        self.program.open(newsgroup)
        self.program.refresh(newsgroup)

    def _index(self, subject: str) -> int:
        def look() -> int | None:
            subjects = [row[1] for row in self.program.thread()]
            return subjects.index(subject) if subject in subjects else None

        return wait_for(f"the row of {subject!r}", look)

    def depths(self, subject: str) -> list[int]:
        """Return the levels of the rows from the subject's down to the next thread."""
        index = self._index(subject)
        levels = [level for level, _, _ in self.program.thread()[index:]]
        end = next((at for at, level in enumerate(levels) if at and not level), len(levels))
        return levels[:end]

    def read(self, subject: str) -> str:
        """Select the article; return what the message pane shows."""
        shown = self.program.read(self._index(subject))
        return "\n".join([subject, shown, *self.program.attachments()])

    def post(self, newsgroup: str, subject: str, text: str) -> None:
        """Write it in a compose window."""
        self.program.post(newsgroup, subject, text)

    def follow_up(self, subject: str, text: str) -> None:
        """Answer below the quoted text."""
        self.program.follow_up(self._index(subject), text)

    def cancel(self, subject: str) -> None:
        """Select the article and choose Cancel Message; it asks once."""
        index = self._index(subject)
        self.program.read(index)
        self.program.cancel()

    def tags(self) -> dict[str, str]:
        """Return the tags of each subject in the thread pane, as its column has them."""
        return self.program.column("tagsCol")

    def ignore(self, subject: str, sub_thread: bool = False) -> None:
        """Select the article and press K, or Shift-K for a sub-thread."""
        self.program.ignore(self._index(subject), sub_thread)

    def picture(self, file: Path, page: str = "") -> None:
        """Keep a picture of the main window, or of the one that shows this page."""
        keep(self.program.screenshot(page), file)

    def _in_windows(self, script: str, *arguments: Any) -> Any:
        return self.program.run(OTHER_WINDOWS + script, *arguments)

    def open_account_wizard(self) -> None:
        """Choose File > New > Newsgroup Account, and type name and address."""
        self.program.run("window.setTimeout(() => window.openNewsgroupAccountWizard(), 0);")
        wait_for("the assistant", lambda: self._in_windows("return !!wizard?.querySelector('wizard')?.currentPage;"))
        self._type_in_wizard(fullName=self.access.name, email=self.access.address)

    def _type_in_wizard(self, **fields: str) -> None:
        self._in_windows("""
            for (const [id, text] of Object.entries(given[0])) {
                const field = wizard.getElementById(id);
                field.value = text;
                field.dispatchEvent(new wizard.defaultView.Event("input"));
            }""", fields)

    def finish_account_wizard(self, host: str) -> dict[str, Any]:
        """Go on to the end with this server; return what it has made of the account."""
        for fields in ({}, {"newsServer": host}, {}, {}):
            self._type_in_wizard(**fields)
            self._in_windows("wizard.querySelector('wizard').advance();")
        wait_for("the assistant closes", lambda: self._in_windows("return !wizard;"))
        made = self._in_windows("""
            const made = MailServices.accounts.findServer("", given[0], "nntp");
            const identity = MailServices.accounts.getFirstIdentityForServer(made);
            return { port: made.port, address: identity.email, name: identity.fullName, html: identity.composeHtml };
            """, host)
        return dict(made)

    def open_filter(self) -> None:
        """Choose Tools > Message Filters, and open the first one."""
        self._in_windows("""
            const filterList = server.getEditableFilterList(null);
            window.openDialog("chrome://messenger/content/FilterEditor.xhtml", "", "chrome,titlebar,resizable",
                              { filterList, filter: filterList.getFilterAt(0) });""")
        shown = "return filter?.querySelector('search-value')?.getInputValue?.() == given[0];"
        wait_for("the filter", lambda: self._in_windows(shown, f"@{manual.EXAMPLE.author}.clique.invalid"))

    def close_filter(self) -> None:
        """Cancel the filter's window."""
        self._in_windows("filter.querySelector('dialog').cancelDialog();")
        wait_for("it closes", lambda: self._in_windows("return !filter;"))
