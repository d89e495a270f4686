"""A load generator for any NNTP server: so many clients, each with one batch of requests under way.

    python -m benchmarks.nntp_load HOST:PORT [--pid PID] [--seconds N] [--clients N] [WORKLOAD ...]

What it asks for it finds on the server itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.nntp_clients import Measurement, Server, connect_and_quit, idle_memory, measure
from benchmarks.nntp_workloads import World, posting, reading
from benchmarks.processes import Tree

HEADER = f"{'':34}{'requests/s':>12}{'CPU us/request':>16}{'MB/s':>9}{'median us':>11}{'p99 us':>10}"


def row(measurement: Measurement) -> str:
    """Return a measurement as a line under HEADER."""
    cpu = "" if measurement.cpu_microseconds is None else f"{measurement.cpu_microseconds:,.1f}"
    return (
        f"{measurement.title:34}{measurement.per_second:>12,.0f}{cpu:>16}{measurement.megabytes_per_second:>9,.1f}"
        f"{measurement.median * 1e6:>11,.0f}{measurement.slowest_percent * 1e6:>10,.0f}"
    )


def run(server: Server, names: Sequence[str] = (), clients: int = 8, seconds: float = 3.0) -> list[Measurement]:
    """Measure the named workloads, or all, and print each as soon as it is known."""
    world = World.look(server)
    known = reading(world) | posting(world)
    unknown = set(names) - known.keys() - {"connect"}
    if unknown:
        raise SystemExit(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(known)} and connect")
    print(HEADER, flush=True)
    found = []
    for name, workload in known.items():
        if not names or name in names:
            found.append(measure(server, workload, clients, seconds))
            print(row(found[-1]), flush=True)
    if not names or "connect" in names:
        found.append(connect_and_quit(server, seconds))
        print(row(found[-1]), flush=True)
    return found


def main() -> None:
    """Measure a server that runs already."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", metavar="HOST:PORT")
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*", help="default: all")
    parser.add_argument("--pid", type=int, help="the server's process, for its CPU time and memory")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each workload (default: 3)")
    parser.add_argument("--clients", type=int, default=8, help="connections at once (default: 8)")
    parser.add_argument("--idle", type=int, help="measure the memory of so many idle connections, too")
    arguments = parser.parse_args()
    host, _, port = arguments.server.rpartition(":")
    processes = Tree([arguments.pid]) if arguments.pid else None
    server = Server(arguments.server, int(port), processes=processes, host=host)
    run(server, arguments.workloads, arguments.clients, arguments.seconds)
    if arguments.idle and processes:
        print(f"memory of an idle connection: {idle_memory(server, arguments.idle):,} octets")


if __name__ == "__main__":
    main()
