"""A CliqueClique forum node and an NNTP server in one daemon; docs/architecture.md is the map."""

__version__ = "0.1.0"
