"""What a posted article becomes, and why one is refused."""

from __future__ import annotations

import pytest

from cliquenntp.document import address_of, build, id_text, parse
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.posting import draft, utc_date
from tests.memory_archive import NOW, SmallForum, accept, persona

POSTER = persona("poster")


@pytest.fixture
def forum():
    return SmallForum("garden")


def article(*lines: str, body: str = "Text.\r\n", **fields: str) -> bytes:
    head = {"From": "Pat <pat@home.example>", "Newsgroups": "clique.garden", "Subject": "Peas", **fields}
    written = [f"{name.replace('_', '-')}: {value}" for name, value in head.items() if value is not None]
    return "\r\n".join([*written, *lines, "", body]).encode("utf-8")


def drafted(forum, raw):
    """Draft, build, sign and parse, as a node does; return the document."""
    made = draft(raw, forum.archive, POSTER.key, NOW)
    return parse(POSTER.sign(build(made.fields, made.body), NOW))


def refusal(forum, raw):
    with pytest.raises(PostRefused) as caught:
        draft(raw, forum.archive, POSTER.key, NOW)
    return caught.value.reason


def ids(forum, *docnos):
    return tuple(forum.archive.record(docno).id for docno in docnos)


def message_id(forum, docno):
    return message_id_of(forum.archive.record(docno).id).decode()


def test_a_post_hangs_under_its_newsgroups_document(forum):
    assert drafted(forum, article()).parents == ids(forum, forum.root)


def test_a_followup_hangs_under_the_last_reference_that_lies_in_the_group(forum):
    thread = forum.post("Peas")
    answer = forum.post("Re: Peas", parent=thread)
    references = f"{message_id(forum, thread)} {message_id(forum, answer)} <unknown@example.org>"
    assert drafted(forum, article(References=references)).parents == ids(forum, answer)
    assert drafted(forum, article(In_Reply_To=message_id(forum, thread))).parents == ids(forum, thread)


def test_each_newsgroup_of_a_crosspost_gets_a_parent_of_its_own(forum):
    other = SmallForum("kitchen", forum.archive)
    thread = forum.post("Peas")
    name = forum.archive.record(thread).name
    references = message_id(forum, thread)
    crossed = article(Newsgroups="clique.kitchen, clique.garden", References=references)
    assert drafted(forum, crossed).parents == ids(forum, other.root, thread)
    # both newsgroups lead to the same parent: it is named once
    assert drafted(forum, article(Newsgroups=f"clique.garden,{name}", References=references)).parents == ids(
        forum, thread
    )
    assert drafted(forum, article(Newsgroups=name)).parents == ids(forum, thread)


def test_only_an_allowlist_of_headers_leaves_the_machine(forum):
    raw = article(
        Date="Tue, 24 Nov 2026 10:00:00 -0700", User_Agent="slrn/1.0.3 (Linux)", Organization="Home", Path="host!me",
        NNTP_Posting_Host="10.0.0.1", X_Newsreader="tin", Lines="1", Xref="host a:1", Sender="pat@home.example",
        Message_ID="<1234@host.home.example>", Content_Type="text/plain; charset=utf-8", Clique_Cancel="x",
    )
    made = draft(raw, forum.archive, POSTER.key, NOW)
    address = address_of(POSTER.key, "me").encode()
    assert made.fields == (
        (b"From", b"Pat <" + address + b">"),
        (b"Subject", b"Peas"),
        (b"Date", b"Tue, 24 Nov 2026 17:00:00 +0000"),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Clique-Parent", id_text(forum.archive.record(forum.root).id).encode()),
    )
    assert made.aliases == (b"<1234@host.home.example>",)


@pytest.mark.parametrize(("given", "name"), [
    ("pat@home.example (Pat Smith)", "Pat Smith "),
    ('"Smith, Pat" <pat@home.example>', '"Smith, Pat" '),
    ("=?UTF-8?Q?J=C3=BCrgen?= <j@home.example>", "=?UTF-8?Q?J=C3=BCrgen?= "),
    ("pat@home.example", ""),
])
def test_from_keeps_the_name_and_gets_the_posters_address(forum, given, name):
    address = address_of(POSTER.key, "me")
    shown = f"{name}<{address}>" if name else address
    assert drafted(forum, article(From=given)).headers.get(b"From") == shown.encode()


def test_the_posters_own_address_stays(forum):
    own = f"Pat <{address_of(POSTER.key, 'pat')}>"
    assert drafted(forum, article(From=own)).headers.get(b"From") == own.encode()
    foreign = f"Pat <{address_of(persona('somebody').key, 'pat')}>"
    assert "another persona" in refusal(forum, article(From=foreign))


def test_the_body_stays_octet_for_octet(forum):
    raw = article().partition(b"\r\n\r\n")[0] + b"\r\n\r\n-- \r\n\xff\xfe .dots\r\n" + b"x" * 5000 + b"\r\n"
    assert drafted(forum, raw).body == raw.partition(b"\r\n\r\n")[2]


def test_long_subjects_are_folded_and_come_back_the_same(forum):
    subject = "peas and  beans " * 30
    assert drafted(forum, article(Subject=subject)).headers.get(b"Subject") == subject.strip().encode()


@pytest.mark.parametrize(("raw", "reason"), [
    (article(Subject=None), "no Subject"),
    (article(Subject=""), "no Subject"),
    (article(From=None), "no From"),
    (article(Newsgroups=None), "no Newsgroups"),
    (article("Subject: again"), "more than one Subject"),
    (article("no colon here"), "without a field name and colon"),
    (article(Newsgroups="clique.desert"), "no such newsgroup here: clique.desert"),
    (article(Newsgroups="clique.garden,"), "not a newsgroup's name"),
    (article(Message_ID="none"), "Message-ID is not one"),
    (article(Control="cancel <a@b>"), "'cancel' is not taken here"),
    (article(Supersedes="<a@b>"), "Supersedes"),
    (article(Control=""), "control message '' is not taken"),
    (article(Control="newgroup"), "Control must be"),
    (article(Control="newgroup clique.hill moderated"), "moderated"),
    (article(Control="newgroup comp.hill"), "begin with clique."),
    (article(Control="newgroup clique.Hill"), "not a forum's name"),
    (article(Control="newgroup clique.local.hill"), "reserved"),
    (article(Control="newgroup clique.garden"), "there is a newsgroup clique.garden here"),
    (article(Message_ID=f"<{'a' * 52}@clique.invalid>"), "made of a document's id"),
    (b"Subject: x\r\n", "no empty line"),
    (b"Subject: x\n\nbody\n", "CR or LF"),
])
def test_what_is_refused_and_why(forum, raw, reason):
    assert reason in refusal(forum, raw)


def test_the_same_article_is_posted_once(forum):
    forum.post("Peas", fields=[(b"Clique-Original-Message-ID", b"<1@example.org>")], author="founder")
    assert "is here already" in refusal(forum, article(Message_ID="<1@example.org>"))


@pytest.mark.parametrize("date", [None, b"", b"yesterday", b"Tue, 99 Nov 99999 10:00:00 +0000", b"\xff"])
def test_a_date_that_cannot_be_read_becomes_now(date):
    assert utc_date(date, 0) == b"Thu, 01 Jan 1970 00:00:00 +0000"


def test_a_newgroup_makes_a_forum(forum):
    document = drafted(forum, article(Control="newgroup clique.hill", Newsgroups="clique.hill", Subject="The hill"))
    assert (document.forum, document.parents) == ("hill", ())
    record = accept(forum.archive, document, NOW)
    assert (record.name, record.subject) == ("clique.hill", "The hill")


def test_an_address_in_place_of_a_name_and_a_programs_name_stay_here(forum):
    document = drafted(forum, article(From='"pat@home.example" <pat@home.example>', MIME_Version="1.0 (Mail 3.2)"))
    assert document.headers.get(b"From") == address_of(POSTER.key, "me").encode()
    assert document.headers.get(b"MIME-Version") == b"1.0"
    assert b"home.example" not in document.raw
