"""Small documents and their places among newsgroups, for tests of what keeps them: no signatures, no MIME."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import attrs

from cliquenntp.interfaces import IArchive, IRecord, IWriter, Placement

NEAREST_ANCESTORS = 32
ARRIVED = 1_800_000_000


@attrs.frozen
class SampleDocument:
    """As much of a document as the store looks at."""

    raw: bytes
    author: bytes = b"\1" * 32
    time: int = ARRIVED
    parents: tuple[bytes, ...] = ()

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.raw).digest()


def sample_placement(
    archive: IArchive, parents: Iterable[int] = (), name: str = "clique.sample", message_ids: tuple[bytes, ...] = (),
) -> Placement:
    """Place a document under the given parents as the design says: nearest 32 ancestors, thread starters, roots."""
    parents = tuple(parents)
    records = [archive.record(parent) for parent in parents]
    roots = tuple(dict.fromkeys(root for record in records for root in record.roots))
    starters = tuple(dict.fromkeys(starter for record in records for starter in record.starters))
    nearest: dict[int, None] = {}
    level = list(parents)
    while level and len(nearest) < NEAREST_ANCESTORS:
        nearest.update(dict.fromkeys(level))
        level = [above for docno in level for above in archive.record(docno).parents]
    groups = tuple(dict.fromkeys((*list(nearest)[:NEAREST_ANCESTORS], *starters, *roots)))
    references = ()
    if records and records[0].parents:
        references = (*records[0].references, records[0].id)
        references = references[:20] + references[20:][-20:]
    return Placement(
        name=name, subject="a subject", depth=records[0].depth + 1 if records else 0, parents=parents, roots=roots,
        starters=starters, groups=groups, xref_groups=groups[:8], references=references, message_ids=message_ids,
    )


def store_sample(
    writer: IWriter, raw: bytes, parents: Iterable[int] = (), name: str = "clique.sample",
    message_ids: tuple[bytes, ...] = (), arrived: int = ARRIVED,
) -> IRecord:
    """Store a small document under the given parents within the writer's transaction."""
    placement = sample_placement(writer, parents, name, message_ids)
    writer.number(placement)
    overview = b"overview of " + b" ".join(raw[:40].splitlines())
    ids = tuple(writer.record(parent).id for parent in placement.parents)
    return writer.store(SampleDocument(raw, parents=ids), placement, overview, arrived)
