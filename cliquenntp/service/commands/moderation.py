"""cliquectl's commands about moderated forums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import (
    DocumentError,
    address_of,
    compose,
    decode_header,
    id_from_text,
    id_text,
    key_from_text,
    key_text,
    parse,
)
from cliquenntp.interfaces import IRecord
from cliquenntp.newsgroup.appointments import appointments
from cliquenntp.newsgroup.approving import check_waiting
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.message_ids import find_article
from cliquenntp.newsgroup.moderation import approval_fields, approval_time, moderators
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.work import work_asked
from cliquenntp.service.commands.acting import Acting, acting
from cliquenntp.service.forums import ForumRefusedError, moderators_document, work_document
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

LOCAL_PART = "moderator"
"""in addresses of which only the key matters"""


class ModerationCommands:
    """The commands for moderators and for those who appoint them."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {
            "waiting": self.waiting, "approve": self.approve, "moderators": self.moderators, "work": self.work,
        }

    async def waiting(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """List what waits in a forum."""
        archive = self._node.store.reader
        numbers = archive.numbers(-self._forum(arguments, acting(self._node, arguments)).docno)
        docnos = [docno for _, docno in numbers.between(numbers.low, numbers.high)]

        def rows() -> Iterator[dict[str, Any]]:
            for docno in docnos:
                record = archive.record(docno)
                written_by = parse(archive.raw(docno)).headers.get(b"From") or b""
                yield {
                    "id": id_text(record.id),
                    "subject": record.subject,
                    "from": decode_header(written_by),
                    "size": record.size,
                    "time": record.time,
                }

        await answer.rows(rows())
        return {}

    async def approve(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Approve articles, all or none of them."""
        node, who = self._node, acting(self._node, arguments)
        names = str(arguments.get("names") or "").split()
        if not names:
            raise CommandError("approve takes the ids of articles")
        archive, signer = node.store.reader, node.personas.signer(who.identity.persona)
        try:
            waiting = [
                check_waiting(self._docno(name, who), name.encode(), signer.key, archive) for name in names
            ]
            for docno in waiting:
                forums = [forum for forum, _ in archive.waits_in(docno)]
                due = node.leaving(who.identity, [archive.record(docno).id])
                time = approval_time(docno, forums, archive, due)
                fields = [
                    (b"From", address_of(signer.key, LOCAL_PART).encode()),
                    (b"Date", utc_date(None, time)),
                    *approval_fields(docno, archive),
                ]
                await node.accept(compose(signer, fields, b"", time), who.identity, due)
        except (TurnRefused, PostRefused) as error:
            raise CommandError(str(error)) from None
        shown = [archive.record(docno).name for docno in waiting if archive.stands(docno)]
        return {"names": shown, "text": "\n".join(f"{name} is shown" for name in shown) or "more approvals are needed"}

    def _docno(self, name: str, who: Acting) -> int | None:
        archive = self._node.store.reader
        try:
            docno = archive.find(id_from_text(name))
        except DocumentError:
            docno = find_article(archive, name.encode())
        return docno if docno is not None and who.identity.may_see(archive.record(docno).roots) else None

    async def moderators(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell who moderates a forum, or name others; without a forum, tell the own key."""
        node, who = self._node, acting(self._node, arguments)
        signer = node.personas.signer(who.identity.persona)
        if not arguments.get("name"):
            return {"text": "", "moderators": [*_rows([signer.key])]}
        root = self._forum(arguments, who)
        known = moderators(root.docno, node.store.reader)
        named = [] if known is None else [*known.lists[-1][2]]
        added, removed = _keys(arguments.get("add")), _keys(arguments.get("remove"))
        if not added and not removed:
            text = "its own key always may" if known else "it is not moderated: all that is posted is shown"
            return {"text": text, "moderators": [*_rows(sorted(named))]}
        if root.author != signer.key:
            raise CommandError(f"only whoever made {root.name} names its moderators")
        missing = [key for key in removed if key not in named]
        if missing:
            raise CommandError(f"{key_text(missing[0])} does not moderate {root.name}")
        wanted = sorted({*named, *added} - set(removed)) or [signer.key]
        due = node.leaving(who.identity, [root.id])
        time = max(due, known.lists[-1][0] + 1 if known else 0)
        try:
            await node.accept(moderators_document(root, wanted, signer, time), who.identity, due)
        except (TurnRefused, PostRefused, ForumRefusedError) as error:
            raise CommandError(str(error)) from None
        return {"text": f"from now on these moderate {root.name}:", "moderators": [*_rows(wanted)]}

    async def work(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Tell how much work posts take in a forum, or ask for another from now on."""
        node, who = self._node, acting(self._node, arguments)
        root, archive = self._forum(arguments, who), self._node.store.reader
        known = work_asked(root.docno, archive)
        if arguments.get("bits") in (None, ""):
            return {"bits": known, "text": _work_told(root.name, known)}
        bits, signer = bits_of(arguments["bits"]), node.personas.signer(who.identity.persona)
        if root.author != signer.key:
            raise CommandError(f"only whoever made {root.name} says how much work posts take there")
        laid_down = appointments(root.docno, archive)
        due = node.leaving(who.identity, [root.id])
        time = max([due, *(one.since + 1 for one in laid_down if one.work is not None)])
        try:
            await node.accept(work_document(root, bits, signer, time), who.identity, due)
        except DocumentError as error:
            raise CommandError(error.reason) from None
        except (TurnRefused, PostRefused) as error:
            raise CommandError(str(error)) from None
        return {"bits": bits, "text": f"from now on: {_work_told(root.name, bits)}"}

    def _forum(self, arguments: Mapping[str, Any], who: Acting) -> IRecord:
        archive, name = self._node.store.reader, str(arguments.get("name"))
        docno = archive.forum(name)
        if docno is None or not who.identity.may_see([docno]):
            raise CommandError(f"no forum {name} is here")
        return archive.record(docno)


def _work_told(name: str, bits: int) -> str:
    return f"a post in {name} takes a proof of work of {bits} bits" if bits else f"a post in {name} takes no work"


def bits_of(value: object) -> int:
    """Return a number of bits that was given as a number or a text.  Raises CommandError."""
    if not str(value).isascii() or not str(value).isdigit():
        raise CommandError("the work is a number of bits, as 20")
    return int(str(value))


def moderators_of(arguments: Mapping[str, Any], own: bytes) -> list[bytes]:
    """Return the keys of the moderators of a forum that is to be made; none: it is not moderated."""
    keys = _keys(arguments.get("moderator"))
    return keys or ([own] if arguments.get("moderated") else [])


def _keys(texts: object) -> list[bytes]:
    """Return the keys in a text, blanks between them, each once.  Raises CommandError."""
    try:
        return list(dict.fromkeys(map(key_from_text, str(texts or "").split())))
    except DocumentError:
        raise CommandError("a moderator's key has 43 characters: `cliquectl moderators` prints one's own") from None


def _rows(keys: Iterable[bytes]) -> Iterator[dict[str, str]]:
    return ({"key": key_text(key), "address": address_of(key, LOCAL_PART)} for key in keys)


