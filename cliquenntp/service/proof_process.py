"""The process that makes a proof of work: ``python -m cliquenntp.service.proof_process NODE BITS CHALLENGE``.

It prints the nonce and ends; it ends as well when its node (a process id) is not its parent any more.
"""

from __future__ import annotations

import os
import sys

from cliquenntp.document import find_nonce

NICENESS = 10
"""by which it is behind the node and whatever else runs: a post may take a little longer, reading shall not"""

ATTEMPTS = 1 << 16
"""between two looks whether the node is there: some 30 ms"""


def main() -> None:
    """Look for the nonce until it is found."""
    node, bits, seed = int(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
    os.nice(NICENESS)
    first, nonce = 0, None
    while nonce is None and os.getppid() == node:
        nonce = find_nonce(seed, bits, first, ATTEMPTS)
        first += ATTEMPTS
    if nonce is not None:
        print(nonce.decode("ascii"))


if __name__ == "__main__":
    main()
