"""The command table: the one place that says which commands there are."""

from __future__ import annotations

from collections.abc import Mapping

from cliquenntp.interfaces import Right
from cliquenntp.nntp.session import (
    articles,
    authentication,
    compression,
    feeding,
    general,
    groups,
    lists,
    overview,
    posting,
    replies,
)
from cliquenntp.nntp.session.command import Command

_COMMANDS = (
    # RFC 3977 section 5: session administration
    Command("CAPABILITIES", "[keyword]", general.capabilities, "what this server can do", Right.NONE),
    Command("MODE READER", "", general.mode_reader, "be a newsreader: this is always so", Right.NONE),
    Command("QUIT", "", general.quit_session, "close the connection", Right.NONE),
    # section 6: articles
    Command("GROUP", "newsgroup", groups.group, "select a newsgroup", capability="READER"),
    Command("LISTGROUP", "[newsgroup [range]]", groups.listgroup, "select, and list article numbers",
            capability="READER"),
    Command("NEXT", "", articles.next_article, "go to the next article", capability="READER"),
    Command("LAST", "", articles.last_article, "go to the previous article", capability="READER"),
    Command("ARTICLE", "[number|message-id]", articles.article, "show an article", capability="READER"),
    Command("HEAD", "[number|message-id]", articles.head, "show an article's header", capability="READER"),
    Command("BODY", "[number|message-id]", articles.body, "show an article's body", capability="READER"),
    Command("STAT", "[number|message-id]", articles.stat, "tell whether there is an article", capability="READER"),
    Command("POST", "", posting.post, "post an article", Right.POST, replies.POSTING_NOT_PERMITTED, "POST"),
    Command("IHAVE", "message-id", feeding.ihave, "offer another server's article", Right.FEED, capability="IHAVE"),
    # section 7: information
    Command("DATE", "", general.date, "the server's time in UTC", Right.NONE),
    Command("HELP", "", general.show_help, "this list", Right.NONE),
    Command("NEWGROUPS", "[yy]yymmdd hhmmss [GMT]", groups.newgroups, "forums since a time", capability="READER"),
    Command("NEWNEWS", "wildmat [yy]yymmdd hhmmss [GMT]", groups.newnews, "message-ids of articles since a time",
            capability="NEWNEWS"),
    Command("LIST", "", lists.active, "all newsgroups"),
    Command("LIST ACTIVE", "[wildmat]", lists.active, "newsgroups with their water marks",
            capability="LIST ACTIVE"),
    Command("LIST ACTIVE.TIMES", "[wildmat]", lists.active_times, "when newsgroups came, and by whom",
            capability="LIST ACTIVE.TIMES"),
    Command("LIST NEWSGROUPS", "[wildmat]", lists.newsgroups, "descriptions of newsgroups",
            capability="LIST NEWSGROUPS"),
    Command("LIST DISTRIB.PATS", "", lists.not_kept, "not kept here"),
    # section 8: overview and headers
    Command("OVER", "[range|message-id]", overview.over, "overview of articles", capability="OVER MSGID"),
    Command("LIST OVERVIEW.FMT", "", lists.overview_format, "the fields of an overview line",
            capability="LIST OVERVIEW.FMT"),
    Command("HDR", "header [range|message-id]", overview.hdr, "one header of articles", capability="HDR"),
    Command("LIST HEADERS", "[MSGID|RANGE]", lists.headers, "what HDR knows", capability="LIST HEADERS"),
    # RFC 6048
    Command("LIST COUNTS", "[wildmat]", lists.counts, "as LIST ACTIVE, with numbers of articles",
            capability="LIST COUNTS"),
    Command("LIST SUBSCRIPTIONS", "[wildmat]", lists.subscriptions, "newsgroups to begin with",
            capability="LIST SUBSCRIPTIONS"),
    Command("LIST MOTD", "", lists.motd, "what the operator has to say", capability="LIST MOTD",
            offered=lambda reader: bool(lists.message_of_the_day(reader))),
    Command("LIST DISTRIBUTIONS", "", lists.not_kept, "not kept here"),
    Command("LIST MODERATORS", "", lists.not_kept, "not kept here"),
    # RFC 4644
    Command("MODE STREAM", "", feeding.mode_stream, "feed without waiting", Right.FEED, capability="STREAMING"),
    Command("CHECK", "message-id", feeding.check, "ask whether an article is wanted", Right.FEED,
            capability="STREAMING"),
    # without the right, too, it is an article that follows and no command
    Command("TAKETHIS", "message-id", feeding.takethis, "hand on an article", Right.NONE),
    # RFC 4643; AUTHINFO without an argument is what CAPABILITIES says where a login needs TLS first
    Command("AUTHINFO USER", "name", authentication.user, "log in: who you are", Right.NONE,
            capability="AUTHINFO USER", offered=authentication.may_log_in),
    Command("AUTHINFO PASS", "password", authentication.password, "log in: your password", Right.NONE,
            capability="AUTHINFO", offered=lambda reader: reader.login_wanted and not reader.compressed),
    Command("AUTHINFO SASL", "mechanism [initial-response]", authentication.sasl, "log in by a SASL mechanism",
            Right.NONE, capability=authentication.SASL_CAPABILITIES, offered=authentication.may_log_in),
    # RFC 4642
    Command("STARTTLS", "", authentication.starttls, "go on encrypted", Right.NONE, capability="STARTTLS",
            offered=authentication.may_start_tls),
    # RFC 8054
    Command("COMPRESS", "DEFLATE", compression.compress, "compress both directions", Right.NONE,
            capability="COMPRESS DEFLATE",
            offered=lambda reader: reader.settings.compression and not reader.compressed),
    # RFC 2980 and older drafts
    Command("XOVER", "[range]", overview.xover, "as OVER; an empty range is an empty list"),
    Command("XHDR", "header [range|message-id]", overview.xhdr, "as HDR, with RFC 2980's code"),
    Command("XPAT", "header range|message-id pattern...", overview.xpat, "headers that match a pattern"),
    Command("XGTITLE", "[wildmat]", lists.xgtitle, "as LIST NEWSGROUPS"),
    Command("LIST EXTENSIONS", "", lists.extensions, "an older CAPABILITIES"),
)

COMMANDS: Mapping[bytes, Command] = {command.name.encode(): command for command in _COMMANDS}
"""by name in upper case, in the order in which HELP shows them"""

VARIANTS: Mapping[bytes, Mapping[bytes, Command]] = {
    first: {
        name.partition(b" ")[2]: command
        for name, command in COMMANDS.items() if name.startswith(first + b" ")
    }
    for first in dict.fromkeys(name.partition(b" ")[0] for name in COMMANDS if b" " in name)
}
"""commands of two words: first word, then second"""
