"""Python imports this before anything else where its folder is in PYTHONPATH: what goes to the network is noted.

The environment's WATCHED_NETWORK names a file that gets a line for each address to which the process connects or sends,
and for each name that it looks up.
"""

import os
import sys

_EVENTS = {
    "socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0, "socket.getnameinfo": 0,
}
"""by event of Python (sys.addaudithook) which of its arguments is an address or a name"""

_LOG = os.open(os.environ["WATCHED_NETWORK"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    index = _EVENTS.get(event)
    if index is not None:
        os.write(_LOG, f"{event.partition('.')[2]} {arguments[index]!r}\n".encode())


sys.addaudithook(_note)
