"""The limits of links, each with its reason."""

from __future__ import annotations

import attrs


@attrs.frozen
class LinkSettings:
    """What a node allows its links.  Times are in seconds."""

    max_links: int = 256
    """open links: 16 streams a forum for a dozen busy forums, and file descriptors stay below the usual 1,024"""
    max_half_open: int = 32
    """connections that came in and have proved nothing yet; the oldest makes place for the newest, so that whoever
    only connects and waits keeps nobody out"""
    max_dialling: int = 32
    """connections being opened at a time; 30 at once are known to be answered over I2P"""
    handshake_time: float = 30.0
    """from the connection to the open link: two round trips; a busy small machine takes seconds"""
    i2p_handshake_time: float = 90.0
    """the same over I2P, where "connected" comes before the peer has answered, and a first contact may take a minute"""
    connect_time: float = 30.0
    """until a connection stands, off I2P"""
    i2p_connect_time: float = 180.0
    """the same over I2P: the lease set has to be found first"""
    ping_after: float = 30.0
    """silence after which a ping is sent; a dead peer is noticed after 30 to 60 s"""
    ping_time: float = 30.0
    """until a pong; over I2P one way takes 10 s now and then"""
    stall_time: float = 120.0
    """a peer that does not read, or a frame or body that does not go on, for so long ends the link"""
    drain_time: float = 10.0
    """to send what waits before a closing connection is cut"""
    max_waiting_bytes: int = 4 * 1024 * 1024
    """bytes that wait to be sent on one link: four of the largest documents; beyond that the peer does not keep up"""
    max_waiting_bodies: int = 20_000
    """documents that wait to be fetched for one link, some 450 bytes of memory each: a peer that asks for all there is
    and reads nothing holds 9 MB; what is imported faster than a peer takes it reaches it by comparing"""
    max_frames_per_second: float = 10_000.0
    """frames taken from one link; beyond that reading pauses.  A catch-up on loopback takes 3,000 to 5,000"""
    max_rate: float = 0.0
    """bytes of bodies a second that all links together send; 0 for no bound"""
    first_redial: float = 1.0
    """after the first failed dial; doubles"""
    longest_redial: float = 300.0
    """between dials at most: a router with an outdated lease set needs about two minutes"""
    give_up: float = 150.0
    """a dial that has failed for so long is reported as failed: a restarted I2P node is found after about 120 s"""
    first_penalty: float = 60.0
    """for a node that broke the protocol; doubles"""
    longest_penalty: float = 6 * 3600.0
