"""``cliquectl repair``: mends a damaged database, in a folder in which no node runs, so without asking one.

What can be made from something else is made anew.  Of a document whose bytes are damaged the place stays, and peers
are asked for it.  Where there is more damage than that the database stays as it is, and a backup is needed.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from cliquenntp.document import Document, id_text, parse, verify
from cliquenntp.newsgroup.naming import slug
from cliquenntp.newsgroup.placement import place
from cliquenntp.newsgroup.standing import line_of
from cliquenntp.service.settings import SettingsError, load
from cliquenntp.service.start import keep_to_owner
from cliquenntp.service.upkeep.backup import DATABASE
from cliquenntp.service.upkeep.verification import document_problem, look_at_documents, look_at_forums, overview_problem
from cliquenntp.store import Mender, NotMended, StoreUnusable, damaged_name, salvaged
from cliquenntp.store.classes import Record

Report = dict[str, object]


def repair(folder: Path, path_identity: str) -> Report:
    """Mend the database in a folder; return what was ``mended``, the ids ``lost``, and ``documents``, how many.

    Raises NotMended, or StoreUnusable where a node runs, and changes nothing then.
    """
    mended: list[str] = []
    lost: list[str] = []
    kept = damaged_name(folder)
    try:
        with salvaged(folder) as mender:
            mended += _mend(mender, path_identity, lost)
            mender.commit()
            for look in (look_at_documents(mender), look_at_forums(mender)):
                problem = next((found for found in look if found is not None), None)
                if problem is not None:
                    raise NotMended(f"{problem.where}: {problem.what}")
            documents = mender.newest()
    except (NotMended, StoreUnusable):
        raise
    except OSError as error:
        raise NotMended(f"the disk: {error}") from error
    except Exception as error:  # whatever the damage leads to
        raise NotMended(f"{type(error).__name__}: {error}") from error
    return {"documents": documents, "mended": mended, "lost": lost, "damaged": str(kept)}


def _mend(mender: Mender, path_identity: str, lost: list[str]) -> Iterator[str]:
    damaged = []
    identities = _identities(mender, path_identity)
    for docno in range(1, mender.newest() + 1):
        try:
            record = mender.record(docno)
            where = f"document {docno} ({id_text(record.id)})"
        except Exception as error:
            raise NotMended(f"what is kept about document {docno} cannot be read") from error
        if mender.gone(docno):
            continue
        document = _readable(mender, docno)
        if document is None or (document.id != record.id and mender.find(document.id) is not None):
            damaged.append(docno)
            continue
        if document_problem(mender, docno, record):
            # it is signed: what is kept about it is wrong
            record.id, record.author, record.time = document.id, document.author, document.time
            record.size = len(document.raw)
            yield f"what is kept about document {docno} ({id_text(record.id)})"
        _check_placed(mender, record, document)
        line = _line(mender, record, document, identities)
        if line != mender.overview(docno):
            mender.revise(docno, line)
            yield f"the overview line of {where}"
    yield from mender.mend_pieces()
    yield from mender.mend_indexes()
    yield from mender.mend_children()
    yield from mender.mend_channels()
    yield from mender.mend_octets()
    for docno in damaged:
        mender.lose(docno)
        lost.append(id_text(mender.record(docno).id))
    yield from mender.mend_pages()


def _identities(mender: Mender, path_identity: str) -> list[str]:
    """Return the names of this server that overview lines have: today's and, of those before, what stands in many."""
    counted: Counter[bytes] = Counter()
    for docno in range(1, mender.newest() + 1):
        try:
            counted[_identity(mender.overview(docno))] += 1
        except KeyError:  # there is none, nor perhaps of a million others, where the greatest number is damaged
            break
        except Exception:  # a record that cannot be read is told of when it is its turn
            continue
    earlier = (name for name, count in counted.items() if count > 1 and name and name.isascii())
    return [path_identity, *(name.decode("ascii") for name in earlier)]


def _identity(line: bytes) -> bytes:
    return line.rpartition(b"\tXref: ")[2].partition(b" ")[0]


def _check_placed(mender: Mender, record: Record, document: Document) -> None:
    """Raise NotMended where a record has its document in another place than the records of its parents say."""
    placement = place(document, mender)
    if placement.parents != record.parents:  # one came later than the document
        return
    expected = [placement.depth, placement.subject, placement.references, placement.message_ids]
    kept = [record.depth, record.subject, record.references, record.message_ids]
    if record.parents:
        expected.append(placement.roots)
        kept.append(record.roots)
    # how much of the subject and of the id its name has depends on what other names there were
    stem, _, ending = record.name.rpartition("-")
    if record.parents:
        longest = f"{mender.record(record.roots[0]).name}.{slug(record.subject)}"
        expected += [True, True]
        kept += [longest.startswith(stem), id_text(record.id).startswith(ending)]
    if expected != kept:
        raise NotMended(f"what is kept about document {record.docno} is not what its parents say")


def _line(mender: Mender, record: Record, document: Document, identities: Sequence[str]) -> bytes:
    """Return the overview line that a document should have: the kept one, unless that is wrong."""
    kept = record.overview
    # where it was shown later, or waits, is told in the line and not in the record
    stands = not record.parents or any(number for _, number in record.numbers)
    if not stands and not overview_problem(mender, record.docno, record):
        return kept
    made = [line_of(record, document, mender, name) for name in identities]
    return kept if kept in made else made[0]


def _readable(mender: Mender, docno: int) -> Document | None:
    """Return a document whose bytes are there and signed, else None."""
    try:
        document = parse(mender.raw(docno))
        verify(document)
    except Exception:  # whatever damage leads to, from a missing file to an object of another class
        return None
    return document


def main(argv: Sequence[str] | None = None) -> int:
    """Repair as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="cliquectl repair", description="mend the database of a node that is stopped")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the node's settings")
    parser.add_argument("--data", metavar="DIR", help="the node's data folder")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(argv)
    keep_to_owner()
    logging.disable(logging.ERROR)  # ZODB tells of each object that it cannot load
    try:
        settings = load(options.config, {"data": options.data} if options.data else {})
        if "://" in settings.storage:
            raise NotMended("it is kept by another server: look there for how to mend it")
        report = repair(Path(settings.storage or settings.data / DATABASE), settings.path_identity)
    except NotMended as error:
        sys.stderr.write(f"cliquectl: the database cannot be mended, and is as it was: {error}; restore a backup\n")
        return 1
    except (StoreUnusable, SettingsError) as error:
        sys.stderr.write(f"cliquectl: {error}\n")
        return 1
    print(json.dumps(report) if options.json else _text(report))
    return 0


def _text(report: Report) -> str:
    mended, lost = report["mended"], report["lost"]
    assert isinstance(mended, list)
    assert isinstance(lost, list)
    lines = [f"mended: {what}" for what in mended]
    lines += [f"lost, peers are asked for it: {document_id}" for document_id in lost]
    lines.append(
        f"{report['documents']} documents: {len(lost)} lost, {len(mended)} things mended.  "
        f"The damaged file is kept as {report['damaged']}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
