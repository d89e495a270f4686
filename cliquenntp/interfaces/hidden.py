"""What somebody does not see of the news, though it is held."""

from __future__ import annotations

from zope.interface import Interface


class IHidden(Interface):
    """What one account does not see, by docnos: asked for each article that is shown, so answers must be quick.

    It may change at any time between two commands; sessions that live show that from their next command on.
    """

    def anything() -> bool:
        """Tell whether anything can be hidden at all; while not, nothing else is asked."""

    def hides(docno: int) -> bool:
        """Tell whether an article is hidden."""

    def hides_below(docno: int) -> bool:
        """Tell whether a document is hidden with all that is below it, so that its newsgroup is hidden too."""
