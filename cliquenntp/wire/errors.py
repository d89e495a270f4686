"""What can be wrong with bytes: theirs and ours apart."""


class RemoteError(ValueError):
    """The peer broke the protocol; ``reason`` is one line that it can be told before the link is closed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnsendableError(ValueError):
    """A message of ours goes beyond the protocol's limits: a mistake in this program."""
