"""Every reply line, named once: the code by RFC 3977 section 3.2 (others where stated), the text for people.

A reply's first line holds at most 512 octets with its CRLF (RFC 3977 section 3.1).
"""

from __future__ import annotations

import re

REPLY_LIMIT = 512
"""octets of a reply line with its CRLF: RFC 3977 section 3.1"""

_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]+")

# general
CAPABILITIES_FOLLOW = b"101 Capability list:\r\n"
HELP_FOLLOWS = b"100 Commands of this server:\r\n"
DATE = b"111 %s\r\n"
POSTING_ALLOWED = b"200 %s, posting allowed\r\n"
POSTING_PROHIBITED = b"201 %s, posting prohibited\r\n"
EXTENSIONS_FOLLOW = b"202 Extensions supported:\r\n"
GOODBYE = b"205 Bye\r\n"
COMPRESSION_ACTIVE = b"206 Compression active\r\n"
LIST_FOLLOWS = b"215 List follows\r\n"

# logging in (RFC 4643) and TLS (RFC 4642)
LOGGED_IN = b"281 Welcome\r\n"
LOGGED_IN_WITH_PROOF = b"283 %s\r\n"
PASSWORD_NEEDED = b"381 Now the password\r\n"
CONTINUE_WITH_TLS = b"382 Continue with TLS\r\n"
CHALLENGE = b"383 %s\r\n"
LOGIN_FAILED = b"481 No such account, or not its password\r\n"
LOGIN_CANCELLED = b"481 Cancelled\r\n"
LOGIN_OUT_OF_SEQUENCE = b"482 AUTHINFO USER comes first\r\n"
ENCRYPTION_NEEDED = b"483 Nobody may overhear this: use TLS first\r\n"
NO_TLS = b"580 There is no TLS here\r\n"

# newsgroups and articles
GROUP_SELECTED = b"211 %d %d %d %s\r\n"
NUMBERS_FOLLOW = b"211 %d %d %d %s list follows\r\n"
ARTICLE_FOLLOWS = b"220 %d %s\r\n"
HEAD_FOLLOWS = b"221 %d %s\r\n"
OLD_HEADERS_FOLLOW = b"221 Header follows\r\n"
BODY_FOLLOWS = b"222 %d %s\r\n"
ARTICLE_EXISTS = b"223 %d %s\r\n"
OVERVIEW_FOLLOWS = b"224 Overview follows\r\n"
HEADERS_FOLLOW = b"225 Headers follow\r\n"
NEW_ARTICLES_FOLLOW = b"230 New articles follow\r\n"
NEW_GROUPS_FOLLOW = b"231 New newsgroups follow\r\n"
TITLES_FOLLOW = b"282 Newsgroups and descriptions follow\r\n"

# articles from the client
POSTED = 240
TRANSFERRED = 235
TAKEN = 239
SEND_OFFERED = b"335 Send it\r\n"
SEND_IT = b"238 %s\r\n"
STREAMING_PERMITTED = b"203 Streaming permitted\r\n"
SEND_ARTICLE = b"340 Send the article, recommended message-id %s\r\n"

# temporary refusals
SHUTTING_DOWN = b"400 The server is shutting down\r\n"
TIMED_OUT = b"400 Nothing heard for too long\r\n"
TOO_MANY_CONNECTIONS = b"400 Too many connections\r\n"
TOO_MANY_FROM_ADDRESS = b"400 Too many connections from your address\r\n"
ACCOUNT_CHANGED = b"400 The account has changed: log in again\r\n"
TOO_OFTEN_FROM_ADDRESS = b"400 Too many connections from your address in a minute\r\n"
TOO_MANY_FAILED_LOGINS = b"400 Too many failed logins\r\n"
NOT_NEWS = b"400 This is a news server, and what you speak is not NNTP\r\n"
INTERNAL_FAULT = b"403 Internal fault, the operator has been told\r\n"
NO_SUCH_GROUP = b"411 No such newsgroup\r\n"
NO_GROUP_SELECTED = b"412 No newsgroup selected\r\n"
NO_CURRENT_ARTICLE = b"420 No current article\r\n"
NO_NEXT_ARTICLE = b"421 No next article\r\n"
NO_PREVIOUS_ARTICLE = b"422 No previous article\r\n"
NO_SUCH_NUMBER = b"423 No article with that number\r\n"
NO_ARTICLE_IN_RANGE = b"423 No articles in that range\r\n"
NO_SUCH_ARTICLE = b"430 No article with that message-id\r\n"
POSTING_NOT_PERMITTED = b"440 Posting not permitted\r\n"
POSTING_FAILED = 441
UNAVAILABLE = b"400 The server can take no articles for now\r\n"
CHECK_LATER = b"431 %s\r\n"
NOT_WANTED = b"435 Not wanted\r\n"
OFFER_LATER = b"436 Try again later\r\n"
TRANSFER_LATER = 436
TRANSFER_REJECTED = 437
ALREADY_HELD = b"438 %s\r\n"
NOT_TAKEN = 439
AUTHENTICATION_NEEDED = b"480 Authentication required\r\n"

# permanent refusals
UNKNOWN_COMMAND = b"500 Unknown command\r\n"
BAD_SYNTAX = b"501 Syntax error: use %s\r\n"
UNKNOWN_VARIANT = b"501 Unknown variant: see HELP\r\n"
LINE_TOO_LONG = b"501 A command line has at most 512 octets\r\n"
BARE_LINE_FEED = b"501 Lines end with CRLF, not with LF alone\r\n"
CONTROL_CHARACTER = b"501 Control character in the command line\r\n"
NOT_UTF8 = b"501 Command lines are UTF-8\r\n"
NO_READING = b"502 No newsreaders here\r\n"
NOT_PERMITTED = b"502 Not permitted here\r\n"
ALREADY_COMPRESSED = b"502 Compression is active already\r\n"
LOGIN_UNAVAILABLE = b"502 No login is possible here and now\r\n"
TLS_UNAVAILABLE = b"502 TLS cannot begin any more\r\n"
NO_SUCH_MECHANISM = b"503 No such SASL mechanism is known\r\n"
NOT_BASE64 = b"504 Not base64\r\n"
NO_SUCH_COMPRESSION = b"503 Only DEFLATE is known\r\n"
NOT_KEPT = b"503 No such list is kept here\r\n"
UNKNOWN_METADATA = b"503 No such metadata item\r\n"

END = b".\r\n"
"""the line that ends every multi-line answer"""


def line(code: int, text: str) -> bytes:
    """Return a reply line of a code and a text from elsewhere: on one line, UTF-8, cut at 512 octets."""
    room = REPLY_LIMIT - 6
    clean = _UNSENDABLE.sub(" ", text).strip().encode("utf-8", "replace")
    if len(clean) > room:
        clean = clean[:room].decode("utf-8", "ignore").encode()
    return b"%d %s\r\n" % (code, clean)
