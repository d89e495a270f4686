"""Export and import: an mbox that Python's own reader takes, documents with the same ids, a persona under seal."""

from __future__ import annotations

import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest

from cliquenntp.service.first_run import SAMPLE
from tests.nntp_client import NewsClient
from tests.real.node_process import CommandFailedError, NodeProcess
from tests.real.reading import message_id, overview, post

pytestmark = pytest.mark.real

GROUP = "clique.welcome"


@pytest.fixture
def first(make_node: Callable[..., NodeProcess]) -> NodeProcess:
    """A node with the sample, a cancelled article that was answered, and a line that looks like an mbox's."""
    node = make_node("first")
    node.cliquectl("import", str(SAMPLE), "--forum", "welcome")
    post(node, GROUP, "From here on", "X-Nothing: here")
    post(node, GROUP, "taken back")
    taken_back = message_id(node, GROUP, "taken back")
    post(node, GROUP, "an answer", f"References: {taken_back}")
    with NewsClient("127.0.0.1", node.nntp_port) as client:
        head = f"Newsgroups: {GROUP}\r\nFrom: R <r@example.invalid>\r\nSubject: lines\r\n\r\n"
        assert client.post(f"{head}From me 1:00 2026\r\n.dot\r\n".encode()).startswith("240")
    post(node, GROUP, "cmsg", f"Control: cancel {taken_back}")
    return node


def test_documents_come_back_with_their_ids(first: NodeProcess, make_node: Callable[..., NodeProcess]) -> None:
    file = first.folder / "welcome.documents"
    written = first.cliquectl("export", GROUP, str(file), "--format", "documents")
    assert file.stat().st_mode & 0o777 == 0o600
    second = make_node("second")
    report = second.cliquectl("import", str(file))
    assert (report["refused"], report["damage"], report["held"]) == (0, None, 0), report
    assert report["taken"] == written["count"] + 1, "the documents, and the place of the one that is gone"
    here, there = overview(first, GROUP), overview(second, GROUP)
    assert {line[4] for line in here.values()} == {line[4] for line in there.values()}
    assert here["an answer"][5] == there["an answer"][5]
    [root] = [row["id"] for row in first.cliquectl("forums")]
    [forum] = second.cliquectl("forums")
    assert (forum["id"], forum["is_reached"]) == (root, False)
    assert second.cliquectl("verify") == []
    again = second.cliquectl("import", str(file))
    assert (again["taken"], again["held"]) == (0, report["taken"])


def test_a_thread_alone_comes_with_what_is_above_it(
    first: NodeProcess, make_node: Callable[..., NodeProcess],
) -> None:
    thread = next(line for line in overview(first, GROUP).values() if not line[5] and line[0] != "1")
    document = thread[4].strip("<>").partition("@")[0]
    file = first.folder / "thread.documents"
    written = first.cliquectl("export", document, str(file), "--format", "documents")
    second = make_node("second")
    assert second.cliquectl("import", str(file))["taken"] == written["count"]
    assert thread[1] in overview(second, GROUP)


def test_a_damaged_file_is_told_and_the_rest_is_taken(
    first: NodeProcess, make_node: Callable[..., NodeProcess], tmp_path: Path,
) -> None:
    file = first.folder / "welcome.documents"
    first.cliquectl("export", GROUP, str(file), "--format", "documents")
    octets = bytearray(file.read_bytes())
    octets[octets.index(b"From me")] ^= 1
    changed, short = tmp_path / "changed", tmp_path / "short"
    changed.write_bytes(octets)
    short.write_bytes(octets[:-10])
    second = make_node("second")
    report = second.cliquectl("import", str(changed))
    assert report["refused"] == 1
    assert "lines" not in overview(second, GROUP)
    assert "middle of a document" in second.cliquectl("import", str(short))["damage"]
    with pytest.raises(CommandFailedError, match="leave out --forum"):
        second.cliquectl("import", str(changed), "--forum", "x")


def test_an_mbox_is_what_other_programs_read(first: NodeProcess, make_node: Callable[..., NodeProcess]) -> None:
    file = first.folder / "welcome.mbox"
    count = first.cliquectl("export", GROUP, str(file))["count"]
    messages = [*mailbox.mbox(file)]
    with NewsClient("127.0.0.1", first.nntp_port) as client:
        client.command(f"GROUP {GROUP}")
        shown = [line.split()[1].decode() for line in client.listing("HDR Message-ID 1-")[1]]
    assert len(messages) == count
    assert [message["Message-ID"] for message in messages] == shown
    assert not any(message["Xref"] or message["Path"] for message in messages)
    [lines] = [message for message in messages if message["Subject"] == "lines"]
    assert lines.get_payload().splitlines()[:2] == [">From me 1:00 2026", ".dot"]
    with pytest.raises(CommandFailedError, match="is there already"):
        first.cliquectl("export", GROUP, str(file))
    report = make_node("second").cliquectl("import", str(file), "--forum", "again")
    assert report["read"] == count
    # who signed these stands in their From, and nobody else may write under such an address
    assert all("clique.invalid" in reason for _, reason in report["refusals"]), report
    assert report["taken"] == count - 4


def test_a_persona_goes_to_another_node(first: NodeProcess, make_node: Callable[..., NodeProcess]) -> None:
    second = make_node("second")
    passphrase = first.folder / "passphrase"
    passphrase.write_text("nine lives\n")
    file = first.folder / "persona"
    words = ("persona", "export", str(file), "--passphrase-file", str(passphrase))
    address = first.cliquectl(*words)["address"]
    assert address == first.cliquectl("user")["address"]
    former = second.cliquectl("user")["address"]
    second.cliquectl("create-forum", "tea")
    told = second.cliquectl("persona", "import", str(file), "--passphrase-file", str(passphrase))
    assert (told["address"], second.cliquectl("user")["address"]) == (address, address)
    post(second, "clique.tea", "as the other one")
    assert address.rpartition("@")[2] in overview(second, "clique.tea")["as the other one"][2]
    kept = second.folder / "data" / "keys" / f"owner.{former.rpartition('@')[2].partition('.')[0]}"
    assert kept.stat().st_mode & 0o777 == 0o600
    second.kill()
    second.start()
    assert second.cliquectl("user")["address"] == address
    passphrase.write_text("ten lives\n")
    with pytest.raises(CommandFailedError, match="the passphrase is wrong"):
        second.cliquectl("persona", "import", str(file), "--passphrase-file", str(passphrase))
    with pytest.raises(CommandFailedError, match="no account mary"):
        second.cliquectl(
            "persona", "import", str(file), "--account", "mary", "--passphrase-file", str(passphrase))
