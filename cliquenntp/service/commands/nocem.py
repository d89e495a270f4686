"""cliquectl's command about NoCeM messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import DocumentError, address_of, compose, id_from_text, id_text, key_from_text, key_text
from cliquenntp.interfaces import IRecord
from cliquenntp.newsgroup.control import PostRefused
from cliquenntp.newsgroup.message_ids import find_article, message_id_of
from cliquenntp.newsgroup.nocem import MOST_IDS, notice_body
from cliquenntp.newsgroup.outgoing import utc_date
from cliquenntp.newsgroup.retraction import parent_field
from cliquenntp.service.commands.acting import Acting, acting
from cliquenntp.service.readers.honours import HonourError
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

LOCAL_PART = "nocem"


class NocemCommands:
    """The command about NoCeM messages."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"nocem": self.nocem}

    async def nocem(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Honour somebody's messages, or no more; list whose; or write one."""
        who, action = acting(self._node, arguments), arguments.get("action")
        words = str(arguments.get("names") or "").split()
        if action == "list" and not words:
            return {"honoured": [*self._rows(who)]}
        root = self._forum(arguments, who)
        try:
            if action in ("follow", "unfollow") and len(words) == 1:
                return {"text": await self._honour(who, root, words[0], action == "follow")}
            if action == "issue" and words:
                return {"text": await self._issue(who, root, words, arguments)}
        except (TurnRefused, PostRefused, HonourError) as error:
            raise CommandError(str(error)) from None
        raise CommandError("nocem takes: follow KEY, unfollow KEY, issue ID..., each with --forum, or list")

    def _forum(self, arguments: Mapping[str, Any], who: Acting) -> IRecord:
        archive, name = self._node.store.reader, str(arguments.get("forum") or "")
        docno = archive.forum(name)
        if docno is None or not who.identity.may_see([docno]):
            raise CommandError(f"--forum names a forum that is here, as clique.tea, not {name!r}")
        return archive.record(docno)

    async def _honour(self, who: Acting, root: IRecord, word: str, honour: bool) -> str:
        try:
            key = key_from_text(word)
        except DocumentError:
            raise CommandError("a key has 43 characters: `cliquectl moderators` prints one's own") from None
        honours = self._node.honours
        if not honour and key not in honours.honoured(who.account).get(root.id, ()):
            raise CommandError(f"{who.account} does not honour {word} in {root.name}")
        await honours.change(who.account, root.id, key, honour)
        if honour:
            return f"what {word} says in {root.name} is hidden from {who.account}"
        return f"what {word} says in {root.name} is not hidden from {who.account} any more"

    def _rows(self, who: Acting) -> Iterator[dict[str, str]]:
        archive = self._node.store.reader
        for root, keys in self._node.honours.honoured(who.account).items():
            docno = archive.find(root)
            name = id_text(root) if docno is None else archive.record(docno).name
            yield from ({"forum": name, "key": key_text(key)} for key in sorted(keys))

    async def _issue(self, who: Acting, root: IRecord, words: list[str], arguments: Mapping[str, Any]) -> str:
        if len(words) > MOST_IDS:
            raise CommandError(f"one message names at most {MOST_IDS} articles")
        node, archive = self._node, self._node.store.reader
        signer = node.personas.signer(who.identity.persona)
        records = [archive.record(self._article(word, root)) for word in dict.fromkeys(words)]
        articles = [(message_id_of(record.id), root.name.encode()) for record in records]
        hides, kind = not arguments.get("undo"), str(arguments.get("type") or "spam")
        if not kind.isascii() or not kind.isalnum():
            raise CommandError("the type is one word, as spam")
        now = node.leaving(who.identity, [root.id, *(record.id for record in records)])
        issuer = address_of(signer.key, LOCAL_PART)
        action = "hide" if hides else "show"
        fields = [
            (b"From", issuer.encode()),
            (b"Subject", f"@@NCM NoCeM notice {now} {kind}/{action}".encode()),
            (b"Date", utc_date(None, now)),
            parent_field([root.id]),
            (b"MIME-Version", b"1.0"),
            (b"Content-Type", b"text/plain; charset=us-ascii"),
        ]
        document = compose(signer, fields, notice_body(issuer, kind, hides, str(now), articles), now)
        await node.accept(document, who.identity, now)
        return f"whoever honours {key_text(signer.key)} in {root.name} is told to {action} {len(articles)} articles"

    def _article(self, word: str, root: IRecord) -> int:
        archive = self._node.store.reader
        try:
            docno = archive.find(id_from_text(word))
        except DocumentError:
            docno = find_article(archive, word.encode())
        if docno is None or root.docno not in archive.record(docno).roots or not archive.record(docno).parents:
            raise CommandError(f"no article {word} is in {root.name}")
        return docno
