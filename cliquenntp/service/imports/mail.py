"""Mail archives that are folders: a Maildir, and the git repositories of public-inbox."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cliquenntp.service.imports.sources import LARGEST_ARTICLE, Found, Source, SourceError

_MAIL_FOLDERS = ("cur", "new")
_INFO = ":"
"""in a Maildir's file name, before flags that mail programs change while they run"""


def is_maildir(path: Path) -> bool:
    """Tell whether a folder is a Maildir (maildir(5))."""
    return all((path / name).is_dir() for name in ("cur", "new", "tmp"))


def is_public_inbox(path: Path) -> bool:
    """Tell whether a folder is a list of public-inbox: one git repository (v1), or epochs of them below git/ (v2)."""
    return bool(_repositories(path))


def _is_repository(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir()


def _repositories(path: Path) -> list[Path]:
    if _is_repository(path):
        return [path]
    found = [each for each in (path / "git").glob("*.git") if each.stem.isdecimal() and _is_repository(each)]
    return sorted(found, key=lambda each: int(each.stem))


class Maildir(Source):
    """The mails of a Maildir and of the folders in it (Maildir++: ``.name``); a place is the name before the flags."""

    def __init__(self, path: Path, group: str | None) -> None:
        self._path = path
        self._group = group or path.resolve().name.lstrip(".")
        self._folders = [path, *sorted(each for each in path.glob(".?*") if is_maildir(each))]
        self.size = sum(1 for _ in self._files())

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            for name in _MAIL_FOLDERS:
                yield from sorted(each for each in (folder / name).iterdir() if not each.name.startswith("."))

    def __iter__(self) -> Iterator[Found]:
        for file in self._files():
            self.position += 1
            folder = file.parent.parent
            group = self._group if folder == self._path else f"{self._group}{folder.name}"
            place = f"{folder.relative_to(self._path)}/{file.name.partition(_INFO)[0]}"
            try:
                raw = self.read(place) if file.stat().st_size <= LARGEST_ARTICLE else None
            except FileNotFoundError:  # deleted meanwhile
                continue
            yield Found(place, group, place, raw)

    def read(self, place: str) -> bytes:
        """See Source."""
        folder, _, name = place.rpartition("/")
        for kind in _MAIL_FOLDERS:
            for file in sorted(os.listdir(self._path / folder / kind)):
                if file.partition(_INFO)[0] == name:
                    return (self._path / folder / kind / file).read_bytes()
        raise FileNotFoundError(f"{place} is gone")


class PublicInbox(Source):
    """The mails of a public-inbox list, in their order, without those that it has removed; a place is REPOSITORY:BLOB.

    In v2 each commit brings one mail as the file ``m``, or removes the one that its file ``d`` holds; in v1 each mail
    is a file of its own (public-inbox-v1-format(5), public-inbox-v2-format(5)).
    """

    def __init__(self, path: Path, group: str | None) -> None:
        self._repositories = _repositories(path)
        self._group = group or path.resolve().name.removesuffix(".git")
        self._readers: dict[int, subprocess.Popen[bytes]] = {}
        self._blobs: dict[tuple[int, str], None] = {}
        for number, repository in enumerate(self._repositories):
            for blob, is_there in _changes(repository):
                if is_there:
                    self._blobs[number, blob] = None
                else:
                    self._blobs.pop((number, blob), None)
        self.size = len(self._blobs)

    def __iter__(self) -> Iterator[Found]:
        for number, blob in self._blobs:
            self.position += 1
            raw = self._blob(number, blob)
            yield Found(f"{self._repositories[number].name} {blob[:12]}", self._group, f"{number}:{blob}", raw)

    def read(self, place: str) -> bytes:
        """See Source."""
        number, _, blob = place.partition(":")
        raw = self._blob(int(number), blob)
        if raw is None:
            raise OSError(f"more than {LARGEST_ARTICLE} octets")
        return raw

    def _blob(self, number: int, blob: str) -> bytes | None:
        reader = self._readers.get(number)
        if reader is None:
            reader = self._readers[number] = subprocess.Popen(
                [*_git(self._repositories[number]), "cat-file", "--batch"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert reader.stdin is not None
        assert reader.stdout is not None
        reader.stdin.write(blob.encode("ascii") + b"\n")
        reader.stdin.flush()
        head = reader.stdout.readline().split()
        if len(head) != 3:
            raise OSError(f"git has no {blob}")
        octets = int(head[2])
        raw = reader.stdout.read(octets + 1)[:-1]
        return raw if octets <= LARGEST_ARTICLE else None

    def close(self) -> None:
        """See Source."""
        for reader in self._readers.values():
            reader.communicate()
        self._readers.clear()


def _git(repository: Path) -> list[str]:
    # it may belong to another user, and nothing in it is run
    return ["git", "-c", "safe.directory=*", "--git-dir", str(repository)]


def _changes(repository: Path) -> Iterator[tuple[str, bool]]:
    """Yield (blob, whether it came or was removed), the oldest change first.  Raises SourceError."""
    history = ["log", "--reverse", "--first-parent", "--raw", "--no-abbrev", "--no-renames", "--root", "--format="]
    try:
        with subprocess.Popen([*_git(repository), *history, "HEAD"], stdout=subprocess.PIPE) as git:
            assert git.stdout is not None
            for line in git.stdout:
                fields, _, name = line.decode("utf-8", "replace").rstrip("\n").partition("\t")
                _, _, old, new, status = fields.split(" ")
                if name not in ("m", "d"):  # v1: a file is there as long as its mail is
                    if status != "A":
                        yield old, False
                    if status != "D":
                        yield new, True
                elif status != "D":  # v2: the file gives way to the next commit's
                    yield new, name == "m"
    except FileNotFoundError:
        raise SourceError("git is missing: it reads the archives of public-inbox") from None
    if git.returncode:
        raise SourceError(f"git cannot read {repository}")
