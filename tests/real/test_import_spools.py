"""Spools that real programs have filled are imported, and imported again without doubling."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from benchmarks.inn import Inn, is_installed
from tests.conftest import needs_program
from tests.nntp_client import NewsClient
from tests.real.articles import write_mbox
from tests.real.node_process import NodeProcess

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

ARTICLES = 30
OWN = "an address below clique.invalid that is not the signer's"
"""the forum's own article: it was written in this network, whose addresses prove who wrote"""

FETCHNEWS = Path(sys.prefix, "unpacked/usr/sbin/fetchnews")
"""as ``make test-programs`` unpacks it"""


def serving(make_node: Callable[..., NodeProcess], folder: Path) -> NodeProcess:
    """Return a node whose forum has the articles, for programs that mirror it."""
    write_mbox(folder / "made.mbox", ARTICLES)
    node = make_node("server")
    node.cliquectl("import", str(folder / "made.mbox"), "--forum", "mirrored")
    return node


def check_import(node: NodeProcess, path: Path, group: str, refused: tuple[str, ...] = ()) -> None:
    """Import a spool of ARTICLES twice; ``refused`` are the reasons for those that cannot be imported."""
    first = node.cliquectl("import", str(path))
    assert (first["taken"], first["forums"]) == (ARTICLES, {group: ARTICLES}), first
    again = node.cliquectl("import", str(path))
    assert (again["taken"], again["held"]) == (0, ARTICLES), again
    for report in (first, again):
        assert tuple(reason.partition(": ")[0] for _, reason in report["refusals"]) == refused


@needs_program("slrnpull", "slrnpull")
def test_slrnpull(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    server = serving(make_node, tmp_path)
    spool = tmp_path / "slrnpull"
    (spool / "out.going").mkdir(parents=True)
    (spool / "slrnpull.conf").write_text("default 0 0\nclique.mirrored\n")
    subprocess.run(["slrnpull", "-d", str(spool), "-h", f"127.0.0.1:{server.nntp_port}"], check=True, timeout=60)
    check_import(make_node("importer"), spool, "clique.mirrored", (OWN,))


@pytest.mark.skipif(os.geteuid() != 0 or not FETCHNEWS.exists(), reason="needs root and leafnode: make test-programs")
def test_leafnode(make_node: Callable[..., NodeProcess], tmp_path: Path) -> None:
    server = serving(make_node, tmp_path)
    # not below pytest's folder: leafnode works as the user news, from whom that is closed
    with TemporaryDirectory(prefix="cliquenntp-leafnode-") as folder:
        spool, settings = Path(folder, "spool"), Path(folder, "settings")
        settings.mkdir()
        (settings / "config").write_text(
            f"server = 127.0.0.1\nport = {server.nntp_port}\nhostname = leafnode.cliquenntp-tests.org\n"
            "expire = 20000\nmaxage = 20000\n")
        folders = ["failed.postings", "interesting.groups", "leaf.node", "out.going", "temp.files"]
        for name in [*folders, *(f"message.id/{number:03}" for number in range(1000))]:
            (spool / name).mkdir(parents=True)
        (spool / "interesting.groups" / "clique.mirrored").touch()
        shutil.copy(FETCHNEWS, folder)
        for path in (Path(folder), *Path(folder).rglob("*")):
            shutil.chown(path, "news", "news")
            path.chmod(0o2775)
        for built_in in ("/var/spool/news", "/etc/news/leafnode"):
            Path(built_in).mkdir(parents=True, exist_ok=True)
        mounts = f"mount --bind '{spool}' /var/spool/news && mount --bind '{settings}' /etc/news/leafnode"
        command = f"{mounts} && exec '{folder}/fetchnews' -n -w -v"
        subprocess.run(["unshare", "--mount", "sh", "-c", command], check=True, timeout=100)
        check_import(make_node("importer"), spool, "clique.mirrored", (OWN,))


@pytest.mark.skipif(not is_installed(), reason="INN is missing: as root on Debian, make test-programs")
def test_inn(make_node: Callable[..., NodeProcess]) -> None:
    with TemporaryDirectory(prefix="cliquenntp-spool-") as folder:
        inn = Inn(Path(folder, "inn"), [b"made.talk"])
        try:
            with NewsClient("127.0.0.1", inn.port) as client:
                for number in range(ARTICLES):
                    status = client.post(
                        f"From: a@example.com\r\nNewsgroups: made.talk\r\nSubject: {number}\r\n\r\nText\r\n".encode())
                    assert status.startswith("240"), status
            check_import(make_node("importer"), Path(folder, "inn", "articles"), "made.talk")
        finally:
            inn.stop()
