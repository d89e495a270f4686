"""Whom a forum's root names: importers, who may bring articles from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from cliquenntp.document import Document, DocumentError, parse
from cliquenntp.interfaces import IArchive


def is_importer(author: bytes, roots: Iterable[int], archive: IArchive) -> bool:
    """Tell whether a key (32 bytes) is an importer of every one of a document's roots (docnos); none: no."""
    roots = tuple(roots)
    return bool(roots) and all(_imports_into(author, root, archive) for root in roots)


def _imports_into(author: bytes, root: int, archive: IArchive) -> bool:
    return author == archive.record(root).author or author in _named_by(root, archive)


def _named_by(root: int, archive: IArchive) -> tuple[bytes, ...]:
    """Return the keys in the root's own Clique-Importer header."""
    document = _root(root, archive)
    return () if document is None else document.importers


def named_by(root: int, archive: IArchive) -> frozenset[bytes]:
    """Return the keys that a forum's root (its docno) names: importers and moderators."""
    document = _root(root, archive)
    return frozenset() if document is None else frozenset((*document.importers, *document.moderators))


def _root(root: int, archive: IArchive) -> Document | None:
    try:
        document: Document = parse(archive.raw(root))
    except (KeyError, DocumentError):  # expired, or taken under wider limits than the default
        return None
    return document
