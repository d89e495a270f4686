"""The core's state in the store, in pieces, and what it is told of a document."""

from __future__ import annotations

from base64 import b32decode, b32encode
from collections.abc import Container, Iterable
from typing import Any

import cbor2

from cliquenntp.clique.effects import Persist, Piece, Plain
from cliquenntp.document import Document
from cliquenntp.interfaces import SHARED, IArchive, IWriter, Place

NAME = "clique"
"""with which all names of pieces of all cores begin"""


def prefix_of(node: int) -> str:
    """Return the beginning of the names of the pieces of a node's core."""
    return f"{NAME}/" if node == SHARED else f"{NAME}-{node}/"


def piece_name(piece: Piece, node: int = SHARED) -> str:
    """Return the name under which the store keeps a piece of a core's state."""
    return prefix_of(node) + "/".join(_part_text(part) for part in piece)


def piece_of(name: str) -> Piece:
    """Return the piece that a stored name means."""
    return tuple(_part(text) for text in name.split("/")[1:])


def _part_text(part: str | bytes | bool) -> str:
    if isinstance(part, bytes):
        return "b" + b32encode(part).decode("ascii").rstrip("=").lower()
    return f"t{part}" if isinstance(part, str) else f"f{int(part)}"


def _part(text: str) -> str | bytes | bool:
    kind, value = text[0], text[1:]
    if kind == "b":
        return b32decode(value.upper() + "=" * (-len(value) % 8))
    return value if kind == "t" else value == "1"


def persist(writer: IWriter, effects: Iterable[Persist], node: int = SHARED) -> None:
    """Carry Persist effects of a node's core out, in a step of the turn."""
    for effect in effects:
        if effect.value is None:
            writer.piece_delete(piece_name(effect.piece, node))
        else:
            writer.piece_set(piece_name(effect.piece, node), cbor2.dumps(effect.value))


def pieces(archive: IArchive, node: int = SHARED) -> dict[Piece, Plain]:
    """Return what earlier Persist effects of a node's core left."""
    stored: Any = archive
    return {piece_of(name): _plain(cbor2.loads(value)) for name, value in stored.pieces(prefix_of(node))}


def forget_node(writer: IWriter, node: int) -> None:
    """Delete all that a node's core keeps, in a step of the turn."""
    for name, _ in [*writer.pieces(prefix_of(node))]:
        writer.piece_delete(name)


def forget_parts(writer: IWriter, parts: Container[str]) -> None:
    """Delete some parts of what the core of every node keeps, in a step of the turn."""
    for name, _ in [*writer.pieces(NAME)]:
        if piece_of(name)[0] in parts:
            writer.piece_delete(name)


def _plain(value: Any) -> Plain:
    """CBOR has one kind of array; the core's pieces are made of tuples."""
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value


def place_of(document: Document) -> Place:
    """Return what the core knows of a document."""
    return Place(document.id, document.time, document.parents, len(document.raw), document.author)
