"""The same workloads with the same clients on several servers in one run, and what they come to beside one another."""

from __future__ import annotations

import itertools
import random
import statistics
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import attrs

from benchmarks.articles import articles
from benchmarks.floor import Floor, record
from benchmarks.nntp_clients import Measurement, Server, connect_and_quit, idle_memory, measure
from benchmarks.nntp_workloads import World, feeding, posting, reading
from benchmarks.open_loop import reads_while_articles_arrive
from tests.nntp_client import NewsClient

FED_ARTICLES = 5_000
"""different ones for TAKETHIS; after them the same come under other Message-IDs"""

COPIED_AHEAD = 100
"""articles on their way from one server to the other at once"""

COLD = {"cold-article": "article", "cold-over": "over-100"}
"""what is measured after a restart with nothing cached, each request once"""

MOST_COLD_RUNS = 3
"""each takes a restart"""

GOALS = {
    "group": 30, "stat": 30, "article": 35, "article-id": 35, "over-100": 90, "over-10000": 9_000, "hdr-1000": 200,
    "head-pipelined": 12, "listgroup": 300, "newnews": 1_000, "post": 400, "takethis": 350, "connect": 150,
    "idle": 4_096,
}
"""CPU microseconds a request, or octets, that are to be reached"""

LIST_GOALS = {10_000: 300, 100_000: 3_500}
"""those of LIST ACTIVE, by the number of newsgroups"""


def copy_articles(source: Server, target: Server, newsgroups: Iterable[bytes]) -> tuple[int, int]:
    """Feed all articles of some newsgroups to a server; return how many it took and refused."""
    taken = refused = 0
    assert target.feed_port is not None
    with NewsClient(source.host, source.port) as reader, NewsClient(target.host, target.feed_port) as feed:
        feed.command("MODE STREAM")
        for newsgroup in newsgroups:
            numbers = reader.listing(f"LISTGROUP {newsgroup.decode()}")[1]
            for start in range(0, len(numbers), COPIED_AHEAD):
                some = numbers[start : start + COPIED_AHEAD]
                reader.pipeline(f"ARTICLE {number.decode()}" for number in some)
                for _ in some:
                    message_id = reader.status().split()[2].encode()
                    article = b"".join(b"%s\r\n" % (b"." * line.startswith(b".") + line) for line in reader.lines())
                    feed.send(b"TAKETHIS %s\r\n%s.\r\n" % (message_id, article))
                for _ in some:
                    is_taken = feed.status().startswith("239")
                    taken, refused = taken + is_taken, refused + (not is_taken)
    return taken, refused


@attrs.frozen
class Figure:
    """The medians of one workload's runs on one server."""

    cpu_microseconds: float
    per_second: float
    slowest_percent: float


def head(others: Sequence[str]) -> str:
    """Return the head of the table; ``others`` are the names of the servers beside the node."""
    cells = ["CPU us a request", "node", *others, *(f"{name} / node" for name in others), "floor", "node / floor"]
    cells += ["goal", "node requests/s", *(f"{name} requests/s" for name in others)]
    return _cells(cells) + "\n" + _cells(["---", *["---:"] * (len(cells) - 1)])


class Comparison:
    """Servers with the same articles, the node first, and the floor, which repeats what the node says."""

    def __init__(
        self, servers: Sequence[Server], folder: Path, names: Collection[str], clients: int, seconds: float,
        repeats: int,
    ) -> None:
        """Prepare the named workloads (none: all); ValueError, with those there are, for one that there is not."""
        self._servers = list(servers)
        self._colds = 0
        self._clients = clients
        self._seconds = seconds
        self._repeats = repeats
        worlds = [World.look(server) for server in servers]
        self._groups = len(worlds[0].groups)
        self._reading = [reading(world) for world in worlds]
        fed = [*articles(FED_ARTICLES)]
        self._writing = [posting(world) | feeding(fed) for world in worlds]
        known = [*self._reading[0], "connect", "idle", *self._writing[0], "open-loop", *COLD]
        unknown = set(names).difference(known)
        if unknown:
            raise ValueError(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        self.names = [name for name in known if name in names] if names else known
        recorded = [workload for name, workload in self._reading[0].items() if name in (*self.names, "group")]
        self._floor = Floor(folder, record(servers[0], recorded))

    def close(self) -> None:
        """End the floor."""
        self._floor.stop()

    def rows(self, idle: int) -> Iterator[str]:
        """Yield the rows of a Markdown table with ``head``, each as soon as it is known."""
        for name in self.names:
            if name == "idle":
                yield _cells(self._idle_row(idle))
            elif name == "open-loop":
                yield _cells(self._open_loop_row())
            else:
                yield _cells(self._row(name))

    def _row(self, name: str) -> list[str]:
        runs = self._runs(name)
        found: list[list[Measurement]] = [[] for _ in runs]
        repeats = min(self._repeats, MOST_COLD_RUNS) if name in COLD else self._repeats
        for _ in range(repeats):  # in turn, so that the machine's moods hit all of them
            for run, measurements in zip(runs, found, strict=True):
                measurements.append(run())
        figures = [_median(measurements) for measurements in found]
        count = len(self._servers)
        cpu = [figure.cpu_microseconds for figure in figures]
        floor = cpu[count:]
        durable = f" ({floor[1]:,.0f} signed and on the disk)" if len(floor) > 1 else ""
        refused = [sum(each.refused for each in measurements) for measurements in found]
        refusals = f" (refused: {', '.join(map(str, refused))})" if any(refused) else ""
        return [
            found[0][0].title + refusals, *(f"{each:,.0f}" for each in cpu[:count]),
            *(f"{each / cpu[0]:.1f}" for each in cpu[1:count]),
            *([f"{floor[0]:,.0f}{durable}", f"{cpu[0] / floor[0]:.1f}"] if floor else ["", ""]),
            self._goal(name), *(f"{figure.per_second:,.0f}" for figure in figures[:count]),
        ]

    def _goal(self, name: str) -> str:
        goal = LIST_GOALS.get(self._groups) if name == "list-active" else GOALS.get(name)
        return "" if goal is None else f"{goal:,}"

    def _runs(self, name: str) -> list[Callable[[], Measurement]]:
        """Return what measures a workload on each server, then on the floor; of writing, on that with a disk too."""
        seconds = self._seconds
        if name in COLD:
            return [partial(self._cold, number, COLD[name]) for number in range(len(self._servers))]
        if name == "connect":
            return [lambda server=server: connect_and_quit(server, seconds)
                    for server in [*self._servers, self._floor.server]]
        if name in self._writing[0]:
            pairs = [(server, known[name]) for server, known in zip(self._servers, self._writing, strict=True)]
            if name != "check":
                pairs += [(taker, self._writing[0][name]) for taker in (self._floor.taker, self._floor.durable_taker)]
        else:
            pairs = [(server, known[name]) for server, known in zip(self._servers, self._reading, strict=True)]
            pairs.append((self._floor.server, self._reading[0][name]))
        return [lambda pair=pair: measure(*pair, self._clients, seconds) for pair in pairs]

    def _cold(self, number: int, name: str) -> Measurement:
        """Restart a server with nothing cached, and ask it what it has not been asked since."""
        restart = self._servers[number].restart_cold
        assert restart is not None
        self._servers[number] = restart()
        workload = self._reading[number][name]
        requests = list(workload.requests)  # type: ignore[arg-type]
        random.Random(self._colds).shuffle(requests)
        self._colds += 1
        cold = attrs.evolve(workload, title=f"{workload.title}, cold", requests=lambda: itertools.cycle(requests))
        return measure(self._servers[number], cold, self._clients, self._seconds)

    def _open_loop_row(self) -> list[str]:
        found: list[list[Measurement]] = [[] for _ in self._servers]
        for _ in range(self._repeats):
            for number, server in enumerate(self._servers):
                reading, feed = self._reading[number]["article"], self._writing[number]["takethis"]
                found[number].append(reads_while_articles_arrive(server, reading, feed, max(3.0, self._seconds)))
        slowest = [_median(measurements).slowest_percent * 1e3 for measurements in found]
        row = [f"p99 in ms: {found[0][0].title}", *(f"{each:,.1f}" for each in slowest)]
        row += [f"{each / slowest[0]:.1f}" for each in slowest[1:]]
        goal = f"{slowest[1] / 2:,.1f}" if len(slowest) > 1 else ""
        return [*row, "", "", goal, *[""] * len(slowest)]

    def _idle_row(self, connections: int) -> list[str]:
        octets = [idle_memory(server, min(connections, server.most_idle)) for server in self._servers]
        floor = idle_memory(self._floor.server, connections)
        row = [
            f"octets of an idle connection, {connections:,} held", *(f"{each:,}" for each in octets),
            *(f"{each / octets[0]:.1f}" for each in octets[1:]), f"{floor:,}", f"{octets[0] / max(floor, 1):.1f}",
            f"{GOALS['idle']:,}",
        ]
        return row + [""] * len(octets)


def _median(measurements: Sequence[Measurement]) -> Figure:
    return Figure(
        statistics.median(each.cpu_microseconds or 0.0 for each in measurements),
        statistics.median(each.per_second for each in measurements),
        statistics.median(each.slowest_percent for each in measurements),
    )


def _cells(values: Iterable[str]) -> str:
    return f"| {' | '.join(values)} |"


