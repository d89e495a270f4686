"""Bytes to messages and back: canonical CBOR, framing, limits. Pure."""
