"""Reading mbox files, tars and folders: what is found, twice the same, damaged archives included."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
from pathlib import Path

import pytest

from cliquenntp.service.imports import sources
from cliquenntp.service.imports.sources import SourceError, open_source

FIRST = b"Subject: one\n\nText.\n\nFrom here on, no line of an mbox.\n"
SECOND = b"Subject: two\n\nFrom the start.\n>From a quoted line.\n>>From twice.\nFrom x 10:00 1993\n\n"
THIRD = b"Subject: three\n\nno line end"
LINE = b"From someone@example.com Mon Apr  5 19:08:25 1993\n"


def mbox(*articles: bytes) -> bytes:
    quoted = []
    for article in articles:
        lines = article.splitlines(keepends=True)
        marked = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
        quoted.append(LINE + b"".join(marked) + b"\n")
    return b"".join(quoted)


def tar(articles: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, raw in articles.items():
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
        archive.addfile(_folder("some.group/"))
    return file.getvalue()


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    return member


def read_all(path: Path, group: str | None = None):
    """Return (name, group, bytes) of a source's articles, having read each twice."""
    source = open_source(path, group)
    try:
        found = list(source)
        for each in reversed(found):
            if each.raw is not None:
                assert source.read(each.place) == each.raw
        assert source.position == source.size or source.damage
        return [(each.name, each.group, each.raw) for each in found], source.damage
    finally:
        source.close()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_mbox(tmp_path, pack):
    path = tmp_path / "some.list.mbox"
    path.write_bytes(pack(mbox(FIRST, SECOND)))
    found, damage = read_all(path)
    assert damage is None
    assert [(group, raw) for _, group, raw in found] == [("some.list", FIRST), ("some.list", SECOND)]
    assert [group for _, group, _ in read_all(path, "other")[0]] == ["other", "other"]


def test_mbox_with_crlf(tmp_path):
    path = tmp_path / "list"
    path.write_bytes(mbox(FIRST, SECOND).replace(b"\n", b"\r\n"))
    found, _ = read_all(path)
    assert [raw for _, _, raw in found] == [each.replace(b"\n", b"\r\n") for each in (FIRST, SECOND)]


def test_mbox_line_needs_an_empty_line_before_it_and_a_time(tmp_path):
    raw = b"Subject: x\n\nText\n" + LINE + b"\nFrom my point of view\nit is fine.\n"
    path = tmp_path / "list"
    path.write_bytes(LINE + raw + b"\n")
    assert [found[2] for found in read_all(path)[0]] == [raw]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_tar(tmp_path, pack):
    path = tmp_path / "archive"
    path.write_bytes(pack(tar({"some.group/1": FIRST, "./alt/test/2": SECOND, "some.group/10": THIRD})))
    found, damage = read_all(path)
    assert damage is None
    assert found == [
        ("some.group/1", "some.group", FIRST),
        ("./alt/test/2", "alt.test", SECOND),
        ("some.group/10", "some.group", THIRD),
    ]


def test_folder(tmp_path):
    for name, raw in {"some.group/10": THIRD, "some.group/9": FIRST, "alt/test/1": SECOND, ".hidden": b"x"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(raw)
    assert read_all(tmp_path)[0] == [
        ("alt/test/1", "alt.test", SECOND),
        ("some.group/9", "some.group", FIRST),
        ("some.group/10", "some.group", THIRD),
    ]


@pytest.mark.parametrize("cut", [1, 700, 1500])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_is_whole_in_a_tar_cut_off_is_read(tmp_path, pack, cut):
    path = tmp_path / "archive.tar"
    noise = random.Random(1).randbytes(200_000)  # does not compress: a cut of the packed file cuts the articles too
    whole = tar({"g/1": FIRST, "g/2": noise, "g/3": noise[::-1]})
    packed = pack(whole)
    path.write_bytes(packed[: -100_000 - cut])
    found, damage = read_all(path)
    assert damage
    assert [raw for _, _, raw in found] == [FIRST, noise]


def test_too_large_an_article_is_found_but_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_ARTICLE", 100)
    large = b"Subject: x\n\n" + b"x" * 100 + b"\n"
    (tmp_path / "archive").write_bytes(tar({"g/1": large, "g/2": FIRST}))
    (tmp_path / "mbox").write_bytes(mbox(large, FIRST))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "1").write_bytes(large)
    (tmp_path / "folder" / "2").write_bytes(FIRST)
    for name in ("archive", "mbox", "folder"):
        assert [raw for _, _, raw in read_all(tmp_path / name)[0]] == [None, FIRST]


@pytest.mark.parametrize("octets", [b"", b"hello\n", b"\x1f\x8b", gzip.compress(b"hello"), b"\xff" * 2000])
def test_anything_else_is_refused(tmp_path, octets):
    (tmp_path / "file").write_bytes(octets)
    with pytest.raises(SourceError):
        read_all(tmp_path / "file")
    with pytest.raises(OSError, match="file2"):
        open_source(tmp_path / "file2")
