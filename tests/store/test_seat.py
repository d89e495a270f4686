"""One writer at a time on a database that several processes can open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import transaction
import ZODB
from ZODB.MappingStorage import MappingStorage

from cliquenntp.store import SeatLost, StoreLocked, Writer
from cliquenntp.store.schema import STEPS, apply_step
from cliquenntp.store.seat import SILENT_SECONDS, Process, Seat, is_dead, take_seat

ELSEWHERE = "another-machine 1 1"


class Shared:
    """A database that several writers open, each by a connection of its own, and a clock that sleeping moves."""

    def __init__(self) -> None:
        self.database = ZODB.DB(MappingStorage())
        self.seconds = 0.0
        self.while_asleep: Callable[[], None] = lambda: None
        with self.database.transaction() as connection:
            for step in STEPS:
                apply_step(connection.root(), step)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.while_asleep()

    def connect(self) -> tuple[Any, transaction.TransactionManager]:
        manager = transaction.TransactionManager(explicit=True)
        manager.begin()
        return self.database.open(manager), manager

    def sit_down(self) -> Writer:
        connection, manager = self.connect()
        seat = take_seat(connection, manager, "the database", self.sleep, lambda: self.seconds)
        return Writer(connection, manager, 1 << 16, seat)

    def change_seat(self, change: Callable[[Seat], None]) -> None:
        with self.database.transaction() as connection:
            change(connection.root()["seat"])


def write(writer: Writer, value: bytes) -> None:
    writer.begin()
    writer.piece_set("name", value)
    writer.commit()


def test_a_second_writer_on_this_machine_is_refused_at_once() -> None:
    shared = Shared()
    write(shared.sit_down(), b"first")
    with pytest.raises(StoreLocked, match="the database is in use by process"):
        shared.sit_down()
    assert not shared.seconds


def test_a_seat_that_was_left_is_free() -> None:
    shared = Shared()
    shared.sit_down().leave_seat()
    write(shared.sit_down(), b"second")
    assert not shared.seconds


def test_the_seat_of_a_process_of_this_machine_that_died_is_free() -> None:
    shared = Shared()
    shared.sit_down()
    this = Process.this()
    shared.change_seat(lambda seat: setattr(seat, "process", str(Process(this.machine, this.pid, "1"))))
    shared.sit_down()
    assert not shared.seconds


def test_the_seat_of_another_machine_is_free_without_a_beat_and_its_writer_writes_no_more() -> None:
    shared = Shared()
    first = shared.sit_down()
    write(first, b"first")
    shared.change_seat(lambda seat: setattr(seat, "process", ELSEWHERE))
    second = shared.sit_down()
    assert shared.seconds >= SILENT_SECONDS
    write(second, b"second")
    with pytest.raises(SeatLost):
        write(first, b"the first one comes back")
    first.begin()
    assert first.piece("name") == b"second"


def test_a_writer_whose_seat_is_taken_between_begin_and_commit_does_not_commit() -> None:
    shared = Shared()
    first = shared.sit_down()
    first.begin()
    first.piece_set("name", b"first")
    shared.change_seat(lambda seat: setattr(seat, "holder", b"somebody else"))
    with pytest.raises(SeatLost):
        first.commit()
    first.begin()
    assert first.piece("name") is None


def test_a_beat_on_another_machine_keeps_the_seat() -> None:
    shared = Shared()
    first = shared.sit_down()
    shared.change_seat(lambda seat: setattr(seat, "process", ELSEWHERE))

    def beat() -> None:
        if shared.seconds > SILENT_SECONDS / 2:
            first.begin()
            first.beat()
            first.commit()

    shared.while_asleep = beat
    with pytest.raises(StoreLocked, match="of another machine"):
        shared.sit_down()


def test_only_a_process_of_this_machine_is_known_to_be_dead() -> None:
    assert not is_dead(str(Process.this()))
    assert is_dead(f"{Process.this().machine} {2 ** 22 + 1} 1")
    assert not is_dead(ELSEWHERE)
