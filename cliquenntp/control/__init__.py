"""The control socket (AMP on a Unix socket) and cliquectl, which speaks to it."""
