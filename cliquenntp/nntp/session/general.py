"""CAPABILITIES, MODE READER, QUIT (RFC 3977 section 5), DATE and HELP (7.1, 7.2)."""

from __future__ import annotations

from cliquenntp.interfaces import Right
from cliquenntp.nntp.session import arguments, replies
from cliquenntp.nntp.session.command import Answer, Farewell
from cliquenntp.nntp.session.reader import Reader


def greeting(reader: Reader) -> bytes:
    """Return what is said first on a connection, and to MODE READER.

    Before a login posting counts as allowed: newsreaders ask once, and many log in only when they get a 480.
    """
    may_post = reader.identity.may(Right.POST) or reader.login_wanted
    reply = replies.POSTING_ALLOWED if may_post else replies.POSTING_PROHIBITED
    return reply % reader.settings.implementation.encode()


def capabilities(reader: Reader, words: list[bytes]) -> Answer:
    """CAPABILITIES: the commands that this connection may use now; where it may log in first READER, too."""
    if words:
        arguments.header_name(words[0])  # a keyword, which no capability needs
    labels: dict[str, list[str]] = {}
    for command in reader.commands.values():
        if command.capability and reader.identity.may(command.right) and command.offered(reader):
            for line in command.capability.splitlines():
                label, *items = line.split()
                known = labels.setdefault(label, [])
                known += [item for item in items if item not in known]
    if "AUTHINFO" in labels:
        # neomutt needs this: without READER it hangs up instead of logging in
        labels.setdefault("READER", [])
    lines = [f"VERSION 2\r\nIMPLEMENTATION {reader.settings.implementation}\r\n"]
    lines += [" ".join([label, *items]) + "\r\n" for label, items in labels.items()]
    return replies.CAPABILITIES_FOLLOW + "".join(lines).encode() + replies.END


def mode_reader(reader: Reader, words: list[bytes]) -> Answer:
    """MODE READER: this server always is in reading mode, but where only other servers are served."""
    if reader.identity.may(Right.FEED) and not reader.identity.may(Right.READ):
        return Farewell(replies.NO_READING)
    return greeting(reader)


def date(reader: Reader, words: list[bytes]) -> Answer:
    """DATE."""
    return replies.DATE % (b"%04d%02d%02d%02d%02d%02d" % arguments.civil(reader.now))


def show_help(reader: Reader, words: list[bytes]) -> Answer:
    """HELP: the command table."""
    rows = [(f"{command.name} {command.usage}", command.help) for command in reader.commands.values()]
    width = max(len(syntax) for syntax, _ in rows) + 2
    lines = "".join(f"  {syntax:{width}}{text}\r\n" for syntax, text in rows)
    contact = reader.settings.contact
    lines += f"Contact: {contact}\r\n" if contact else ""
    return replies.HELP_FOLLOWS + lines.encode() + replies.END


def quit_session(reader: Reader, words: list[bytes]) -> Answer:
    """QUIT."""
    return Farewell(replies.GOODBYE)
