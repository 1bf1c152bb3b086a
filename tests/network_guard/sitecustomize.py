"""Shut the network, and R, for this process: imported by conftest, and by every Python that a test starts.

An audit hook sees what Python does at the lowest level and cannot be taken off again.
"""

from __future__ import annotations

import sys
from typing import Any

UNIX_SOCKETS = 1
NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
REACHES = {"socket.connect", "socket.sendto", "socket.sendmsg"}
PROGRAMS = {"R", "Rscript"}


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in NAMES or (event in REACHES and arguments[0].family != UNIX_SOCKETS):
        raise ConnectionRefusedError(f"a test reached for the network: {event} {arguments[1:] or arguments}")
    if event == "subprocess.Popen" and str(arguments[0]).rpartition("/")[2] in PROGRAMS:
        raise ConnectionRefusedError(f"a test of the default lane started R: {arguments[1]}")


sys.addaudithook(_refuse)
