"""Lets twistd find cliquenntp."""

from twisted.application.service import ServiceMaker

cliquenntp = ServiceMaker(
    "cliquenntp", "cliquenntp.service.tap", "CliqueClique node and NNTP server in one", "cliquenntp"
)
