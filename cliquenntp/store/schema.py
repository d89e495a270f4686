"""The shape of the database: named steps, applied in order, each recorded where it was applied.

A step gets the root mapping and changes it within one transaction.  Steps are never renamed, reordered or changed once
released; what replaces one is another step behind it.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

from BTrees.Length import Length

from cliquenntp.store.index import DigestIndex
from cliquenntp.store.trees import GroupTree, LooseTree, NameTree, NumberTree, ObjectTree, RecordTree, ShownTree

Root = MutableMapping[str, Any]
Step = tuple[str, Callable[[Root], None]]

APPLIED = "schema"
"""key of the root under which the names of the applied steps are kept"""


def _documents(root: Root) -> None:
    root["records"] = RecordTree()
    root["groups"] = GroupTree()
    root["ids"] = DigestIndex()
    root["message_ids"] = DigestIndex()
    root["forums"] = NameTree()
    root["loose_children"] = LooseTree()
    root["late_parents"] = ObjectTree()


def _channels(root: Root) -> None:
    root["channels"] = GroupTree()
    root["late_tied"] = LooseTree()
    root["gone"] = GroupTree()


def _pieces(root: Root) -> None:
    root["pieces"] = ObjectTree()


def _follows(root: Root) -> None:
    root["follows"] = ObjectTree()


def _aliases(root: Root) -> None:
    root["aliases"] = NameTree()


def _octets(root: Root) -> None:
    root["octets"] = Length(sum(
        record.size for docno, record in root["records"].items() if docno not in root["gone"]))


def _shift(root: Root) -> None:
    root["shift"] = 0


def _links(root: Root) -> None:
    root["shown"] = ShownTree()
    root["linked"] = NumberTree()
    root["awaited"] = ObjectTree()


def _late_children(root: Root) -> None:
    root["late_parents"] = NameTree({
        parent + child.to_bytes(8, "big"): child
        for parent, children in root["late_parents"].items() for child in children
    })


def _nodes(root: Root) -> None:
    root["elsewhere"] = LooseTree()
    root["private_roots"] = LooseTree()
    root["shelves"] = GroupTree()


def _late_places(root: Root) -> None:
    del root["awaited"]
    root["shown_from"] = NumberTree()


def _moderation(root: Root) -> None:
    root["waiting"] = GroupTree()
    root["waits"] = NumberTree()
    root["waiting_octets"] = NumberTree()
    root["appointments"] = LooseTree()


def _notices(root: Root) -> None:
    root["notices"] = NameTree()


STEPS: tuple[Step, ...] = (
    ("documents, groups and their indexes", _documents),
    ("channels' sets", _channels),
    ("pieces of the network's state", _pieces),
    ("what accounts follow", _follows),
    ("Message-IDs that newsreaders chose", _aliases),
    ("octets of the documents that are kept", _octets),
    ("by how much numbers are greater after a restore", _shift),
    ("links to documents", _links),
    ("children that came before a parent, one by one", _late_children),
    ("what the nodes of accounts hold", _nodes),
    ("places of links that came late", _late_places),
    ("what waits for moderators", _moderation),
    ("NoCeM messages", _notices),
)


class SchemaTooNew(Exception):
    """The database has steps that this program does not know."""


def missing_steps(root: Root, steps: Sequence[Step] = STEPS) -> Sequence[Step]:
    """Return the steps that are not applied yet; SchemaTooNew if the database is ahead of ``steps``."""
    applied = tuple(root.get(APPLIED, ()))
    if applied != tuple(name for name, _ in steps[:len(applied)]):
        raise SchemaTooNew(", ".join(name for name in applied if name not in dict(steps)) or "another order of steps")
    return steps[len(applied):]


def apply_step(root: Root, step: Step) -> None:
    """Apply one step and record it; the caller commits."""
    name, change = step
    change(root)
    root[APPLIED] = (*root.get(APPLIED, ()), name)
