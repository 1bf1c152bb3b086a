"""Shut the network, and R, for this process: imported by conftest, and by every Python that a test starts.

An audit hook sees what Python does at the lowest level and cannot be taken off again. The lane with a real
browser (``BORDIN_BROWSER=1``) reaches 127.0.0.1, where it starts a server, and no other host.
"""

from __future__ import annotations

import os
import sys
from typing import Any

UNIX_SOCKETS = 1
LOOPBACK = "127.0.0.1"
NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
REACHES = {"socket.connect", "socket.sendto", "socket.sendmsg"}
PROGRAMS = {"R", "Rscript"}
BROWSER = os.environ.get("BORDIN_BROWSER") == "1"


def _is_own_server(event: str, arguments: tuple[Any, ...]) -> bool:
    """Say whether the lane with a browser reaches its own server: by its number, never by a name."""
    if event == "socket.getaddrinfo":
        return arguments[0] == LOOPBACK
    return event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] == LOOPBACK


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in NAMES or (event in REACHES and arguments[0].family != UNIX_SOCKETS):
        if BROWSER and _is_own_server(event, arguments):
            return
        raise ConnectionRefusedError(f"a test reached for the network: {event} {arguments[1:] or arguments}")
    if event == "subprocess.Popen" and str(arguments[0]).rpartition("/")[2] in PROGRAMS:
        raise ConnectionRefusedError(f"a test of the default lane started R: {arguments[1]}")


sys.addaudithook(_refuse)
