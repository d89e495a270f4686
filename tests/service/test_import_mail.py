"""Maildirs, public-inbox lists and news spools: each mail once, and the same when it is read again."""

from __future__ import annotations

import mailbox
import subprocess
from pathlib import Path

import pytest

from cliquenntp.service.imports.sources import Found, open_source
from tests.conftest import needs_program

FIRST = b"Subject: one\n\nText.\n"
SECOND = b"Subject: two\n\nMore text.\n"
THIRD = b"Subject: three\n\nThe last.\n"


def read_all(path: Path) -> list[Found]:
    source = open_source(path)
    try:
        found = [*source]
        assert source.position == source.size == len(found)
        for each in reversed(found):
            assert source.read(each.place) == each.raw
        return found
    finally:
        source.close()


def test_maildir(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "some.list")
    for raw in (FIRST, SECOND):
        box.add(raw)
    box.add_folder("archive").add(THIRD)
    found = read_all(tmp_path / "some.list")
    assert sorted(each.raw or b"" for each in found) == sorted([FIRST, SECOND, THIRD])
    assert {each.group for each in found if each.raw != THIRD} == {"some.list"}
    assert {each.group for each in found if each.raw == THIRD} == {"some.list.archive"}


def test_a_mail_that_is_read_meanwhile_is_found_again(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "list")
    key = box.add(FIRST)
    source = open_source(tmp_path / "list")
    [found] = source
    message = box[key]
    message.set_subdir("cur")
    message.set_flags("S")
    box[key] = message
    assert source.read(found.place) == FIRST


class Repository:
    """A bare git repository to which files are committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._marks = 0
        subprocess.run(["git", "init", "-q", "--bare", "-b", "master", str(path)], check=True)

    def commit(self, *changes: tuple[str, bytes | None]) -> None:
        """Commit files: (name, octets; None: removed)."""
        head = subprocess.run(
            ["git", "--git-dir", self.path, "rev-parse", "-q", "--verify", "master"], check=False, capture_output=True)
        lines = [b"commit refs/heads/master\ncommitter a <a@example.com> 0 +0000\ndata 0\n"]
        lines += [b"from refs/heads/master^0\n"] if head.returncode == 0 else []
        for name, octets in changes:
            if octets is None:
                lines.append(b"D %s\n" % name.encode())
            else:
                lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(octets), octets))
        subprocess.run(
            ["git", "--git-dir", self.path, "fast-import", "--quiet"], input=b"".join(lines), check=True)


@needs_program("git", "git")
def test_public_inbox_with_epochs(tmp_path: Path) -> None:
    epochs = [Repository(tmp_path / "meta" / "git" / f"{number}.git") for number in range(2)]
    epochs[0].commit(("m", FIRST))
    epochs[0].commit(("m", SECOND))
    epochs[0].commit(("m", None), ("d", FIRST))
    epochs[1].commit(("m", THIRD))
    found = read_all(tmp_path / "meta")
    assert [each.raw for each in found] == [SECOND, THIRD]
    assert {each.group for each in found} == {"meta"}


@needs_program("git", "git")
def test_public_inbox_of_the_first_kind(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "meta.git")
    repository.commit(("aa/1", FIRST))
    repository.commit(("bb/2", SECOND))
    repository.commit(("aa/1", None), ("cc/3", THIRD))
    found = read_all(tmp_path / "meta.git")
    assert [each.raw for each in found] == [SECOND, THIRD]
    assert {each.group for each in found} == {"meta"}


@pytest.mark.parametrize("own", ["misc/test/.overview", "message.id/001/<a@b>", "leaf.node/groupinfo"])
def test_of_a_news_spool_the_numbers_are_articles(tmp_path: Path, own: str) -> None:
    for name, raw in {"misc/test/1": FIRST, "misc/test/10": SECOND, own: b"x", "misc/test/notes": b"y"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    source = open_source(tmp_path)
    assert [(each.group, each.raw) for each in source] == [("misc.test", FIRST), ("misc.test", SECOND)]
