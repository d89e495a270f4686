"""Entries of an overview in the order of a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from cliquenntp.web.public.reading import Entry

MOST_INDENTS = 8
"""steps that a page shows answers further to the right; what lies deeper stays there"""


@attrs.frozen
class Placed:
    """An entry with its depth in the conversation that is shown."""

    entry: Entry
    depth: int


@attrs.frozen
class Talk:
    """The articles of one thread that a page of a forum has."""

    first: str
    """the id of the thread's first article"""
    newest: Entry
    count: int


def placed(entries: Sequence[Entry]) -> list[Placed]:
    """Return entries so that each answer stands behind what it answers; they come in order of arrival."""
    known = {entry.id for entry in entries}
    answers: dict[str, list[Entry]] = {}
    tops: list[Entry] = []
    for entry in entries:
        above = next((one for one in reversed(entry.references) if one in known and one != entry.id), None)
        (tops if above is None else answers.setdefault(above, [])).append(entry)
    found: list[Placed] = []
    seen: set[str] = set()
    waiting = [(entry, 0) for entry in reversed(tops)]
    while waiting:
        entry, depth = waiting.pop()
        if entry.id in seen:
            continue
        seen.add(entry.id)
        found.append(Placed(entry, min(depth, MOST_INDENTS)))
        waiting += ((answer, depth + 1) for answer in reversed(answers.get(entry.id, ())))
    # references in a circle, which no signed document can have, would leave some out
    found += (Placed(entry, 0) for entry in entries if entry.id not in seen)
    return found


def talks(entries: Iterable[Entry]) -> list[Talk]:
    """Return the threads to which entries (in order of arrival) belong, the one with the newest article first."""
    gathered: dict[str, list[Entry]] = {}
    for entry in entries:
        first = entry.references[0] if entry.references else entry.id
        gathered.setdefault(first, []).append(entry)
    found = [Talk(first, some[-1], len(some)) for first, some in gathered.items()]
    return sorted(found, key=lambda talk: talk.newest.number, reverse=True)
