import attrs

from cliquenntp.clique.messages import Channel
from cliquenntp.newsgroup.subscriptions import Moves, Subscription, moves, union

FORUM, THREAD, REPLY, OTHER = (bytes([number]) * 32 for number in range(4))

WHOLE = Subscription(Channel(FORUM))
STARTERS = Subscription(Channel(FORUM, True))
IN_THREAD = Subscription(Channel(THREAD), (FORUM,), frozenset([FORUM]))
ANSWERS = Subscription(Channel(REPLY, True), (THREAD, FORUM), frozenset([THREAD, FORUM]))
CROSS_POST = Subscription(Channel(REPLY), (THREAD, FORUM), frozenset([THREAD, FORUM, OTHER]))


def test_a_union_leaves_out_what_is_covered() -> None:
    assert union([IN_THREAD, STARTERS, IN_THREAD]).keys() == {IN_THREAD.channel, STARTERS.channel}
    assert union([IN_THREAD, STARTERS, ANSWERS, WHOLE]).keys() == {WHOLE.channel}
    assert union([ANSWERS, STARTERS]).keys() == {ANSWERS.channel, STARTERS.channel}
    assert union([CROSS_POST, Subscription(Channel(OTHER))]).keys() == {Channel(OTHER)}


def test_of_two_horizons_the_earlier_counts() -> None:
    later = attrs.evolve(WHOLE, since=5)
    assert union([later, WHOLE]) == union([WHOLE, later]) == {WHOLE.channel: WHOLE}


def test_widening_comes_before_leaving_and_narrowing_after() -> None:
    assert moves([STARTERS.channel], union([WHOLE])) == Moves((WHOLE,), (STARTERS.channel,), ())
    assert moves([WHOLE.channel], union([STARTERS, IN_THREAD])) == Moves((), (WHOLE.channel,), (STARTERS, IN_THREAD))
    assert moves([WHOLE.channel], union([WHOLE, Subscription(Channel(OTHER))])).widen == (Subscription(Channel(OTHER)),)
    assert moves([WHOLE.channel], union([WHOLE, IN_THREAD])) == Moves((), (), ())


def test_the_scope_is_the_root() -> None:
    assert WHOLE.scope == IN_THREAD.scope == ANSWERS.scope == FORUM
