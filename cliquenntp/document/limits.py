"""Every bound on one document, with its reason."""

from __future__ import annotations

import attrs


@attrs.frozen
class Limits:
    """Bounds that ``parse`` holds a document to; the defaults are the network's."""

    document_octets: int = 1 << 20
    """whole document; 99.9 % of list mail and news is smaller, and a link must not be busy for minutes with one"""
    header_octets: int = 1 << 16
    """header, its signature and the empty line included; the longest real ones (many hops, many Cc) have 30 KB"""
    header_fields: int = 500
    """fields in the header; keeps the cost of parsing a header of two-octet fields near that of a common one"""
    parents: int = 8
    """ids in Clique-Parent; each costs a number in every newsgroup above it (a cancel may name its target besides)"""
    keys: int = 64
    """keys in Clique-Moderator or Clique-Importer; more people than that share a key"""
    work_bits: int = 32
    """bits of work that a forum may ask for: half an hour of one core for each post; more shuts everybody out, which
    moderators do better"""


FORUM_NAME_OCTETS = 64
"""A forum's name; with ``clique.``, a slug of 30 and a short id a newsgroup's name stays below 124 octets, which every
newsreader was seen to take."""

FORUM_COMPONENT_OCTETS = 30
"""One component between dots; older news servers made each a folder of the spool (RFC 5536 section 3.1.4)."""

SOON_SECONDS = 600
"""How far Clique-Time may lie ahead of our clock: home computers without NTP are some minutes off."""

AHEAD_SECONDS = 86_400
"""How far ahead a document may lie and still be worth waiting for: a clock set to the wrong day or time zone."""

TIME_DIGITS = 11
"""Digits of a Clique-Time: until the year 5138, and far inside every integer of a database."""

LATEST_TIME = 10**TIME_DIGITS - 1

DEFAULT_LIMITS = Limits()
