"""``cliquectl import``: runs an import, tells how far it is, and what became of each article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet import defer
from twisted.internet.threads import deferToThread

from cliquenntp.control.protocol import CommandError
from cliquenntp.control.server import Answer
from cliquenntp.document import DocumentError
from cliquenntp.service.forums import NotImporterError
from cliquenntp.service.imports.documents import DocumentImport, is_documents_file
from cliquenntp.service.imports.importing import Import
from cliquenntp.service.imports.report import ImportProgress, ImportReport
from cliquenntp.service.imports.sources import SourceError
from cliquenntp.service.turn import TurnRefused

if TYPE_CHECKING:
    from cliquenntp.service.node import Node

MOST_REFUSALS = 20_000
"""refused articles that the answer lists, some 3 MB; the counts are always whole"""


class _Progress:
    """Passes progress on as fast as cliquectl takes it; what comes faster is left out."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._sending = False

    def __call__(self, progress: ImportProgress) -> None:
        if self._sending:
            return
        self._sending = True
        defer.ensureDeferred(
            self._answer.progress(progress.done, progress.total, progress.phase)
        ).addBoth(self._sent)

    def _sent(self, _: Any) -> None:
        self._sending = False


async def import_archive(node: Node, answer: Answer, path: Path, forum: str | None) -> dict[str, Any]:
    """Import what lies at a path on this machine; return the report.  Raises CommandError.

    When cliquectl goes away, the import ends after the step that is under way.
    """
    try:
        importing = _import(node, path, forum, _Progress(answer))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None
    try:
        return _report(await _shielded(defer.ensureDeferred(importing.run())))
    except defer.CancelledError:
        importing.stop()
        raise
    except FileNotFoundError:
        raise CommandError(f"there is nothing at {path}") from None
    except PermissionError as error:
        raise CommandError(f"the node may not read {error.filename}: give its user access, or copy it") from None
    except DocumentError as error:
        raise CommandError(error.reason) from None
    except (SourceError, NotImporterError, TurnRefused, OSError) as error:
        raise CommandError(str(error)) from None


class _Running(Protocol):
    """An import of either kind."""

    def run(self) -> Coroutine[Any, Any, ImportReport]: ...
    def stop(self) -> None: ...


class _Articles:
    """An import of articles from elsewhere, which become documents of this node's owner."""

    def __init__(self, node: Node, path: Path, forum: str | None, progress: _Progress) -> None:
        lock = defer.DeferredLock()

        def in_thread(function: Callable[..., Any], *arguments: Any) -> defer.Deferred[Any]:
            return lock.run(deferToThread, function, *arguments)

        self._import = Import(node.turn, node.owner, node.settings.path_identity, node.clock, in_thread, progress)
        self._path, self._forum = path, forum
        self.stop = self._import.stop

    async def run(self) -> ImportReport:
        return await self._import.run(self._path, self._forum)


def _import(node: Node, path: Path, forum: str | None, progress: _Progress) -> _Running:
    """Return the import that fits what lies at a path.  Raises CommandError, OSError."""
    if not is_documents_file(path):
        return _Articles(node, path, forum, progress)
    if forum:
        raise CommandError(f"{path} has signed documents, which say themselves where they stand: leave out --forum")
    return DocumentImport(node, path, progress)


def _shielded(running: defer.Deferred[Any]) -> defer.Deferred[Any]:
    """Return a Deferred with the same result that can be cancelled without cancelling the work."""
    waiting: defer.Deferred[Any] = defer.Deferred()
    running.addBoth(waiting.callback)
    return waiting


def _report(report: ImportReport) -> dict[str, Any]:
    return {
        "read": report.read,
        "taken": report.taken,
        "held": report.held,
        "duplicates": report.duplicates,
        "repaired": report.repaired,
        "refused": report.refused,
        "seconds": report.seconds,
        "damage": report.damage,
        "forums": dict(sorted(report.forums.items())),
        "repairs": dict(Counter(repair for _, repair in report.repairs).most_common()),
        "refusals": report.refusals[:MOST_REFUSALS],
    }
