"""Bytes to messages and back: canonical CBOR, aliases of long values on a link, limits.  Pure.

One `LinkCodec` at each end of a link.  What a peer sends is either messages or one `RemoteError` with its reason, never
another exception; messages and trailing fields of a later version are passed over.  docs/protocol/wire.md is the
specification; `table` holds it as data.
"""

from cliquenntp.wire.codec import LinkCodec
from cliquenntp.wire.errors import RemoteError, UnsendableError
from cliquenntp.wire.table import MOST_FRAME, VERSION

__all__ = ["MOST_FRAME", "VERSION", "LinkCodec", "RemoteError", "UnsendableError"]
