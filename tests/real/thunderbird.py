"""The real Thunderbird, without a screen: driven through Marionette, read by what its windows show.

Marionette's messages are a length, a colon and JSON: [type, number, command, arguments], answered by [type, number,
error, result] (Firefox source docs, Marionette protocol version 3).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.real.sessions import kill_session
from tests.real.waiting import wait_for

SERVER = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const server = MailServices.accounts.accounts.map(a => a.incomingServer).find(s => s.type == "nntp");
const window = Services.wm.getMostRecentWindow("mail:3pane");
const about3Pane = window?.document.getElementById("tabmail")?.currentAbout3Pane;
const folderOf = name => server.rootFolder.subFolders.find(f => f.prettyName == name || f.name == name);
"""

SUBSCRIBE_WINDOW = 'const dialog = Services.wm.getMostRecentWindow("mailnews:subscribe");'

ANSWER_DIALOGS = """
window.dialogsSeen = [];
Services.ww.registerNotification({
    observe(opened, topic) {
        if (topic != "domwindowopened") return;
        opened.addEventListener("load", () => opened.setTimeout(() => {
            if (opened.location.href != "chrome://global/content/commonDialog.xhtml") return;
            const byId = id => opened.document.getElementById(id);
            window.dialogsSeen.push(byId("infoBody").textContent);
            if (!byId("loginContainer").hidden) byId("loginTextbox").value = given[0];
            if (!byId("password1Container").hidden) byId("password1Textbox").value = given[1];
            byId("commonDialog").getButton("accept").click();
        }, 0), { once: true });
    },
});
"""
"""a user who answers each window that asks with OK, and a name and password where it wants them"""

SETTINGS: dict[str, Any] = {
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.server": "server1",
    "mail.account.account1.identities": "id1",
    "mail.account.account2.server": "server2",
    "mail.accountmanager.localfoldersserver": "server2",
    "mail.identity.id1.valid": True,
    "mail.identity.id1.compose_html": False,
    "mail.identity.id1.fcc": False,
    "mail.server.server1.type": "nntp",
    "mail.server.server1.hostname": "127.0.0.1",
    "mail.server.server1.name": "node",
    "mail.server.server1.directory-rel": "[ProfD]News/127.0.0.1",
    "mail.server.server1.userName": "",
    "mail.server.server2.type": "none",
    "mail.server.server2.hostname": "Local Folders",
    "mail.server.server2.name": "Local Folders",
    "mail.server.server2.userName": "nobody",
    "mail.biff.show_alert": False,
    "mail.spellcheck.inline": False,
    "mailnews.default_view_flags": 1,  # threaded, all expanded
    # nothing that asks, and nothing that asks elsewhere
    "app.update.enabled": False,
    "app.donation.eoy.version.viewed": 100,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "mail.inappnotifications.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class ScriptFailedError(Exception):
    """A script in Thunderbird raised; the text is what it said."""


class AlertIsOpenError(ScriptFailedError):
    """A window asks its user something."""


class Thunderbird:
    """One Thunderbird with a new user's profile and one news account."""

    def __init__(
        self, folder: Path, port: int, name: str, address: str, more: Mapping[str, Any] | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        """Start it; a profile in the folder is used again.

        ``port`` is the news server's, name and address are the identity's, ``more`` are further preferences, and
        ``login`` is the name and password for the window that asks for them.
        """
        self._profile = folder / "profile"
        self._profile.mkdir(parents=True, exist_ok=True)
        settings = SETTINGS | {
            "mail.identity.id1.fullName": name,
            "mail.identity.id1.useremail": address,
            "mail.server.server1.port": port,
            "mail.server.server1.newsrc.file": str(self._profile / "newsrc"),
            "marionette.port": 0,
        } | (more or {})
        lines = [f'user_pref("{key}", {json.dumps(value)});' for key, value in settings.items()]
        (self._profile / "user.js").write_text("\n".join(lines) + "\n")
        self._log = (folder / "thunderbird.log").open("wb")
        self._process = subprocess.Popen(
            ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access",
             "--profile", str(self._profile)],
            env=os.environ | {"HOME": str(folder), "LANG": "C.UTF-8", "MOZ_HEADLESS": "1", "TZ": "UTC",
                              "MOZ_CRASHREPORTER_DISABLE": "1"},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True)
        self._number = 0
        self._socket: socket.socket | None = None
        self._stream: Any = None
        try:
            wait_for("Thunderbird opens its port", self._connect, 90.0)
            self._command("WebDriver:NewSession", capabilities={"alwaysMatch": {"unhandledPromptBehavior": "ignore"}})
            self._command("Marionette:SetContext", value="chrome")
            wait_for("Thunderbird's window", lambda: self.run("return !!about3Pane?.threadPane;"), 60.0)
            self.run(ANSWER_DIALOGS, *(login or ("", "")))
        except BaseException:
            self.close()
            raise

    def _connect(self) -> bool:
        assert self._process.poll() is None, "Thunderbird has ended"
        told = self._profile / "MarionetteActivePort"
        port = told.read_text().strip() if told.exists() else ""
        if not port:
            return False
        try:
            self._socket = socket.create_connection(("127.0.0.1", int(port)), 120.0)
        except ConnectionRefusedError:
            return False
        self._stream = self._socket.makefile("rb")
        self._receive()
        return True

    def _receive(self) -> Any:
        digits = b""
        while (octet := self._stream.read(1)) != b":":
            assert octet, "Thunderbird has closed its port"
            digits += octet
        return json.loads(self._stream.read(int(digits)))

    def _command(self, name: str, **arguments: Any) -> Any:
        assert self._socket is not None
        self._number += 1
        message = json.dumps([0, self._number, name, arguments]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            kind = AlertIsOpenError if error["error"] == "unexpected alert open" else ScriptFailedError
            raise kind(f"{name}: {error['message']}")
        return result

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of an asynchronous function, in which SERVER's names are known; return what it returns.

        It runs again where a window that asks came in between.
        """
        body = (
            "const done = arguments[arguments.length - 1];"
            f"(async (...given) => {{ {SERVER} {script} }})(...arguments)"
            ".then(value => done([value ?? null, null]), error => done([null, String(error)]));")

        def answered() -> tuple[Any, str | None] | None:
            try:
                answer = self._command(
                    "WebDriver:ExecuteAsyncScript", script=body, args=list(arguments), newSandbox=False)
            except AlertIsOpenError:
                return None
            return None if answer["value"] is None else tuple(answer["value"])

        value, error = wait_for("no window asks", answered)
        if error:
            raise ScriptFailedError(error)
        return value

    def open(self, newsgroup: str) -> None:
        """Subscribe to a newsgroup and show it; one that is shown is left for its account, and shown anew."""
        if newsgroup not in self.subscribed():
            self.run("server.QueryInterface(Ci.nsINntpIncomingServer).subscribeToNewsgroup(given[0]);", newsgroup)
        wait_for("the newsgroup in the folder pane", lambda: self.run("return !!folderOf(given[0]);", newsgroup))
        self.run("about3Pane.displayFolder(server.rootFolder.URI);")
        self.run("about3Pane.displayFolder(folderOf(given[0]).URI);", newsgroup)
        wait_for("the newsgroup is shown", lambda: self.run("return !!about3Pane.gDBView;"))

    def refresh(self, newsgroup: str) -> None:
        """Press the button that gets new messages, and wait until they are there."""
        self.run("""
            await new Promise(ended => folderOf(given[0]).getNewMessages(window.msgWindow, {
                QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
                OnStartRunningUrl() {}, OnStopRunningUrl: ended }));""", newsgroup)

    def thread(self) -> list[tuple[int, str, str]]:
        """Return the rows of the thread pane: (depth, subject, author)."""
        rows = self.run("""
            const view = about3Pane.gDBView, rows = [];
            view.doCommand(Ci.nsMsgViewCommandType.expandAll);
            for (let i = 0; i < view.rowCount; i++)
                rows.push([view.getLevel(i), view.cellTextForColumn(i, "subjectCol"),
                           view.cellTextForColumn(i, "senderCol")]);
            return rows;""")
        return [(level, subject, author) for level, subject, author in rows]

    def column(self, name: str) -> dict[str, str]:
        """Return what a column of the thread pane has in each row, by subject."""
        cells = self.run("""
            const view = about3Pane.gDBView;
            view.doCommand(Ci.nsMsgViewCommandType.expandAll);
            const rows = [...Array(view.rowCount).keys()];
            return rows.map(i => [view.cellTextForColumn(i, "subjectCol"), view.cellTextForColumn(i, given[0])]);
            """, name)
        return {str(subject): str(text) for subject, text in cells}

    def ignore(self, index: int, sub_thread: bool) -> None:
        """Choose Message > Ignore Thread, or Ignore Subthread, for a row."""
        self.run("""
            about3Pane.threadTree.selectedIndex = given[0];
            about3Pane.commandController.doCommand(given[1]);
            """, index, "cmd_killSubthread" if sub_thread else "cmd_killThread")

    def wait_for_row_count(self, newsgroup: str, count: int, seconds: float = 60.0) -> list[tuple[int, str, str]]:
        """Get new messages until the thread pane has so many rows; return them."""
        def look() -> list[tuple[int, str, str]] | None:
            self.refresh(newsgroup)
            rows = self.thread()
            return rows if len(rows) >= count else None

        return wait_for(f"{count} rows in the thread pane", look, seconds)

    def read(self, index: int) -> str:
        """Select a row and return the text that the message pane shows."""
        key = self.run("return about3Pane.gDBView.getKeyAt(given[0]);", index)
        loaded = """
            const tree = about3Pane.threadTree, header = about3Pane.gFolder.msgDatabase.getMsgHdrForKey(given[0]);
            const row = about3Pane.gDBView.findIndexOfMsgHdr(header, true);
            if (tree.selectedIndex != row) tree.selectedIndex = row;  // rows move while messages come
            const pane = about3Pane.messageBrowser.contentWindow;
            if (pane?.gMessage?.messageKey != given[0] || pane.msgLoaded !== true) return null;
            return pane.getMessagePaneBrowser().contentDocument.body?.textContent || null;"""
        return str(wait_for("the message pane", lambda: self.run(loaded, key), 30.0))

    def attachments(self) -> list[str]:
        """Return the names of the attachments that the message pane lists."""
        names = self.run("return about3Pane.messageBrowser.contentWindow.currentAttachments.map(one => one.name);")
        return [str(name) for name in names]

    def post(self, newsgroup: str, subject: str, body: str, attachment: Path | None = None) -> None:
        """Write a new article in a compose window and send it."""
        self.run("""
            const [newsgroup, subject, body, attachment] = given;
            const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
            const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
            fields.newsgroups = newsgroup; fields.subject = subject; fields.body = body;
            if (attachment) {
                const file = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
                file.url = attachment; fields.addAttachment(file);
            }
            params.composeFields = fields; params.type = Ci.nsIMsgCompType.New;
            params.format = Ci.nsIMsgCompFormat.PlainText;
            params.identity = MailServices.accounts.getFirstIdentityForServer(server);
            MailServices.compose.OpenComposeWindowWithParams(null, params);
            """, newsgroup, subject, body, attachment.as_uri() if attachment else None)
        self._send("")

    def follow_up(self, index: int, text: str) -> None:
        """Answer the row's article in a compose window, below the quoted text, and send it."""
        self.run("""
            const view = about3Pane.gDBView, header = view.getMsgHdrAt(given[0]);
            MailServices.compose.OpenComposeWindow(
                null, header, header.folder.getUriForMsg(header), Ci.nsIMsgCompType.ReplyToGroup,
                Ci.nsIMsgCompFormat.PlainText, MailServices.accounts.getFirstIdentityForServer(server), null, null);
            """, index)
        self._send(text)

    def _send(self, text: str) -> None:
        composing = 'const compose = Services.wm.getMostRecentWindow("msgcompose");'
        ready = f"{composing} return !!compose?.gMsgCompose?.editor && compose.composeEditorReady === true;"
        wait_for("the compose window", lambda: self.run(ready), 60.0)
        if text:
            self.run(composing + """
                const editor = compose.GetCurrentEditor();
                editor.endOfDocument(); editor.insertLineBreak(); editor.insertText(given[0]);""", text)
        self.run(composing + "compose.SendMessage();")
        wait_for("the compose window closes", lambda: self.run(f"{composing} return !compose;"), 60.0)

    def trust(self, port: int, certificate: bytes) -> None:
        """Add an exception for a server's certificate (DER), as the certificate manager's Add Exception does."""
        self.run("""
            const database = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
            Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService).rememberValidityOverride(
                "127.0.0.1", given[0], {}, database.constructX509FromBase64(given[1]), false);
            """, port, b64encode(certificate).decode())

    def offered(self) -> set[str]:
        """Open the subscribe window; return the newsgroups that it lists, and leave it open."""
        self.run(f"""
            {SUBSCRIBE_WINDOW}
            if (!dialog) window.openDialog(
                "chrome://messenger/content/subscribe.xhtml", "subscribe", "chrome,titlebar,resizable=yes",
                {{ folder: server.rootFolder, okCallback: window.SubscribeOKCallback }});""")
        names = wait_for("the subscribe window's list", lambda: self.run(f"""
            {SUBSCRIBE_WINDOW}
            if (!dialog?.document.getElementById("subscribeTree")?.view?._allRowMap) return null;
            const names = [], down = row => {{
                if (!row.hasProperty("uncheckable")) names.push(row.childPath);
                row.children.forEach(down);
            }};
            dialog.document.getElementById("subscribeTree").view._allRowMap.forEach(down);
            return names.length ? names : null;"""), 60.0)
        return {str(name) for name in names}

    def subscribe(self, newsgroup: str) -> None:
        """Search a newsgroup in the subscribe window, tick it, and press OK."""
        assert newsgroup in self.offered()
        self.run(f"""
            {SUBSCRIBE_WINDOW}
            const tree = dialog.document.getElementById("subscribeTree"), name = given[0];
            const field = dialog.document.getElementById("namefield");
            field.value = name.split(".").at(-1);
            field.dispatchEvent(new dialog.Event("input"));
            const row = [...Array(tree.view.rowCount).keys()].map(i => tree.view.rowAt(i))
                .find(row => row.childPath == name);
            row.toggleProperty("checked", true);
            dialog.document.querySelector("dialog").getButton("accept").click();""", newsgroup)
        wait_for("the newsgroup in the folder pane", lambda: newsgroup in self.subscribed())

    def subscribed(self) -> set[str]:
        """Return the newsgroups of the folder pane."""
        return set(self.run("return server.rootFolder.subFolders.map(folder => folder.name);"))

    def cancel(self) -> None:
        """Choose Message > Cancel Message for the article that is shown."""
        asked = len(self.dialogs())
        self.run('window.setTimeout(() => about3Pane.commandController.doCommand("cmd_cancel"), 0);')
        wait_for("it asks", lambda: len(self.dialogs()) > asked)

    def dialogs(self) -> list[str]:
        """Return what the windows said that it has opened to ask or to complain."""
        return [str(text) for text in self.run("return window.dialogsSeen;")]

    def screenshot(self, page: str = "") -> bytes:
        """Return a picture (PNG) of the main window, or of the other window that shows this page."""
        main = self._command("WebDriver:GetWindowHandle")["value"]
        try:
            for handle in self._command("WebDriver:GetWindowHandles") if page else []:
                self._command("WebDriver:SwitchToWindow", handle=handle, focus=False)
                if page in self._command("WebDriver:GetCurrentURL")["value"]:
                    break
            return b64decode(self._command("WebDriver:TakeScreenshot", full=False)["value"])
        finally:
            self._command("WebDriver:SwitchToWindow", handle=main, focus=False)

    def quit(self) -> None:
        """End it as its user does: it writes what it knows to its profile."""
        try:
            self._command("Marionette:Quit", flags=["eAttemptQuit"])
            wait_for("Thunderbird ends", lambda: self._process.poll() is not None)
        finally:
            self.close()

    def close(self) -> None:
        """End it at once."""
        if self._socket is not None:
            self._socket.close()
        kill_session(self._process)  # where its first process has ended by itself, others may be left
        self._log.close()
