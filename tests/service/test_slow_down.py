from cliquenntp.service.readers.slow_down import FORGOTTEN_AFTER, FREE_FAILURES, LONGEST_WAIT, MOST_KEPT, SlowDown


def test_each_failure_after_the_free_ones_waits_longer() -> None:
    slow_down = SlowDown()
    waits = [slow_down.attempt(["address a", "account mary"], 0.0) for _ in range(FREE_FAILURES + 7)]
    assert waits == [0.0] * FREE_FAILURES + [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_WAIT, LONGEST_WAIT]


def test_one_address_pays_for_all_names_and_one_name_for_all_addresses() -> None:
    slow_down = SlowDown()
    for number in range(FREE_FAILURES):
        slow_down.attempt(["address a", f"account {number}"], 0.0)
    assert slow_down.attempt(["address a", "account fresh"], 0.0) > 0
    assert slow_down.attempt(["address b", "account fresh too"], 0.0) == 0
    for number in range(FREE_FAILURES):
        slow_down.attempt([f"address {number}", "account mary"], 0.0)
    assert slow_down.attempt(["address c", "account mary"], 0.0) > 0


def test_a_success_takes_back_its_own_attempt_alone() -> None:
    slow_down = SlowDown()
    for _ in range(100):
        assert slow_down.attempt(["account mary"], 0.0) == 0
        slow_down.succeeded(["account mary"])
    for _ in range(FREE_FAILURES):
        slow_down.attempt(["address a"], 0.0)
    slow_down.attempt(["address a"], 0.0)
    slow_down.succeeded(["address a"])
    assert slow_down.attempt(["address a"], 0.0) == 1.0


def test_failures_are_forgotten() -> None:
    slow_down = SlowDown()
    for _ in range(FREE_FAILURES + 1):
        slow_down.attempt(["address a"], 0.0)
    assert slow_down.attempt(["address a"], FORGOTTEN_AFTER) > 0
    assert slow_down.attempt(["address a"], 2 * FORGOTTEN_AFTER + 1) == 0


def test_it_keeps_a_bounded_number_of_keys() -> None:
    slow_down = SlowDown()
    for number in range(MOST_KEPT + 10):
        slow_down.attempt([f"address {number}"], 0.0)
    assert len(slow_down._failures) == MOST_KEPT
