"""How long a proof of work takes one core, and how long it takes to check one: ``python -m benchmarks.work``."""

from __future__ import annotations

import time

from cliquenntp.document import Signer, address_of, challenge, compose, find_nonce, work_bits, work_field

ATTEMPTS = 1_000_000
CHECKS = 5_000
BITS = (16, 18, 20, 21, 22, 23, 24, 26, 28, 32)
WAITED_SECONDS = 10.0
"""the setting work_seconds"""
SIZES = (2_000, 1_000_000)


def main() -> None:
    """Print the table of docs/moderation.md."""
    started = time.process_time()
    find_nonce(challenge(bytes(32), 0, b""), 200, 0, ATTEMPTS)
    second = (time.process_time() - started) / ATTEMPTS
    print(f"{second * 1e6:.2f} µs of processor time an attempt")
    for bits in BITS:
        mean = second * 2**bits
        late = (1 - 2.0**-bits) ** (WAITED_SECONDS / second)
        print(f"| {bits} | {mean:.3g} s | {late:.2%} |")
    author = Signer(bytes(32))
    for size in SIZES:
        fields = [work_field(1, b"0"), (b"From", address_of(author.key, "me").encode())]
        document = compose(author, fields, b"x" * size, 0)
        checks = CHECKS * 2_000 // size
        started = time.process_time()
        for _ in range(checks):
            work_bits(document)
        print(f"{(time.process_time() - started) / checks * 1e6:.1f} µs to check a proof over {size} octets")


if __name__ == "__main__":
    main()
