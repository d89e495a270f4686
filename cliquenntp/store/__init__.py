"""What a node keeps: documents, article numbers and the network's state, in one ZODB database.

The only room that imports ZODB.  ``Store`` opens a database and hands out two views of it: ``store.reader`` for the
reactor (one consistent state until ``forward``) and ``store.writer`` for the one thread that changes it.

Files of the format: classes.py, trees.py, index.py, groups.py, seat.py and channel_set.py hold the Persistent classes;
their dotted names are written into every database, so moving or renaming one is a schema step (schema.py).
"""

from cliquenntp.store.archive import Archive
from cliquenntp.store.copying import Destination
from cliquenntp.store.database import Store
from cliquenntp.store.documents import StoredDocuments
from cliquenntp.store.locations import BLOB_FOLDER, DATABASE_FILE, StoreLocked, StoreUnusable, without_password
from cliquenntp.store.mending import Mender
from cliquenntp.store.packer import NotPacked
from cliquenntp.store.reading import ReadStore, StoreAway, StoreSettings, StoreTooNew
from cliquenntp.store.salvage import NotMended, damaged_name, salvaged
from cliquenntp.store.seat import BEAT_SECONDS, SeatLost
from cliquenntp.store.writer import Writer

__all__ = [
    "BEAT_SECONDS", "BLOB_FOLDER", "DATABASE_FILE", "Archive", "Destination", "Mender", "NotMended", "NotPacked",
    "ReadStore", "SeatLost", "Store", "StoreAway", "StoreLocked", "StoreSettings", "StoreTooNew", "StoreUnusable",
    "StoredDocuments", "Writer", "damaged_name", "salvaged", "without_password",
]
