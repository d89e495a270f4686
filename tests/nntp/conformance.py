"""Run the transcripts against any server: ``python -m tests.nntp.conformance HOST:PORT`` (``make conformance``).

Only what the RFCs say is asked; a newsgroup with at least three articles is looked for on the server.  What needs a
capability is asked where it is announced.  Posting is tried with --post alone, feeding with --feed.  Exit status 0 when
nothing differs from what the RFCs demand.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from email.utils import formatdate

import attrs

from tests.nntp.transcript import Conversation, Mismatch, conversations, run
from tests.nntp_client import NewsClient


@attrs.frozen
class Outcome:
    """What became of a conversation."""

    conversation: Conversation
    difference: str
    """what the server says otherwise; empty: nothing"""


def look_around(client: NewsClient, newsgroup: str | None) -> dict[str, str]:
    """Return the values that transcripts use, taken from a newsgroup of the server."""
    for line in client.listing("LIST")[1] if newsgroup is None else [newsgroup.encode()]:
        name = line.split()[0].decode()
        status, numbers = client.listing(f"LISTGROUP {name}")
        if len(numbers) < 3:
            continue
        _, count, low, high = status.split()[:4]
        first, second, third = (number.decode() for number in numbers[:3])
        if (low, high) != (first, numbers[-1].decode()):
            continue  # the water marks may lie beyond the articles, but the transcripts start from them
        ids = [client.command(f"STAT {number}").split()[2] for number in (first, high)]
        return {
            "group": name, "count": count, "low": low, "high": high, "second": second, "third": third,
            "low_id": ids[0], "high_id": ids[1],
        }
    raise SystemExit("the server has no newsgroup with three articles: --newsgroup names one")


def capabilities(client: NewsClient) -> set[str]:
    """Return what a server announces: each label, and each label with each of its arguments."""
    found = set()
    for line in client.listing("CAPABILITIES")[1]:
        label, *arguments = line.decode().upper().split()
        found |= {label, *(f"{label} {argument}" for argument in arguments)}
    return found


def lead(which: Iterable[Conversation], host: str, port: int, values: dict[str, str]) -> list[Outcome]:
    """Lead conversations, each on a connection of its own."""
    found = []
    for serial, conversation in enumerate(which):
        difference = ""
        fresh = f"<{time.time_ns()}.{serial}@conformance.example.com>"
        try:
            with NewsClient(host, port) as client:
                if not conversation.feeds and not conversation.file.startswith("rfc3977-05"):
                    client.command("MODE READER")
                run(conversation, client, values | {"fresh": fresh, "now": formatdate()})
        except (Mismatch, OSError) as error:
            difference = str(error)
        found.append(Outcome(conversation, difference))
    return found


def reading(host: str, port: int, newsgroup: str | None, post: bool) -> list[Outcome]:
    """Lead the conversations of newsreaders that a server announces."""
    with NewsClient(host, port) as client:
        client.command("MODE READER")
        announced = capabilities(client)
        values = look_around(client, newsgroup)
    which = (
        each for each in conversations()
        if not each.ours and not each.feeds and (post or not each.posts) and (not each.needs or each.needs in announced)
    )
    # a post changes the numbers that the others are told
    return lead(sorted(which, key=lambda each: each.posts), host, port, values)


def feeding(host: str, port: int, newsgroup: str) -> list[Outcome]:
    """Lead the conversations of other servers that a server announces; ``newsgroup`` is one that it takes."""
    with NewsClient(host, port) as client:
        announced = capabilities(client)
    which = [each for each in conversations() if each.feeds and each.needs in announced]
    return lead(which, host, port, {"feed_group": newsgroup})


def main() -> None:
    """Print what differs, and how many conversations of each section go as the RFCs say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument("--newsgroup", help="one with at least three articles (default: the first that has them)")
    parser.add_argument("--post", action="store_true", help="post to that newsgroup, too")
    parser.add_argument(
        "--feed", metavar="HOST:PORT,NEWSGROUP", help="where articles of a newsgroup are taken from other servers"
    )
    arguments = parser.parse_args()
    host, _, port = arguments.server.rpartition(":")
    outcomes = reading(host, int(port), arguments.newsgroup, arguments.post)
    if arguments.feed:
        address, _, newsgroup = arguments.feed.partition(",")
        host, _, port = address.rpartition(":")
        outcomes += feeding(host, int(port), newsgroup)
    for outcome in outcomes:
        if outcome.difference:
            print(f"{outcome.conversation.level} {outcome.conversation}\n    {outcome.difference}")
    asked = Counter((outcome.conversation.file, outcome.conversation.level) for outcome in outcomes)
    kept = Counter((one.conversation.file, one.conversation.level) for one in outcomes if not one.difference)
    for (section, level), count in sorted(asked.items()):
        print(f"{section:24}{level:8}{kept[section, level]:3} of {count}")
    sys.exit(any(one.difference and one.conversation.level == "MUST" for one in outcomes))


if __name__ == "__main__":
    main()
