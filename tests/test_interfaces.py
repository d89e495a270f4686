from cliquenntp.interfaces import OWNER, Identity, Right


def test_an_identity_sees_what_stands_below_one_of_its_forums() -> None:
    forums = {1}
    reader = Identity(None, Right.READ, forums)
    assert reader.may_see((1,)) and reader.may_see((2, 1)) and not reader.may_see((2,)) and not reader.may_see(())
    forums.add(2)
    assert reader.may_see((2,))
    assert OWNER.may_see((2,))


def test_rights_are_asked_for_one_by_one() -> None:
    poster = Identity("mary", Right.READ | Right.POST)
    assert poster.may(Right.READ) and poster.may(Right.POST) and poster.may(Right.NONE)
    assert not poster.may(Right.CREATE) and not poster.may(Right.ADMIN)
    assert all(OWNER.may(right) for right in Right if right is not Right.FEED)  # which has a listener of its own
