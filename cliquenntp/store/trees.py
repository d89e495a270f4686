"""BTrees whose leaves are short: a commit rewrites every leaf that it touches, whole.

Leaf sizes are part of no format: a tree built with another size stays readable.  With BTrees' own sizes (60 to 120
items) one post in a large archive rewrites about 4 KB of leaves, with these 1 KB.  Keys that arrive in order leave
their leaves half full.
"""

from BTrees.LLBTree import LLBTree, LLTreeSet
from BTrees.LOBTree import LOBTree
from BTrees.OLBTree import OLBTree
from BTrees.OOBTree import OOBTree


class RecordTree(LOBTree):
    """Docno -> Record, in order of arrival."""

    max_leaf_size = 30
    max_internal_size = 60


class GroupTree(LOBTree):
    """Docno -> Group (or what else few documents have), mostly in order of arrival: documents are answered soon or
    never."""

    max_leaf_size = 20
    max_internal_size = 60


class LooseTree(LLTreeSet):
    """Docnos, or parent's docno << 31 | child's docno."""

    max_leaf_size = 30
    max_internal_size = 60


class PageTree(LOBTree):
    """Page number from 0, or first key of a page -> page or what is told about it."""

    max_leaf_size = 30
    max_internal_size = 60


class NameTree(OLBTree):
    """Name or whole key -> docno."""

    max_leaf_size = 30
    max_internal_size = 60


class ObjectTree(OOBTree):
    """Name -> Piece, id -> what waits for that document, or account -> what it follows (id -> how and why)."""

    max_leaf_size = 20
    max_internal_size = 60


class NumberTree(LLBTree):
    """Docno << 31 | group's docno -> article number where a link shows the document, or docno from which on it does."""

    max_leaf_size = 30
    max_internal_size = 60


class ShownTree(LLBTree):
    """Docno -> docno."""

    max_leaf_size = 30
    max_internal_size = 60
