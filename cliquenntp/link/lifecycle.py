"""The life of a connection between two nodes, as a state machine.

    waiting --connected--> proving --proved--> open --drain--> draining --emptied--> closing --lost--> closed

``fail`` (a rule was broken: say so, then close) and ``expire`` (a time limit: cut it off) lead to closing from
anywhere, ``lost`` to closed.  What has no place in a state is ignored there: a timer may fire, or a
byte come, a moment too late.
"""

from __future__ import annotations

from typing import Any, Protocol

from automat import TypeMachineBuilder


class Life(Protocol):
    """What happens to a connection."""

    def connected(self) -> None:
        """The transport is ready for the handshake."""

    def proved(self) -> None:
        """Both ends have proved their keys and want the link."""

    def drain(self, reason: str) -> None:
        """Close when what waits has been sent."""

    def emptied(self) -> None:
        """Nothing waits to be sent any more."""

    def fail(self, reason: str) -> None:
        """The link can't go on; the other end is told why."""

    def expire(self, reason: str) -> None:
        """A time limit has passed; the other end is not worth a word."""

    def lost(self, reason: str) -> None:
        """The transport is gone."""


class Shell(Protocol):
    """What the machine has its connection do."""

    def start_handshake(self) -> None:
        """Say hello, or wait for it."""

    def report_opened(self) -> None:
        """Tell the owner that the link is open."""

    def report_closed(self, reason: str) -> None:
        """Tell the owner that an open link is closed."""

    def report_failed(self, reason: str) -> None:
        """Tell the owner that the connection closed before the link was open."""

    def report_gone(self) -> None:
        """Tell the owner that nothing is left of the connection."""

    def begin_drain(self, reason: str) -> None:
        """Tell the other end that the link closes, behind what waits."""

    def say_why(self, reason: str) -> None:
        """Tell the other end at once why the link closes."""

    def close(self) -> None:
        """Close the transport once it has written what it holds."""

    def cut(self) -> None:
        """Close the transport at once."""


def _build() -> Any:
    builder = TypeMachineBuilder(Life, Shell)  # type: ignore[type-abstract]
    waiting = builder.state("waiting")
    proving = builder.state("proving")
    opened = builder.state("open")
    draining = builder.state("draining")
    closing = builder.state("closing")
    closed = builder.state("closed")

    @waiting.upon(Life.connected).to(proving)
    def _connected(life: Life, shell: Shell) -> None:
        shell.start_handshake()

    @proving.upon(Life.proved).to(opened)
    def _proved(life: Life, shell: Shell) -> None:
        shell.report_opened()

    @opened.upon(Life.drain).to(draining)
    def _drain(life: Life, shell: Shell, reason: str) -> None:
        shell.report_closed(reason)
        shell.begin_drain(reason)

    @draining.upon(Life.emptied).to(closing)
    def _emptied(life: Life, shell: Shell) -> None:
        shell.close()

    @opened.upon(Life.fail).to(closing)
    def _fail_open(life: Life, shell: Shell, reason: str) -> None:
        shell.report_closed(reason)
        shell.say_why(reason)
        shell.close()

    @opened.upon(Life.expire).to(closing)
    def _expire_open(life: Life, shell: Shell, reason: str) -> None:
        shell.report_closed(reason)
        shell.cut()

    @opened.upon(Life.lost).to(closed)
    def _lost_open(life: Life, shell: Shell, reason: str) -> None:
        shell.report_closed(reason)
        shell.report_gone()

    for state in (waiting, proving):

        @state.upon(Life.fail).to(closing)
        def _fail_early(life: Life, shell: Shell, reason: str) -> None:
            shell.report_failed(reason)
            shell.say_why(reason)
            shell.close()

        for unwanted in (Life.drain, Life.expire):

            @state.upon(unwanted).to(closing)
            def _expire_early(life: Life, shell: Shell, reason: str) -> None:
                shell.report_failed(reason)
                shell.cut()

        @state.upon(Life.lost).to(closed)
        def _lost_early(life: Life, shell: Shell, reason: str) -> None:
            shell.report_failed(reason)
            shell.report_gone()

    for late in (Life.fail, Life.expire):

        @draining.upon(late).to(closing)
        def _cut_draining(life: Life, shell: Shell, reason: str) -> None:
            shell.cut()

    for state in (draining, closing):

        @state.upon(Life.lost).to(closed)
        def _lost_late(life: Life, shell: Shell, reason: str) -> None:
            shell.report_gone()

    @closing.upon(Life.expire).to(closing)
    def _cut_closing(life: Life, shell: Shell, reason: str) -> None:
        shell.cut()

    every = (Life.connected, Life.proved, Life.drain, Life.emptied, Life.fail, Life.expire, Life.lost)
    handled: dict[Any, set[Any]] = {
        waiting: {Life.connected, Life.fail, Life.drain, Life.expire, Life.lost},
        proving: {Life.proved, Life.fail, Life.drain, Life.expire, Life.lost},
        opened: {Life.drain, Life.fail, Life.expire, Life.lost},
        draining: {Life.emptied, Life.fail, Life.expire, Life.lost},
        closing: {Life.expire, Life.lost},
        closed: set(),
    }
    for state, wanted in handled.items():
        for ignored in every:
            if ignored not in wanted:
                state.upon(ignored).loop().returns(None)
    return builder.build()


new_life = _build()
"""new_life(shell) -> Life: a machine in its first state"""
