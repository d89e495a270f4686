"""What newsreaders can do: the matrix that the tests go through and docs/newsreaders.md shows."""

from __future__ import annotations

import attrs
import pytest

from tests.conftest import needs_program

ABILITIES = {
    "login": "logs in",
    "TLS": "in TLS",
    "subscribe": "lists and subscribes",
    "thread": "draws threads",
    "sub-thread": "opens a message's own newsgroup",
    "languages": "non-ASCII and MIME",
    "attachment": "attachments",
    "post": "posts",
    "follow up": "follows up",
    "cancel": "cancels",
    "supersede": "supersedes",
    "own": "knows its user's posts",
    "20,000": "20,000 newsgroups",
    "reconnect": "goes on after a restart of the node",
}
"""ability: as the manual's table says it"""


@attrs.frozen
class Program:
    """One newsreader, and what it cannot do."""

    package: str
    """Debian's"""
    command: str
    version: str
    """of the package in Debian 12, without Debian's part; what was tried"""
    cannot: dict[str, str] = attrs.field(factory=dict)
    """ability: why not, in the words of the manual"""
    beside: tuple[tuple[str, str], ...] = ()
    """further programs that a test needs to drive it, each with its package"""
    in_test: bool = True
    """whether ``make test`` tries it, too; windows take long to open"""


TERMINAL = (("tmux", "tmux"),)

NEWSREADERS = {
    "slrn": Program("slrn", "slrn", "1.0.3", {
        "attachment": "shows the parts of a message as they stand on the wire",
    }, beside=TERMINAL),
    "tin": Program("tin", "tin", "2.6.2", beside=TERMINAL),
    "Gnus": Program("emacs-nox", "emacs", "28.2", beside=TERMINAL),
    "neomutt": Program("neomutt", "neomutt", "20220429", {
        "cancel": "has no such command where the table has a no",
        "supersede": "has no such command where the table has a no",
        "reconnect": "crashes (signal 11) in most tries after a restart of the node",
    }, beside=TERMINAL),
    "Thunderbird": Program("thunderbird", "thunderbird", "153.8 ESR", {
        "supersede": "has no such command",
        "own": "offers to cancel every article, whoever wrote it",
    }, in_test=False),
    "Pan": Program("pan", "pan", "0.154", {
        "cancel": "looks for your address in Sender, which your articles do not have, and refuses",
        "supersede": "looks for your address in Sender, which your articles do not have, and refuses",
    }, beside=(("Xvfb", "xvfb"), ("dbus-run-session", "dbus"), ("/usr/libexec/at-spi-bus-launcher", "at-spi2-core"))),
}


def marks_of(program: Program) -> list[pytest.MarkDecorator]:
    """Return what marks a test that drives it."""
    needed = [needs_program(*each) for each in ((program.command, program.package), *program.beside)]
    return needed if program.in_test else [*needed, pytest.mark.readers]


def cells() -> list[tuple[str, str]]:
    """Return (newsreader, ability) for all that can be done."""
    return [
        (name, ability) for name, program in NEWSREADERS.items() for ability in ABILITIES
        if ability not in program.cannot
    ]


def table() -> list[str]:
    """Return the lines of the manual's table."""
    names = list(NEWSREADERS)
    lines = ["| | " + " | ".join(f"{name} {NEWSREADERS[name].version}" for name in names) + " |",
             "|---|" + "---|" * len(names)]
    for ability, words in ABILITIES.items():
        marks = ["no" if ability in NEWSREADERS[name].cannot else "yes" for name in names]
        lines.append(f"| {words} | " + " | ".join(marks) + " |")
    return lines
