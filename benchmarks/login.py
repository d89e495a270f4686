"""Whether the time of a refused login tells that an account exists: quantiles for accounts that exist and that don't.

    python -m benchmarks.login [--logins N]

The logins alternate over one connection each, against a node in a process of its own, with wrong passwords.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cliquenntp.nntp.session.authentication import MOST_FAILED_LOGINS
from cliquenntp.service.readers.slow_down import FREE_FAILURES
from tests.nntp_client import NewsClient
from tests.real.node_process import LOOPBACK, NodeProcess


def refused(client: NewsClient, name: str) -> float:
    """Return the milliseconds that a login with a wrong password takes."""
    started = time.perf_counter()
    client.command(f"AUTHINFO USER {name}")
    status = client.command("AUTHINFO PASS wrong")
    if not status.startswith("481 "):
        raise SystemExit(f"unexpected answer: {status}")
    return (time.perf_counter() - started) * 1000


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.login", description=__doc__)
    parser.add_argument("--logins", type=int, default=200, help="of each kind (default: 200)")
    arguments = parser.parse_args()
    rounds = -(-arguments.logins // FREE_FAILURES)
    times: dict[str, list[float]] = {"exists": [], "does not exist": []}
    with tempfile.TemporaryDirectory(prefix="cliquenntp-login-") as folder:
        node = NodeProcess(Path(folder), config=f'nntp = "{LOOPBACK}"\naccounts = "{LOOPBACK}"\nweb = "off"\n')
        try:
            node.start()
            for number in range(rounds):
                node.cliquectl("user", "add", f"real{number}")
            port = int(node.cliquectl("status")["accounts"][0].rpartition(":")[2])
            for number in range(rounds):  # a name is guessed at as often as it goes without a wait
                left = FREE_FAILURES
                while left:
                    count = min(left, MOST_FAILED_LOGINS - 1)
                    left -= count
                    with NewsClient("127.0.0.1", port) as one, NewsClient("127.0.0.1", port) as other:
                        for _ in range(count):
                            times["exists"].append(refused(one, f"real{number}"))
                            times["does not exist"].append(refused(other, f"fake{number}"))
        finally:
            node.kill()
    table = Table("account", "logins", "median ms", "mean ms", "10 %", "90 %")
    for kind, values in times.items():
        tenths = statistics.quantiles(values, n=10)
        figures = (statistics.median(values), statistics.mean(values), tenths[0], tenths[-1])
        table.add_row(kind, str(len(values)), *(f"{figure:.2f}" for figure in figures))
    Console().print(table)


if __name__ == "__main__":
    main()
