"""Run the transcripts against any server: ``python -m tests.nntp.conformance HOST:PORT`` (``make conformance``).

Only what the RFCs say is asked; a newsgroup with at least three articles is looked for on the server.  Posting is tried
with --post alone.  Exit status 0 when nothing differs.
"""

from __future__ import annotations

import argparse
import sys

from tests.nntp.transcript import Conversation, Mismatch, conversations, run
from tests.nntp_client import NewsClient


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


def differences(host: str, port: int, newsgroup: str | None, post: bool) -> list[tuple[Conversation, str]]:
    """Return the conversations that the server leads otherwise, each with what differs."""
    with NewsClient(host, port) as client:
        client.command("MODE READER")
        values = look_around(client, newsgroup)
    found = []
    for conversation in conversations():
        if conversation.ours or (conversation.posts and not post):
            continue
        try:
            with NewsClient(host, port) as client:
                if not conversation.file.startswith("rfc3977-05"):
                    client.command("MODE READER")
                run(conversation, client, dict(values))
        except (Mismatch, OSError) as error:
            found.append((conversation, str(error)))
    return found


def main() -> None:
    """Print what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument("--newsgroup", help="one with at least three articles (default: the first that has them)")
    parser.add_argument("--post", action="store_true", help="post to that newsgroup, too")
    arguments = parser.parse_args()
    host, _, port = arguments.server.rpartition(":")
    found = differences(host, int(port), arguments.newsgroup, arguments.post)
    for conversation, what in found:
        print(f"{conversation}\n    {what}")
    asked = sum(not one.ours and (arguments.post or not one.posts) for one in conversations())
    print(f"{asked - len(found)} of {asked} conversations as the RFCs say")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
