"""What another news server says of a newsgroup and its articles, as the way in of a bridge reads it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from cliquenntp.newsgroup.message_ids import is_message_id, message_ids_in
from cliquenntp.service.bridging.bridge import BridgeError
from cliquenntp.service.imports.sources import LARGEST_ARTICLE

ARTICLES_AT_ONCE = 50
"""articles asked for at once, which then share a commit"""

OCTETS_AT_ONCE = LARGEST_ARTICLE
"""of them together, as the overview says: at most so much waits in memory"""

MOST_DIGITS = 16
"""of a number: articles have at most ten (RFC 3977 section 6), some servers count in 64 bits"""


@attrs.frozen
class Row:
    """What an overview line tells of an article."""

    number: int
    message_id: bytes
    octets: int
    """0 where the server does not say"""
    references: tuple[bytes, ...]


def marks_of(text: bytes) -> tuple[int, int]:
    """Return low and high water mark out of a reply to GROUP: ``count low high name``; (1, high) for an empty one.

    Raises BridgeError where it says something else.
    """
    numbers = [number for word in text.split()[:3] if (number := _number(word)) is not None]
    if len(numbers) < 3:
        raise BridgeError(f"the server answers GROUP with {text[:80]!a}")
    count, low, high = numbers
    return (low, high) if count or high >= low else (1, high)


def row_of(line: bytes) -> Row | None:
    """Return what an overview line (RFC 3977 section 8.3) tells, or None where it is none."""
    fields = line.split(b"\t")
    number = _number(fields[0])
    if len(fields) < 7 or number is None or not is_message_id(fields[4]):
        return None
    return Row(number, fields[4], _number(fields[6]) or 0, tuple(message_ids_in(fields[5])))


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() and len(text) <= MOST_DIGITS else None


def answers_last(rows: Sequence[Row]) -> list[Row]:
    """Return rows with each behind those that it answers; where references run in a circle it is cut."""
    waiting = {row.message_id: row for row in rows}
    ordered: list[Row] = []
    for row in rows:
        stack = [row] if row.message_id in waiting else []
        while stack:
            waiting.pop(stack[-1].message_id, None)
            above = next((waiting[each] for each in stack[-1].references if each in waiting), None)
            if above is None:
                ordered.append(stack.pop())
            else:
                stack.append(above)
    return ordered


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists of those whose articles are asked for at once."""
    batch: list[Row] = []
    octets = 0
    for row in rows:
        if batch and (len(batch) == ARTICLES_AT_ONCE or octets + row.octets > OCTETS_AT_ONCE):
            yield batch
            batch, octets = [], 0
        batch.append(row)
        octets += row.octets
    if batch:
        yield batch
