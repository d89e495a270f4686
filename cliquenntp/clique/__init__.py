"""The clique core: how documents spread, as a state machine without input, output, clock or dice of its own.

`Core.handle(event, now)` takes what happened (`events`) and returns what to do (`effects`); `Core.next_deadline()` says
when to come back with TimerDue.  `now` is monotonic seconds as a float.  The rules of the machine:

1. **Nothing is sent before it is committed.**  A batch of events is handled in one transaction: StoreDocument and
   Persist effects are carried out in it, it is committed once, and only then the other effects are performed.  A core
   whose transaction failed is thrown away (`effects`).
2. **A channel** is a document with a depth.  A node runs one state machine for each channel that it follows and no
   other of its channels covers (`channel`).  Full nodes follow (root, all).
3. **An edge** is a channel shared on a link.  LINK_REQ and LINK_OK open it, BYE and LINK_NO close it, the link's end
   ends it.  Each end is named by a number never used again, so nothing said on one edge counts on another
   (`messages`).
4. **The center** of a channel is the largest key that was heard.  Whoever hears a larger one adopts it; nobody goes
   back but a node without any edge, which is its own center under the smallest term.
5. **A parent** is a neighbour whose advert is feasible: its sequence number is greater than any that we advertised
   under that key, or equal with a smaller distance.  So parents never form a cycle, whatever is lost or late
   (`election`). Whoever has no feasible neighbour is an orphan: it keeps its distance and its children, asks for a new
   sequence number, and claims the next term if none comes (`claiming`).
6. **Adverts** carry serials and are repeated until acknowledged; what a neighbour needs at once goes at once, what can
   wait waits (`adverts`).
7. **A document** is pushed along the tree where somebody wants it, and offered on a few other edges; whoever misses it
   asks an offerer (`delivery`).  What was missed while away comes by comparison of sets, one neighbour at a time
   (`reconcile`).
8. **Edges** are found by invitations, introductions and random walks, up to a bound; nobody enters the table but by its
   own request on a link that proves its key (`membership`).  Whoever follows less than a forum hangs on feeders
   (`answering`, `graft`, `feeders`).  Probes of other addresses find a partition and heal it (`probes`).
"""

from cliquenntp.clique.core import Core

__all__ = ["Core"]
