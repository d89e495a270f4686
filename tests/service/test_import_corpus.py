"""Importing tens of thousands of real articles: each one there or refused with a reason, whole, and in its thread.

What is expected is worked out here from the archive alone, by the email package and a few lines.
"""

from __future__ import annotations

import email.parser
import email.policy
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from cliquenntp.document import Document, decode_header, parse
from cliquenntp.interfaces import IArchive
from cliquenntp.store import Store
from tests.service.import_program import import_archive

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(900)]

MOST_REFUSED = 0.005
PROCESSOR_SECONDS = 0.002
"""of an article at most, all processes together: 0.7 to 0.9 ms are usual, and a processor that others share is slower.
Articles a second would tell how busy the machine is"""
MOST_MEBIBYTES = 400


@attrs.frozen
class Original:
    name: str
    message_id: bytes
    references: list[bytes]
    groups: set[str]
    subject: str
    body: bytes


def originals(path: Path) -> Iterator[Original]:
    parser = email.parser.BytesHeaderParser(policy=email.policy.compat32)
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None:
                continue
            raw = file.read()
            head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
            header = parser.parsebytes(head + b"\n\n")
            references = _message_ids(header["References"])[::-1] + _message_ids(header["In-Reply-To"])
            newsgroups = re.split(r"[,\s]+", str(header["Newsgroups"] or "").strip().lower())
            subject = re.search(rb"^subject:[ \t]*((?:.*)(?:\n[ \t].*)*)", head, re.MULTILINE | re.IGNORECASE)
            yield Original(
                member.name, _message_ids(header["Message-ID"])[0], references,
                {*newsgroups, member.name.partition("/")[0]} - {""},
                decode_header((subject[1] if subject else b"").replace(b"\n", b"")), body.replace(b"\n", b"\r\n"),
            )  # fmt: skip


def _message_ids(value: object) -> list[bytes]:
    return [found.encode("utf-8", "surrogateescape") for found in re.findall(r"<[^<>\s]+@[^<>\s]+>", str(value or ""))]


def by_message_id(path: Path) -> tuple[dict[bytes, Original], dict[str, bytes]]:
    """Return the first article of each Message-ID, its groups those of all; and the Message-ID of each name."""
    first: dict[bytes, Original] = {}
    names: dict[str, bytes] = {}
    for article in originals(path):
        names[article.name] = article.message_id
        if article.message_id in first:
            first[article.message_id].groups.update(article.groups)
        else:
            first[article.message_id] = article
    forums = {name.partition("/")[0] for name in names}
    for article in first.values():
        article.groups.intersection_update(forums)
    return first, names


def read(archive: IArchive, message_id: bytes) -> tuple[int, Document]:
    docno = archive.by_message_id(message_id)
    assert docno is not None, message_id
    return docno, parse(archive.raw(docno))


@pytest.mark.parametrize("name", ["20_newsgroups", "linux-man-4000"])
def test_every_article_is_there_whole_and_in_its_thread(corpus: Path, tmp_path: Path, name: str) -> None:
    path = corpus / f"{name}.tar.gz"
    expected, names = by_message_id(path)
    report = import_archive(path, tmp_path)
    figures = f"{report['rate']:.0f}/s, {report['processor']:.1f} s of the processor, {report['mebibytes']} MiB"
    print(f"{report['taken']} articles, {figures}")
    refused = dict(report["refusals"])
    assert report["read"] == len(names)
    assert report["taken"] + report["duplicates"] + len(refused) == len(names)
    assert len(refused) < MOST_REFUSED * len(names)
    assert all(refused.values())
    assert report["mebibytes"] < MOST_MEBIBYTES
    assert report["processor"] < PROCESSOR_SECONDS * report["taken"]
    repaired = {article for article, _ in report["repairs"]}

    missing = {names[article] for article in refused}
    store = Store.open(tmp_path / "store")
    try:
        archive = store.reader
        problems = []
        for message_id, article in expected.items():
            if message_id in missing:
                continue
            docno, document = read(archive, message_id)
            record = archive.record(docno)
            forums = {archive.record(root).name.removeprefix("clique.") for root in record.roots}
            if document.body != article.body and article.name not in repaired:
                problems.append(f"{article.name}: another body")
            if record.subject != article.subject[:200] and article.name not in repaired:
                problems.append(f"{article.name}: subject {record.subject!r}, not {article.subject!r}")
            if not article.groups <= forums:
                problems.append(f"{article.name}: in {forums}, not in {article.groups}")
            if (wrong := _wrong_parents(archive, record.parents, article, expected, missing)) is not None:
                problems.append(f"{article.name}: {wrong}")
        assert problems == []
    finally:
        store.close()


def _wrong_parents(
    archive: IArchive,
    parents: tuple[int, ...],
    article: Original,
    expected: dict[bytes, Original],
    missing: set[bytes],
) -> str | None:
    """Say what is wrong with an article's parents: in each forum the last reference that is there, else the root."""
    wanted = set()
    for group in article.groups:
        answered = [
            reference
            for reference in article.references
            if reference in expected and reference not in missing and group in expected[reference].groups
            and reference != article.message_id
        ]  # fmt: skip
        parent = archive.by_message_id(answered[0]) if answered else archive.forum(f"clique.{group}")
        assert parent is not None
        wanted.add(parent)
    return None if wanted == set(parents) else f"parents {sorted(parents)}, not {sorted(wanted)}"


def test_run_again_nothing_doubles(corpus: Path, tmp_path: Path) -> None:
    path = corpus / "linux-man-4000.tar.gz"
    first = import_archive(path, tmp_path)
    again = import_archive(path, tmp_path)
    assert (again["taken"], again["held"]) == (0, first["taken"])
