"""Offline readers take a whole forum away, and bring back what was written offline."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_program
from tests.real.articles import make_articles
from tests.real.node_process import NodeProcess
from tests.real.readers import manual
from tests.real.reading import count, wait_for_subject

pytestmark = pytest.mark.real

FETCHNEWS = Path(sys.prefix, "unpacked/usr/sbin/fetchnews")
ARTICLES = 5000
GROUP = "clique.mirrored"
SUBJECT = "written offline"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    """A node with a forum of 5,000 articles and the forum's own."""
    folder = tmp_path_factory.mktemp("mirrors")
    process = NodeProcess(folder / "node")
    articles = make_articles(folder, ARTICLES)
    # leafnode obeys Supersedes and takes no control character in a header (RFC 5536, 2.2): some real articles have them
    articles.write_bytes(re.sub(rb"(?im)^Supersedes:.*\n|[\x00-\x08\x0b-\x1f]", b"", articles.read_bytes()))
    try:
        process.start()
        process.cliquectl("import", str(articles), "--forum", "mirrored", seconds=200.0)
        yield process
    finally:
        process.kill()


def run(*command: str, cwd: Path | None = None, stdin: Path = Path(os.devnull)) -> str:
    """Run a program to its end; return all that it wrote."""
    with stdin.open("rb") as file:
        ended = subprocess.run(
            command, cwd=cwd, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240, check=False,
            text=True, encoding="utf-8", errors="replace")
    assert ended.returncode == 0, ended.stdout[-3000:]
    return ended.stdout


def told(node: NodeProcess, words: str) -> str:
    """Return what the manual has below these words, for the node and its forum."""
    return manual.replaced(manual.block("offline", words), {"1119": str(node.nntp_port), "clique.garden": GROUP})


def article(subject: str) -> str:
    return "\n".join([
        f"Newsgroups: {GROUP}", "From: Zoe Leser <zoe@example.invalid>", f"Subject: {subject}",
        "Date: Tue, 24 Nov 2026 10:00:00 +0000", f"Message-ID: <{subject.replace(' ', '.')}@zoe.example.invalid>",
        "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
        "", "Aus dem Zug geschrieben, größtenteils.", ""])


@needs_program("slrnpull", "slrnpull")
def test_slrnpull(node: NodeProcess, tmp_path: Path) -> None:
    wanted = count(node, GROUP)
    (tmp_path / "out.going").mkdir(mode=0o3777)
    (tmp_path / "slrnpull.conf").write_text(told(node, "In `slrnpull.conf` in a folder of its own:"))
    command = told(node, "expire none.").replace("~/news", str(tmp_path)).split()
    run(*command)
    spool = tmp_path / "news" / "clique" / "mirrored"
    assert len([path for path in spool.iterdir() if path.name.isdigit()]) == wanted
    subject = f"{SUBJECT} in slrnpull"
    (tmp_path / "out.going" / "Xtest").write_text(article(subject), "utf-8")
    run(*command)
    wait_for_subject(node, GROUP, subject)
    assert not list((tmp_path / "out.going").glob("X*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give leafnode the folders that are built into it")
@pytest.mark.skipif(not FETCHNEWS.exists(), reason="needs leafnode's package unpacked: make test-programs")
def test_leafnode(node: NodeProcess, tmp_path: Path) -> None:
    wanted = count(node, GROUP)
    spool, settings = tmp_path / "spool", tmp_path / "settings"
    settings.mkdir()
    (settings / "config").write_text(
        told(node, "In `/etc/news/leafnode/config`:").replace("news.house.example", "leafnode.cliquenntp-tests.org"))
    folders = ["failed.postings", "interesting.groups", "leaf.node", "out.going", "temp.files"]
    for folder in [*folders, *(f"message.id/{number:03}" for number in range(1000))]:
        (spool / folder).mkdir(parents=True)
    (spool / "interesting.groups" / GROUP).touch()
    for path in (spool, settings, *spool.rglob("*"), *settings.rglob("*")):
        shutil.chown(path, "news", "news")
        path.chmod(0o2775 if path.is_dir() else 0o640)
    for above in (tmp_path, *tmp_path.parents[:-1]):
        above.chmod(above.stat().st_mode | 0o011)

    # The names of its folders are built in, and another news server may use them: it sees its own there.
    mounts = f"mount --bind '{spool}' /var/spool/news && mount --bind '{settings}' /etc/news/leafnode"
    command = ["unshare", "--mount", "sh", "-c", f"{mounts} && exec '{FETCHNEWS}' -n -w -v"]
    for folder in ("/var/spool/news", "/etc/news/leafnode"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    run(*command)
    fetched = spool / "clique" / "mirrored"
    assert len([path for path in fetched.iterdir() if path.name.isdigit()]) == wanted
    subject = f"{SUBJECT} in leafnode"
    outgoing = spool / "out.going" / "1-1"
    outgoing.write_text(article(subject), "utf-8")
    shutil.chown(outgoing, "news", "news")
    run(*command)
    wait_for_subject(node, GROUP, subject)
    assert not list((spool / "out.going").iterdir())


@pytest.mark.readers
@needs_program("suck", "suck")
def test_suck(node: NodeProcess, tmp_path: Path) -> None:
    wanted = count(node, GROUP)
    (tmp_path / "sucknewsrc").write_text(told(node, "In `sucknewsrc`:"))
    suck, rpost = told(node, "and to post an article:").splitlines()
    run(*suck.split(), cwd=tmp_path)
    assert len(list((tmp_path / "messages").iterdir())) == wanted
    subject = f"{SUBJECT} in suck"
    (tmp_path / "article").write_text(article(subject), "utf-8")
    run(*rpost.partition("<")[0].split(), stdin=tmp_path / "article")
    wait_for_subject(node, GROUP, subject)
