from cliquenntp.document import id_text
from cliquenntp.interfaces import OWNER, Identity, Right
from cliquenntp.newsgroup.hidden_names import HiddenNames
from cliquenntp.service.readers.views import NamedForums, Views
from tests.small_forum import SmallForum


def test_a_view_for_each_scope() -> None:
    garden = SmallForum("garden")
    desert = SmallForum("desert", garden.archive)
    views = Views(garden.archive, "not-for-mail")

    def public(*names: str) -> Identity:
        return Identity(None, Right.READ, NamedForums(garden.archive, frozenset(names)))

    reader = public("clique.garden")
    assert views.of(OWNER).newsgroup(b"clique.garden") and views.of(OWNER).newsgroup(b"clique.desert")
    assert views.of(reader) is views.of(public("clique.garden"))
    assert views.of(reader) is not views.of(public("clique.desert"))
    assert views.of(reader).newsgroup(b"clique.desert") is None
    by_id = public(id_text(garden.archive.record(desert.root).id))
    assert views.of(by_id).newsgroup(b"clique.desert") is not None
    assert views.of(by_id).newsgroup(b"clique.garden") is None


def test_a_forum_that_comes_later_is_seen_from_then_on() -> None:
    garden = SmallForum("garden")
    views = Views(garden.archive, "not-for-mail")
    reader = Identity(None, Right.READ, NamedForums(garden.archive, frozenset(["clique.desert"])))
    view = views.of(reader)
    assert b"".join(view.active_list()) == b""
    desert = SmallForum("desert", garden.archive)
    views.moved(desert.changes)
    assert b"".join(view.active_list()) == b"clique.desert 1 1 y\r\n"
    assert reader.may_see((desert.root,)) and not reader.may_see((garden.root,))


def test_what_one_account_hides_stays_for_others() -> None:
    garden = SmallForum("garden")
    docno = garden.post("Peas")
    hides = {name: [HiddenNames(garden.archive), HiddenNames(garden.archive)] for name in ("owner", "bob")}
    views = Views(garden.archive, "not-for-mail")
    views.hidden_by += [lambda account: hides[account][0], lambda account: hides[account][1]]
    bob, owner = (views.of(Identity(name, Right.READ)) for name in ("bob", "owner"))
    nobody = views.of(Identity(None, Right.READ))
    for part in hides["bob"]:
        part.name((), [garden.archive.record(docno).id])
        assert bob.article_at(garden.root, 2) is None
        assert owner.article_at(garden.root, 2) == nobody.article_at(garden.root, 2) == docno
        assert views.with_hidden(Identity("bob", Right.READ)).article_at(garden.root, 2) == docno
        part.name((), ())
        assert bob.article_at(garden.root, 2) == docno
