"""What docs/newsreaders tells people to write and to type, made fit for one of them."""

from __future__ import annotations

import re

import attrs

from tests.documented import REPOSITORY, commands
from tests.real.readers.newsreader import Access

PAGES = REPOSITORY / "docs" / "newsreaders"
LOGIN = "of a reader with a login:"
LOGIN_IN_TLS = "of a reader with a login, in TLS:"
SCORES = "for an author, a thread and a sub-thread:"


@attrs.frozen
class Scored:
    """What a page's scores are about."""

    author: str
    """the 20 characters of an address"""
    thread: str
    """its first article's Message-ID, before the @"""
    sub_thread: str
    """a message's own newsgroup"""


EXAMPLE = Scored(
    "x" * 20, "43hkgcefvxlexjvgmdpses6nwd7ra57h24dhzujbxpvdqbxpaqka", "clique.garden.peas-ixq4weyj")
"""as the pages have it"""


def block(program: str, words: str) -> str:
    """Return the one block that stands below these words on a program's page."""
    page = (PAGES / f"{program.lower()}.md").read_text("utf-8")
    found = re.findall(rf"{re.escape(words)}\n\n```\w*\n(.*?)```", page, re.DOTALL)
    assert len(found) == 1, (program, words)
    return str(found[0])


def settings(program: str, words: str, access: Access) -> str:
    """Return such a block with a user's own address, name, port and login."""
    local_part, _, domain = access.address.partition("@")
    own = {
        f"owner@{EXAMPLE.author}.clique.invalid": access.address, f"{EXAMPLE.author}.clique.invalid": domain,
        '"owner"': f'"{local_part}"', "Zoe Leser": access.name, "1119": str(access.port),
    }
    if access.login:
        name, password = access.login
        own |= {"zoe": name, "secret": password, "news.example.net": "127.0.0.1", ":119": f":{access.port}",
                "563": str(access.port)}
    return replaced(block(program, words), own)


def scores(program: str, scored: Scored) -> str:
    """Return a page's scores for another author, thread and sub-thread."""
    pairs = zip(attrs.astuple(EXAMPLE), attrs.astuple(scored), strict=True)
    own = dict(pairs)
    own |= {told.replace(".", r"\."): mine.replace(".", r"\.") for told, mine in own.items() if "." in told}
    return replaced(block(program, SCORES), own)


def replaced(text: str, words: dict[str, str]) -> str:
    """Return a text with each of these words replaced, the longest first."""
    longest_first = sorted(words, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), lambda found: words[found[0]], text)


def typed(program: str, access: Access, *flags: str) -> list[str]:
    """Return the command that the page tells to type, with a user's port; the one that has exactly these flags more."""
    lines = [command for command in commands(PAGES / f"{program.lower()}.md")
             if command.whole and command.words[0] == program.lower()]
    first = min(lines, key=lambda command: len(command.words)).words
    [found] = [command.words for command in lines if command.words == [*first, *flags]]
    return [replaced(word, {"1119": str(access.port)}) for word in found]
