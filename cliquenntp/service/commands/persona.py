"""cliquectl's command about personas: the keys with which accounts sign what they post."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer, Handler
from cliquenntp.document import address_of, key_text
from cliquenntp.interfaces import OWNER
from cliquenntp.newsgroup.outgoing import DEFAULT_LOCAL_PART
from cliquenntp.service.forums import OWNER_LOCAL_PART
from cliquenntp.service.keys import KeyFileError
from cliquenntp.service.network.holding_back import LONGEST_DELAY
from cliquenntp.service.new_file import NewFileError
from cliquenntp.service.readers.persona_file import read_persona, write_persona
from cliquenntp.service.turn import TurnRefused
from cliquenntp.service.upkeep.sealing import SealError

if TYPE_CHECKING:
    from cliquenntp.service.node import Node


class PersonaCommands:
    """The command about personas."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def table(self) -> dict[str, Handler]:
        """Return the commands by name."""
        return {"persona": self.persona}

    async def persona(self, answer: Answer, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Write an account's key to a sealed file, let an account sign with the key of such a file, or delay posts."""
        account = str(arguments.get("account") or OWNER.account)
        if arguments.get("action") == "delay":
            return await self._delay(account, self._key_name(account), arguments.get("minutes"))
        actions = {"export": self._export, "import": self._import}
        action = actions.get(str(arguments.get("action")))
        path, passphrase = arguments.get("path"), arguments.get("passphrase")
        if action is None or not isinstance(path, str) or not isinstance(passphrase, str):
            raise CommandError(f"persona takes one of {', '.join(actions)}, a file and a passphrase; or delay")
        try:
            return await action(account, self._key_name(account), Path(path), passphrase)
        except (NewFileError, SealError, KeyFileError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or path}: {error.strerror}") from None

    async def _export(self, account: str, name: str, path: Path, passphrase: str) -> dict[str, Any]:
        signer = self._node.personas.signer(name)
        await deferToThread(write_persona, path, signer, passphrase)
        address = self._address(account, signer.key)
        text = f"the key of {address} is in {path}; whoever has it and the passphrase can write as {account}"
        return {"account": account, "address": address, "key": key_text(signer.key), "file": str(path), "text": text}

    async def _import(self, account: str, name: str, path: Path, passphrase: str) -> dict[str, Any]:
        personas = self._node.personas
        signer = await deferToThread(read_persona, path, passphrase)
        address = self._address(account, signer.key)
        answer = {"account": account, "address": address, "key": key_text(signer.key), "file": str(path)}
        if signer.key == personas.signer(name).key:
            return answer | {"text": f"{account} signs with that key already"}
        kept = personas.replace(name, signer)
        self._node.listeners.expel(account)
        if self._node.sharing is not None:
            self._node.sharing.note_keys()
        text = f"{account} writes as {address} now: set that in the newsreader; the former key is in keys/{kept}"
        if self._node.settings.feed:
            text += "; start the node again, so that its feed signs with it too"
        return answer | {"text": text}

    async def _delay(self, account: str, name: str, minutes: object) -> dict[str, Any]:
        """Tell for how long an account's posts are held back, or change it where minutes are given."""
        holding_back = self._node.holding_back
        if minutes is not None:
            most = LONGEST_DELAY // 60
            if not isinstance(minutes, int) or not 0 <= minutes <= most:
                raise CommandError(f"a delay has 0 to {most} minutes")
            try:
                await holding_back.set_delay(name, minutes * 60)
            except TurnRefused as error:
                raise CommandError(str(error)) from None
        delay, waiting = holding_back.delay(name) // 60, len(holding_back.waiting(account))
        text = f"what {account} posts leaves at once" if not delay else (
            f"what {account} posts leaves after a time that is drawn anew each time, {delay} minutes at most")
        return {"account": account, "minutes": delay, "waiting": waiting, "text": f"{text}; held back now: {waiting}"}

    def _key_name(self, account: str) -> str:
        if account == OWNER.account:
            return OWNER.persona
        found = self._node.accounts.get(account)
        if found is None:
            raise CommandError(f"there is no account {account}: `cliquectl user list` shows those that there are")
        return found.persona

    @staticmethod
    def _address(account: str, key: bytes) -> str:
        return address_of(key, OWNER_LOCAL_PART if account == OWNER.account else DEFAULT_LOCAL_PART)
