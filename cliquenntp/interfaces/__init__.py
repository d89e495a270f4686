"""The doors between rooms: what one room may ask of another without importing it.

A document has two names inside a node: its id (32 bytes, the same everywhere) and its docno, a small positive integer
in order of arrival on this node, never reused.  A newsgroup is named by the docno of the document that it shows.
"""

from cliquenntp.interfaces.archive import LOST, NOBODY, SHARED, Follow, IArchive, IGroupNumbers, IRecord, Reason
from cliquenntp.interfaces.clique import IClaims, IDice, IDocuments, IDocumentSet, Place
from cliquenntp.interfaces.hidden import IHidden
from cliquenntp.interfaces.identities import FEEDER, OWNER, Identity, Listed, Right
from cliquenntp.interfaces.news import LOCAL, Article, INewsView, IWildmat, Newsgroup
from cliquenntp.interfaces.sessions import IFeed, IReading, Offer
from cliquenntp.interfaces.writer import Changes, Held, IWriter, Placement

__all__ = [
    "FEEDER",
    "LOCAL",
    "LOST",
    "NOBODY",
    "OWNER",
    "SHARED",
    "Article",
    "Changes",
    "Follow",
    "Held",
    "IArchive",
    "IClaims",
    "IDice",
    "IDocumentSet",
    "IDocuments",
    "IFeed",
    "IGroupNumbers",
    "IHidden",
    "INewsView",
    "IReading",
    "IRecord",
    "IWildmat",
    "IWriter",
    "Identity",
    "Listed",
    "Newsgroup",
    "Offer",
    "Place",
    "Placement",
    "Reason",
    "Right",
]
