"""Performs what a core decided: sends, dials and closes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.logger import Logger

from cliquenntp.clique import effects
from cliquenntp.clique.messages import Contact
from cliquenntp.document import id_text
from cliquenntp.interfaces import IArchive
from cliquenntp.link.address import BadAddressError
from cliquenntp.link.manager import LinkManager
from cliquenntp.link.refusal import UnwantedError


class Performer:
    """Performs effects on the links of a node.  All methods are for the reactor's thread."""

    _log = Logger()

    def __init__(self, links: LinkManager, archive: IArchive, on_dial_failed: Callable[[Contact], None]) -> None:
        """``archive`` has the documents' bytes; ``on_dial_failed`` is called with a contact that cannot be dialled."""
        self._links = links
        self._archive = archive
        self._on_dial_failed = on_dial_failed
        self.sent = 0
        """documents whose bytes were handed to links"""
        self.on_sent: Callable[[bytes, bytes], None] = lambda document, node_key: None
        """is called with a document's id and a node's key when its bytes were handed to the link with that node"""

    def perform(self, found: Iterable[effects.Effect]) -> None:
        """Perform effects in their order."""
        for effect in found:
            if isinstance(effect, effects.Send):
                self._links.send(effect.link, effect.messages)
            elif isinstance(effect, effects.SendDocument):
                self._links.send_document(effect.link, effect.push, self._body(effect.link, effect.document))
            elif isinstance(effect, effects.Dial):
                self._dial(effect.contact)
            elif isinstance(effect, effects.Close):
                self._links.close(effect.link, effect.reason)
            elif isinstance(effect, effects.Note):
                self._log.debug("{text}", text=effect.text)
            elif isinstance(effect, effects.DropDocument):
                self._log.debug("{id} dropped: {reason}", id=id_text(effect.document), reason=effect.reason)

    def _body(self, link_id: int, document_id: bytes) -> Callable[[], bytes | None]:
        def fetch() -> bytes | None:
            docno = self._archive.find(document_id)
            if docno is None or self._archive.gone(docno):
                return None
            self.sent += 1
            info = self._links.info(link_id)
            if info is not None:
                self.on_sent(document_id, info.node_key)
            return self._archive.raw(docno)

        return fetch

    def _dial(self, contact: Contact) -> None:
        try:
            self._links.dial(contact.address, contact.key)
        except BadAddressError as error:
            self._log.info("cannot dial {address}: {error}", address=contact.address, error=error)
            self._on_dial_failed(contact)
        except UnwantedError:
            self._on_dial_failed(contact)
