"""Articles as newsreaders get them."""

from __future__ import annotations

import pytest

from cliquenntp.document import address_of, key_text
from cliquenntp.newsgroup.rendering import render
from tests.small_forum import SmallForum, persona

IMPORTER = persona("importer")


def rendered(forum, docno, path_identity=b"not-for-mail"):
    archive = forum.archive
    record = archive.record(docno)
    return render(record.id, len(record.roots), archive.raw(docno), archive.overview(docno), path_identity)


def field(article, name):
    """Return the unfolded values of a field in an article's head."""
    lines = article.head.replace(b"\r\n ", b" ").split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.lower().startswith(name.lower() + b":")]


def imported(forum, **fields):
    """Add an article with a foreign From, signed by the importer."""
    given = {b"From": b"Old Hand <old@example.org>", b"Sender": address_of(IMPORTER.key, "import").encode()}
    given |= {name.replace("_", "-").encode(): value for name, value in fields.items()}
    return forum.post("Old news", author="importer", fields=list(given.items()))


def test_what_is_made_here_stands_once_and_in_place_of_what_a_document_says_of_itself():
    forum = SmallForum("garden")
    hostile = [(b"Path", b"evil!host"), (b"Newsgroups", b"news.admin"), (b"Xref", b"evil a:1")]
    hostile.append((b"References", b"<x@y>"))
    article = rendered(forum, forum.post("Peas", fields=hostile))
    assert field(article, b"Path") == [b"not-for-mail"]
    assert field(article, b"Newsgroups") == [b"clique.garden"]
    [xref] = field(article, b"Xref")
    assert xref.startswith(b"not-for-mail clique.garden:2 clique.garden.peas-")
    assert field(article, b"References") == []
    assert field(article, b"Message-ID") == [article.message_id]


def test_a_path_identity_names_the_server():
    forum = SmallForum("garden")
    assert field(rendered(forum, forum.root, b"news.example.org"), b"Path") == [b"news.example.org!not-for-mail"]


def test_the_head_agrees_with_the_overview():
    forum = SmallForum("garden")
    docno = forum.root
    for subject in ("Peas", "Re: Peas", "Re:\t=?UTF-8?Q?=C3=84pfel?="):
        docno = forum.post(subject, body=b"one\r\n.two\r\nthree", parent=docno)
        article = rendered(forum, docno)
        fields = forum.archive.overview(docno).split(b"\t")
        shown = [field(article, name)[:1] for name in (b"Subject", b"From", b"Date", b"Message-ID", b"References")]
        assert [value[0].replace(b"\t", b" ") if value else b"" for value in shown] == fields[:5]
        assert int(fields[5]) == len(article.head) + 2 + len(b"one\r\n.two\r\nthree\r\n")
        assert fields[6] == b"3"


def test_lines_of_any_length_and_any_octets_come_back_as_they_were():
    forum = SmallForum("garden")
    body = b"x" * 5000 + b"\r\n\xff\xfe\x80\r\n\r\n"
    assert rendered(forum, forum.post("Peas", body=body)).body == body


def test_a_foreign_from_is_shown_only_where_the_forum_names_the_key_as_importer():
    sender = address_of(IMPORTER.key, "import").encode()
    stranger = SmallForum("garden")
    docno = imported(stranger, Clique_Original_Message_ID=b"<1@example.org>")
    assert field(rendered(stranger, docno), b"From") == [sender]
    assert field(rendered(stranger, docno), b"Sender") == []
    assert stranger.archive.by_message_id(b"<1@example.org>") is None

    welcome = SmallForum("kitchen")
    named = welcome.add(
        [(b"Subject", b"Old times"), (b"Clique-Forum", b"old"), (b"Clique-Importer", key_text(IMPORTER.key).encode())],
        b"",
    )
    welcome.root = named
    docno = imported(welcome, Clique_Original_Message_ID=b"<1@example.org>")
    assert field(rendered(welcome, docno), b"From") == [b"Old Hand <old@example.org>"]
    assert field(rendered(welcome, docno), b"Sender") == [sender]
    assert welcome.archive.by_message_id(b"<1@example.org>") == docno


@pytest.mark.parametrize("body", [b"", b".\r\n", b"..\r\n.", b"\r\n.\r\n"])
def test_dots_are_stuffed_and_every_line_ends(body):
    forum = SmallForum("garden")
    shown = rendered(forum, forum.post("Dots", body=body)).body
    assert not shown or shown.endswith(b"\r\n")
    unstuffed = b"".join(line.removeprefix(b".") for line in shown.splitlines(keepends=True))
    assert unstuffed in (body, body + b"\r\n")
    assert not any(line == b".\r\n" for line in shown.splitlines(keepends=True))
