"""Every number of the protocol: what it means, where its value comes from, how sure we are of it.

"Study" is the simulation of 100 to 10,000 nodes from which the protocol was chosen (one way latency lognormal, median
1.5 s, plus 2 % of exp(10 s)); its values were varied there and are good to about a factor of 1.5.  "Bound" is a limit
against abuse, chosen well above what lawful nodes need.  Times are seconds.
"""

from __future__ import annotations

from typing import Final

# Edges of a channel
EDGES_WANTED: Final = 5  # study: below 5 the overlay of 1,000 nodes with 20 % down falls apart now and then
EDGES_AT_MOST: Final = 8  # study: more edges cost adverts and offers and hardly shorten the tree
FOLLOWERS_AT_MOST: Final = 8  # places for followers at a feeder; the same again, so a full node has 16 streams
SOURCES_ENOUGH: Final = 2  # feeders of a channel that has them lets other followers go
REFUSALS_BEFORE_MORE: Final = 3  # of a node without any source, then it is taken in above the bound
FOLLOWERS_AFTER_REFUSALS: Final = 64  # bound: eight times the places, a link and some frames a document each
REFUSALS_KEPT: Final = 64  # askers of whom it is remembered how often they were refused: bound
PASS_ON_EVERY: Final = 60.0  # a feeder with too many followers sends one on so often: each of them has to find a place
SOURCES_WANTED: Final = 3  # feeders of a follower: one pushes, two offer
SOURCES_AT_MOST: Final = 4  # one more while a feeder is replaced
KEPT_FROM_INVITATION: Final = 2  # edges to invited contacts that are never given up: against being surrounded
INTRODUCED_AT_MOST: Final = 2  # edges that one introducer may have brought: the same
PASSIVE_AT_MOST: Final = 30  # known addresses: study; a node finds back after 90 % of them are gone
PASSIVE_ENOUGH: Final = 8  # LINK_OK brings addresses until so many are known
CONTACTS_AT_MOST: Final = 3  # addresses in LINK_NO and BYE: bound

# Joining
FILL_INTERVAL: Final = 12.0  # between two rounds of looking for edges; doubled after each round in vain
FILL_DOUBLINGS: Final = 10  # so at most 3.4 h: a node alone must not be a nuisance
FILL_DOUBLINGS_NEEDY: Final = 4  # without any edge, or for all followers that are cut off, 3 min: nothing comes to them
LINK_REQUEST_TIMEOUT: Final = 40.0  # study: ten times the slow round trips; a tunnel may have to be built
REFUSAL_DOUBLINGS: Final = 6  # of the time above, after LINK_NOs: a node that left the channel is asked every 43 min
REFUSAL_DOUBLINGS_NEEDED: Final = 2  # one without a place who invited us, or if we have no other, every 3 min
INTRODUCTIONS_A_ROUND: Final = 4  # addresses that are tried in a round of looking for edges: study
WALK_HOPS: Final = 6  # study: mixes 1,000 nodes of degree 5; 10,000 hardly differ
WALKS_BEFORE_ADDRESSES: Final = 3  # rounds of walks before addresses that neighbours told are tried: measured, else
# those who came by one branch of invitations cling together, and 150 nodes fell into two parts after a restart
REMIX_AFTER: Final = (60.0, 600.0)  # walks after joining: those who came together shall not stay together
WALK_EXTRA: Final = 4  # steps more while a walk's end is linked to the origin already
WALKS_PER_MINUTE: Final = 4  # a link: bound
PROBE_LINK_FOR: Final = 25.0  # a link dialled for a probe: an answer comes within a slow round trip or not at all
ANSWERED_LINK_FOR: Final = 1.0  # a link dialled to us for a probe that needs no answer
FEEDER_WAITS: Final = 6.0  # whoever dialled us for itself has asked by then, one and a half slow round trips
IDLE_LINK_AFTER: Final = 60.0  # a link without edges is closed: long enough for a refusal's other contacts

# Election
TWO_KEYS_FOR: Final = 30.0  # a follower that sees two centers so long introduces the full nodes to each other: study
COST_UNIT: Final = 0.1  # one way latency per unit of cost
COST_AT_MOST: Final = 40  # a slow link shall not look like a break
COST_THROUGH_FOLLOWER: Final = 40  # a feeder is better than a follower of any latency
BETTER_BY: Final = 5  # half a second less is worth a new parent: study; less made parents flap
FEASIBILITY_KEPT: Final = 8  # keys whose feasibility distance is remembered; older keys lost for good
SEQUENCE_TIMEOUT: Final = 45.0  # T_REQ, +-25 %: an orphan's request goes to the center and back in that time
SEQUENCE_PATIENCE: Final = 3  # T_REQs before a claim where the lost parent was not the center itself
SEQUENCE_WIDER_AFTER: Final = 4.0  # the two nearest are asked first, then all
SEQUENCE_HOPS: Final = 24  # study: three times the depth of a tree of 10,000
SEQUENCE_ONCE_IN: Final = 25.0  # the same request is not forwarded again so soon
SEQUENCE_JUMP: Final = 64  # a center raises its number by at most so much at a request: bound
TERM_JUMP: Final = 64  # a term that jumps further waits for a second link to confirm it: bound
CLAIM_ONCE_IN: Final = 60.0  # between two raises of the term that a node makes, or follows: bound
CLAIM_DOUBLINGS: Final = 5  # of that, after the second raise without a pause, for whoever still has a way: bound
NO_KEY_TIMEOUT: Final = (90.0, 150.0)  # a newcomer that hears no center claims; drawn between the two

# Adverts
ADVERT_BATCH: Final = 0.3  # changes that come together travel together
ADVERT_OFFER_WITHIN: Final = 6.0  # whom we ask to offer follows the tree, which settles first: measured in churn
ADVERT_DISTANCE_WITHIN: Final = 15.0  # a distance alone can wait: feasibility makes an old one safe
ADVERT_DISTANCE_CHANGE: Final = 10  # and one that changed by less than a second is not told alone: measured in churn
ADVERT_COUNT_WITHIN: Final = 120.0  # a count alone matters even less: in churn it was a quarter of all adverts
COUNT_CHANGE: Final = 0.5  # relative change of a count worth telling: it only chooses among three numbers of hops
ADVERT_REPEAT: Final = 20.0  # unacknowledged: again after that, doubled each time; a link is a reliable stream
ADVERT_REPEAT_AT_MOST: Final = 300.0
ACKNOWLEDGE_WITHIN: Final = 5.0  # an ADV_ACK waits so long for a frame to ride on

# Delivery
LAZY_DELAY: Final = 0.3  # before an offer: documents that come together are offered together
UNSETTLED_FOR: Final = 20.0  # a new edge's peer tells within a slow round trip whether it is a child or asks for offers
LAZY_TIMEOUT: Final = 4.5  # T_LAZY: offered, not pushed after that: WANT.  5 in the study; sooner costs copies
WANT_TIMEOUT: Final = 12.0  # T_WANT: then the next offerer is asked
SPREAD: Final = 0.25  # timeouts are drawn +-25 %, so that nodes do not act in step
WANTED_KEPT: Final = 45.0  # a wanted document that nobody has is forgotten
EAGER_FROM: Final = ((512, 2), (64, 1))  # (nodes, EAGER_HOPS): hops from the author that push to every edge (study)
OFFERS_WANTED: Final = 2  # edges asked to offer: 3 (study) cost 50 B a copy more and gain no latency (measured)
OFFERS_JUDGED_AFTER: Final = 16  # an edge that offered none of so many documents is replaced
LATE_PARENT: Final = 3  # WANTs that beat the parent before it is blocked
BLOCKED_FOR: Final = 3600.0
RECENT_FOR: Final = 60.0  # it is remembered so long, at most twice, who has a document: WANTED_KEPT and a slow frame
RECENT_KEPT: Final = 256  # documents remembered in such a span: bound
OFFER_AT_MOST: Final = 1000  # ids an IHAVE: bound
PARENTS_ELSEWHERE_AT_MOST: Final = 1000  # first parents remembered an edge that may be asked for: bound
WANT_AT_MOST: Final = 256  # ids outstanding a link: bound

# Comparison
CUTS: Final = (60, 300, 1200, 3600, 14400, 86400, 604800, 5184000)  # ages at which SYNC cuts the set: study
YOUNG: Final = 60  # documents of the last minute are still on their way: not compared, offered instead
LISTING_AT_MOST: Final = 128  # documents of a span that are listed rather than split: 768 bytes
GHOST_WITNESSES: Final = 2  # nodes that say a document is gone, until it counts as gone towards others too
REFUSED_AT_MOST: Final = 10_000  # ids of documents refused or put off: bound, 5 MB; what is forgotten comes again
GHOSTS_AT_MOST: Final = 10_000  # ids of documents that were gone before we came: bound, 1.5 MB
LISTING_PAGE: Final = 1000  # a longer listing goes page by page: 6 kB
LISTED_TOGETHER: Final = 4000  # ids in one SYNC: 24 kB, which leaves room for 64 spans in a frame of 32 KiB
SPAN_PARTS: Final = 16  # a differing span is split in so many
SPANS_AT_MOST: Final = 64  # in one SYNC: bound
RECONCILE_TIMEOUT: Final = 60.0  # a comparison without any progress ends
RECONCILE_AFTER: Final = (0.5, 6.0)  # the side that opened the edge begins, the other waits
IN_FLIGHT_KEPT: Final = 120.0  # a document under way is not asked for elsewhere; bodies may queue on a slow link
ASKED_AT_LEAST: Final = 48  # documents asked for at a time; what is under way when a node dies is sent again, so that
ASKED_SHARE: Final = 24  # it is at most 5 % of 1,000; then one more for so many that came: still at most 5 %
ASKED_WHOLE: Final = 128  # a comparison that misses no more is asked for at once: one round trip instead of three
MISSING_AT_MOST: Final = 20_000  # ids kept to be asked for, or listed, a comparison: bound; a SYNC may span so many
COMPARE_DOUBLINGS: Final = 5  # of the time above, until a peer that did not send what it listed is compared with again
SILENCE_GAPS: Final = 4  # usual gaps between documents after which a node asks whether it missed one
SILENCE_AT_LEAST: Final = 60.0

# Budgets (their sizes: budgets.BudgetLimits)
ROOM_EVERY: Final = 120.0  # between two looks whether there is room for what was put off: it fills in minutes
NEEDED_AT_MOST: Final = 1000  # documents that are taken without room since somebody known answers them: bound, 100 kB
STANDING_KEPT_EVERY: Final = 600.0  # it is up to 1 MB; what is not kept is learned again

# Probes, leaving
PROBE_INTERVAL: Final = 1250.0  # +-50 %: 69 a day of 83 B; 900 in the study, at 5.2-6.1 kB a day
BYE_REPEAT: Final = 30.0
TOMBSTONE_KEPT: Final = 30 * 86400
DIAL_AGAIN: Final = 30.0  # after a failed dial, doubled each time up to an hour; +-50 %
DIAL_AGAIN_AT_MOST: Final = 3600.0
DIAL_AGAIN_NEEDY_AT_MOST: Final = 480.0  # where nothing comes to us: whoever holds the forum shall be found in minutes
