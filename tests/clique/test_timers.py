from cliquenntp.clique.timers import Subject, Timers


def due(timers: Timers, now: float) -> list[tuple[str, Subject]]:
    return list(iter(lambda: timers.pop_due(now), None))


def test_soonest_first_and_only_what_is_due() -> None:
    timers = Timers()
    timers.set("fill", 1, 5.0)
    timers.set("fill", 2, 3.0)
    timers.set("say", 1, 9.0)
    assert timers.next() == 3.0
    assert due(timers, 5.0) == [("fill", 2), ("fill", 1)]
    assert timers.next() == 9.0


def test_a_later_time_replaces_an_earlier_one_but_not_at_latest() -> None:
    timers = Timers()
    timers.set("fill", 1, 5.0)
    timers.set("fill", 1, 8.0)
    assert timers.next() == 8.0
    timers.at_latest("fill", 1, 9.0)
    assert timers.get("fill", 1) == 8.0
    timers.at_latest("fill", 1, 7.0)
    assert timers.get("fill", 1) == 7.0


def test_cancelled_ones_do_not_come() -> None:
    timers = Timers()
    timers.set("fill", 1, 5.0)
    timers.cancel("fill", 1)
    timers.cancel("fill", 2)
    assert timers.next() is None
    assert due(timers, 10.0) == []


def test_what_is_set_while_due_ones_are_taken_comes_too() -> None:
    timers = Timers()
    timers.set("a", 1, 1.0)
    taken = []
    while (one := timers.pop_due(2.0)) is not None:
        kind = one[0]
        taken.append(kind)
        if kind == "a":
            timers.set("b", 1, 2.0)
    assert taken == ["a", "b"]


def test_replacing_a_deadline_for_ever_takes_no_room() -> None:
    timers = Timers()
    for turn in range(10000):
        timers.set("silence", 1, float(turn))
        timers.set("other", 1, 20000.0)
    assert len(timers._heap) < 100
    assert timers.next() == 9999.0
