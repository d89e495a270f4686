"""Real signed documents in one line each, for tests."""

from __future__ import annotations

from cliquenntp.document import Document, Signer, address_of, build, id_text, parse

TIME = 1_800_000_000
AUTHOR = Signer(b"a" * 32)


def signed(
    subject: str = "A subject", *parents: Document, body: bytes = b"Words.\r\n", author: Signer = AUTHOR,
    time: int = TIME, **headers: str,
) -> Document:
    """Return a signed document below ``parents``; other headers by name with underscores: ``Clique_Forum="talk"``."""
    fields = [
        ("From", f"Somebody <{address_of(author.key, 'somebody')}>"),
        ("Subject", subject),
        ("Date", "1 Jan 2027 00:00:00 +0000"),
    ]
    if parents:
        fields.append(("Clique-Parent", ", ".join(id_text(parent.id) for parent in parents)))
    fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
    return parse(author.sign(build([(name.encode(), value.encode()) for name, value in fields], body), time))


def forum(name: str = "talk", **headers: str) -> Document:
    """Return the root of a forum."""
    return signed("About " + name, Clique_Forum=name, **headers)


def link_to(target: Document, *places: Document, subject: str = "link") -> Document:
    """Return a link that shows ``target`` below ``places``."""
    return signed(subject, target, *places, Clique_Link=id_text(target.id))
