"""What a posted article becomes, and why one is refused."""

from __future__ import annotations

import attrs
import pytest

from cliquenntp.document import address_of, build, id_text, parse
from cliquenntp.interfaces import OWNER, Identity, Right
from cliquenntp.newsgroup.control import LeaveForum, PostRefused
from cliquenntp.newsgroup.message_ids import message_id_of
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.posting import Poster, draft
from tests.small_forum import NOW, SmallForum, accept, persona

POSTER = persona("poster")
OWNER_POSTS = Poster(OWNER, POSTER.key)


@pytest.fixture
def forum():
    return SmallForum("garden")


def article(*lines: str, body: str = "Text.\r\n", **fields: str) -> bytes:
    head = {"From": "Pat <pat@home.example>", "Newsgroups": "clique.garden", "Subject": "Peas", **fields}
    written = [f"{name.replace('_', '-')}: {value}" for name, value in head.items() if value is not None]
    return "\r\n".join([*written, *lines, "", body]).encode("utf-8")


def drafted(forum, raw):
    """Draft, build, sign and parse, as a node does; return the document."""
    made = draft(raw, forum.archive, OWNER_POSTS, NOW)
    return parse(POSTER.sign(build(made.fields, made.body), NOW))


def refusal(forum, raw):
    with pytest.raises(PostRefused) as caught:
        draft(raw, forum.archive, OWNER_POSTS, NOW)
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
    made = draft(raw, forum.archive, OWNER_POSTS, NOW)
    address = address_of(POSTER.key, "me").encode()
    assert made.fields == (
        (b"From", b"Pat <" + address + b">"),
        (b"Subject", b"Peas"),
        (b"Date", b"Tue, 24 Nov 2026 17:00:00 +0000"),
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"Clique-Parent", id_text(forum.archive.record(forum.root).id).encode()),
    )
    assert made.alias == b"<1234@host.home.example>"


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
    (article(Control="cancel <a@b>"), "there is no article <a@b> here"),
    (article(Control="cancel"), "Control must be: cancel <message-id>"),
    (article(Control="checkgroups"), "'checkgroups' is not taken here"),
    (article(Control="rmgroup clique.desert"), "there is no forum 'clique.desert' here"),
    (article(Control="rmgroup"), "Control must be: rmgroup"),
    (article(Supersedes="<a@b>"), "there is no article <a@b> here"),
    (article(Distribution="local"), "no Distribution but world"),
    (article(Followup_To="no group's name"), "Followup-To is neither"),
    (article("Subject: again", Subject=None).replace(b"again", b"\xff"), "neither ASCII nor UTF-8"),
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


def test_dates_tell_no_time_zone_and_mime_headers_no_program(forum):
    raw = article(
        Date="Tue, 24 Nov 2026 10:00:00 -0700", Expires="Fri, 27 Nov 2026 10:00:00 +0530", MIME_Version="1.0 (Prog 3)",
        Content_Type='TEXT/Plain;charset="UTF-8";format=flowed', Content_Transfer_Encoding="8BIT", Followup_To="Poster",
    )
    headers = drafted(forum, raw).headers
    assert headers.get(b"Date") == b"Tue, 24 Nov 2026 17:00:00 +0000"
    assert headers.get(b"Expires") == b"Fri, 27 Nov 2026 04:30:00 +0000"
    assert headers.get(b"MIME-Version") == b"1.0"
    assert headers.get(b"Content-Type") == b"text/plain; charset=utf-8; format=flowed"
    assert headers.get(b"Content-Transfer-Encoding") == b"8bit"
    assert headers.get(b"Followup-To") == b"poster"
    assert b"Expires" not in drafted(forum, article(Expires="when it rains")).headers


@pytest.mark.parametrize("given", [
    b'multipart/mixed; boundary="=-=-="', b"text/plain; name*=utf-8''%c3%a4.txt", b"text", b"text/plain; charset",
])
def test_a_content_type_keeps_what_displays_need(forum, given):
    assert drafted(forum, article(Content_Type=given.decode())).headers.get(b"Content-Type") == given


def test_raw_utf_8_in_headers_stays(forum):
    raw = article(Subject="Grüße", From="Jürgen <j@home.example>")
    headers = drafted(forum, raw).headers
    assert headers.get(b"Subject") == "Grüße".encode()
    assert headers.get(b"From").startswith("Jürgen <me@".encode())


def test_headers_that_the_operator_keeps_leave_too(forum):
    raw = article(User_Agent="slrn/1.0.3", Organization="Home", Reply_To="pat@home.example", X_Trace="x")
    keeping = attrs.evolve(OWNER_POSTS, keep_headers=(b"Organization", b"Reply-To"))
    names = [name for name, _ in draft(raw, forum.archive, keeping, NOW).fields]
    assert names == [b"From", b"Subject", b"Date", b"Reply-To", b"Organization", b"Clique-Parent"]


def test_an_alias_is_its_accounts_alone(forum):
    thread = forum.post("Peas")
    forum.archive.add_alias("owner", b"<1@home.example>", thread)
    answering = article(References="<1@home.example>")
    assert drafted(forum, answering).parents == ids(forum, thread)
    assert "is here already" in refusal(forum, article(Message_ID="<1@home.example>"))
    other = Poster(Identity("pat", Right.POST, persona="pat"), persona("pat").key)
    assert draft(article(Message_ID="<1@home.example>"), forum.archive, other, NOW).alias == b"<1@home.example>"
    fields = dict(draft(answering, forum.archive, other, NOW).fields)
    assert fields[b"Clique-Parent"].decode() == id_text(forum.archive.record(forum.root).id)


def test_what_an_account_may_not_see_it_cannot_post_to(forum):
    hidden = SmallForum("kitchen", forum.archive)
    thread = hidden.post("Stew")
    guest = Poster(Identity("pat", Right.POST, forums=(forum.root,), persona="pat"), persona("pat").key)
    with pytest.raises(PostRefused, match="no such newsgroup here"):
        draft(article(Newsgroups="clique.kitchen"), forum.archive, guest, NOW)
    answering = article(References=message_id(forum, thread))
    fields = dict(draft(answering, forum.archive, guest, NOW).fields)
    assert fields[b"Clique-Parent"].decode() == id_text(forum.archive.record(forum.root).id)
    with pytest.raises(PostRefused, match="there is no article"):
        draft(article(Control=f"cancel {message_id(forum, thread)}"), forum.archive, guest, NOW)


def test_only_who_may_create_makes_forums(forum):
    guest = Poster(Identity("pat", Right.READ | Right.POST, persona="pat"), persona("pat").key)
    with pytest.raises(PostRefused, match="may not make forums"):
        draft(article(Control="newgroup clique.hill"), forum.archive, guest, NOW)


@pytest.mark.parametrize(("subject", "body", "description"), [
    ("The hill", "Text.\r\n", b"The hill"),
    ("cmsg newgroup clique.hill", "Text.\r\n", b"hill"),
    ("cmsg newgroup clique.hill", "For your newsgroups file:\r\nclique.hill\tUp and down\r\n", b"Up and down"),
])
def test_a_forum_is_described_by_the_newgroups_body_or_subject(forum, subject, body, description):
    raw = article(Control="newgroup clique.hill", Subject=subject, body=body)
    assert drafted(forum, raw).headers.get(b"Subject") == description


def test_an_rmgroup_leaves_a_forum(forum):
    assert draft(article(Control="rmgroup clique.garden"), forum.archive, OWNER_POSTS, NOW) == LeaveForum(forum.root)


def test_a_cancel_says_nothing_but_what_it_cancels(forum):
    other = SmallForum("kitchen", forum.archive)
    mine = forum.post("Peas", parent=(forum.root, other.root), author="poster")
    raw = article(
        Control=f"cancel {message_id(forum, mine)}", Subject=f"cmsg cancel {message_id(forum, mine)}",
        Message_ID="<1@home.example>", Cancel_Key="sha256:secret", User_Agent="slrn/1.0.3",
        body="Article canceled by slrn 1.0.3\r\n",
    )
    document = drafted(forum, raw)
    own = ids(forum, forum.root, other.root, mine)
    assert (document.cancel, document.parents, document.body) == (own[-1], own, b"")
    assert [name for name, _ in document.headers] == [
        b"Clique-Signature", b"Clique-Time", b"From", b"Date", b"Clique-Parent", b"Clique-Cancel",
        b"Clique-Target-Time",
    ]
    assert document.target_time == forum.archive.record(mine).time
    assert b"slrn" not in document.raw
    assert b"secret" not in document.raw


def test_each_version_stands_where_the_first_one_did(forum):
    version = forum.post("Peas", author="poster")
    for number in range(12):
        raw = article(Supersedes=message_id(forum, version), Subject=f"Peas {number}")
        document = drafted(forum, raw)
        assert document.supersedes == forum.archive.record(version).id
        assert document.parents == ids(forum, forum.root, version)
        earlier = version
        version = accept(forum.archive, document, NOW).docno
        forum.archive.drop(earlier, "cancelled")
    assert "is gone already" in refusal(forum, article(Supersedes=message_id(forum, earlier)))


@pytest.mark.parametrize("name", ["Control", "Supersedes"])
def test_nobody_takes_back_what_another_wrote(forum, name):
    theirs = message_id(forum, forum.post("Peas"))
    wanted = article(**{name: f"cancel {theirs}" if name == "Control" else theirs}, Cancel_Key="sha256:guessed")
    assert "only its author can take it back" in refusal(forum, wanted)


def test_a_cancel_cannot_be_undone(forum):
    mine = forum.post("Peas", author="poster")
    document = drafted(forum, article(Control=f"cancel {message_id(forum, mine)}"))
    cancel = accept(forum.archive, document, NOW).docno
    assert "cannot be undone" in refusal(forum, article(Control=f"cancel {message_id(forum, cancel)}"))
    group = forum.archive.record(cancel).name
    assert "no such newsgroup" in refusal(forum, article(Newsgroups=group))


@pytest.mark.parametrize("name", ["Control", "Supersedes"])
def test_a_forums_own_document_stays(forum, name):
    root = message_id(forum, forum.root)
    founder = Poster(OWNER, forum.founder.key)
    raw = article(**{name: f"cancel {root}" if name == "Control" else root})
    with pytest.raises(PostRefused, match="nobody could join"):
        draft(raw, forum.archive, founder, NOW)
