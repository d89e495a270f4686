"""Killing an import with SIGKILL at any step: what was told as stored is there, and going on doubles nothing."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from cliquenntp.document import parse
from cliquenntp.store import Store
from tests.service.import_program import import_archive

ARTICLES = 2000


def write_archive(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for number in range(ARTICLES):
            raw = (
                f"From: a@example.com\nSubject: {number}\nDate: 5 Apr 1993 19:08:25 GMT\n"
                f"Message-ID: <{number}@example.com>\nReferences: <{number // 3}@example.com>\n\nText {number}.\n"
            ).encode()
            member = tarfile.TarInfo(f"misc.garden/{number}")
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))


def subjects_stored(folder: Path) -> list[bytes | None]:
    store = Store.open(folder / "store")
    try:
        reader = store.reader
        forum = reader.forum("clique.misc.garden")
        if forum is None:
            return []
        numbers = [number for number, _ in reader.numbers(forum).between(1, 2 * ARTICLES)]
        assert numbers == list(range(1, len(numbers) + 1))
        return [parse(reader.raw(docno)).headers.get(b"Subject") for docno in reader.since(forum)]
    finally:
        store.close()


@pytest.mark.long
def test_killed_again_and_again(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar.gz"
    write_archive(archive)
    command = [sys.executable, "-m", "tests.service.import_program", str(archive), str(tmp_path)]
    before: list[bytes | None] = []
    for steps in (0, 1, 2, 3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as program:
            assert program.stdout is not None
            told = [int(program.stdout.readline()) for _ in range(steps)]
            program.kill()
        after = subjects_stored(tmp_path)
        assert len(after) >= len(before) + max(told, default=0)
        assert after[: len(before)] == before
        assert len(set(after)) == len(after)
        before = after
    report = import_archive(archive, tmp_path)
    assert (report["held"], report["taken"]) == (len(before), ARTICLES - len(before))
    assert sorted(map(int, filter(None, subjects_stored(tmp_path)))) == list(range(ARTICLES))
