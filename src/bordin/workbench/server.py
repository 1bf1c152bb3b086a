"""The server: granian with threads in this one process, one server a study, encrypted for everybody but this computer."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mt import MTServer

from bordin.errors import BordinError, Problem
from bordin.store.database import private_folder
from bordin.store.server_file import SERVER_FILE, ServerFile

THREADS = 32
BACKLOG = 512
LOCK_FILE = "serving"
_FILE = f"workbench/{SERVER_FILE}"


class _Interruptible(threading.Event):
    """An event whose wait Ctrl+C ends on Windows too."""

    def wait(self, timeout: float | None = None) -> bool:
        while timeout is None:
            if super().wait(0.5):
                return True
        return super().wait(timeout)


class Server(MTServer):
    """granian with its worker as threads of this process.

    granian would start a second process, which lives on when this one is killed or its terminal is closed, and to
    which the key of the tapes would have to be sent. Threads suffice: one process writes the chain.
    """

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self.main_loop_interrupt = _Interruptible()

    def _check_gil(self) -> None:
        """Do not ask for a Python without its global lock."""

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        """Stop when the terminal is closed."""
        self.interrupt_signal = True
        self.main_loop_interrupt.set()


def is_loopback(address: str) -> bool:
    """Say whether only this computer reaches an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def check_server(study: Path, server: ServerFile) -> None:
    """Refuse to serve health data in the clear, or to a name that nobody may use.

    Raises
    ------
    BordinError
        With every problem.
    """
    problems = []
    encrypted = bool(server.certificate) or server.behind_proxy
    if not encrypted and not is_loopback(server.address):
        problems.append(
            Problem(
                f"address = {server.address!r} is reached by other computers, and nothing encrypts what they are sent.",
                _FILE,
                hint='Give certificate and key, or behind_proxy = true, or leave address = "127.0.0.1".',
            )
        )
    if not encrypted and server.hosts:
        problems.append(
            Problem(
                "hosts are named, and nothing encrypts what goes there.",
                _FILE,
                hint="Give certificate and key, or behind_proxy = true when a proxy on this computer does it.",
            )
        )
    if encrypted and not server.hosts:
        problems.append(
            Problem(
                "no hosts are named, so every name is refused.",
                _FILE,
                hint='Name it, such as hosts = ["coding.example.org"].',
            )
        )
    if bool(server.certificate) != bool(server.key):
        problems.append(Problem("certificate and key belong together.", _FILE, hint="Give both, or neither."))
    for what, name in (("certificate", server.certificate), ("key", server.key)):
        if name and not own_path(study, name).is_file():
            problems.append(Problem(f"there is no file {name!r}.", _FILE, column=what))
    if problems:
        raise BordinError(problems)


def own_path(study: Path, name: str) -> Path:
    """Return the path of a file that the server file names, which may be relative to the study."""
    return study / name


def free_port(address: str, port: int) -> int:
    """Return a port that nobody listens on: `port` itself, or any free one for 0.

    Raises
    ------
    BordinError
        When another program has it.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as tried:
        if sys.platform != "win32":
            # So that a server that ended a moment ago does not count.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((address.strip("[]"), port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise BordinError(
                    Problem(
                        f"port {port} is in use by another program, or by bordin for another study.",
                        hint=f"Next: bordin serve STUDY --port {port + 1}",
                    )
                ) from None
            raise BordinError(
                Problem(f"cannot listen on {address}, port {port}: {error.strerror}.", hint="Choose another.")
            ) from None
        return int(tried.getsockname()[1])


@contextmanager
def only_server(study: Path, address: str) -> Iterator[None]:
    """Hold a study for this process, so that no second server writes to it; the system lets go however it ends.

    Raises
    ------
    BordinError
        When another process serves it.
    """
    path = private_folder(study) / LOCK_FILE
    with path.open("a+", encoding="utf-8") as file:
        if not _hold(file.fileno()):
            file.seek(0)
            said = file.read(200).strip()
            raise BordinError(
                Problem(
                    f"this study is served already{f' at {said}' if said else ''}.",
                    str(study),
                    hint="Open that address, or stop the other server first (Ctrl+C where it runs).",
                )
            )
        file.truncate(0)
        file.write(f"{address} (process {os.getpid()})\n")
        file.flush()
        yield
        file.truncate(0)


def is_served(study: Path) -> bool:
    """Say whether a process serves this study now."""
    path = study / "workbench" / LOCK_FILE
    if not path.is_file():
        return False
    with path.open("r+", encoding="utf-8") as file:
        return not _hold(file.fileno())


def _hold(handle: int) -> bool:
    """Lock a file for this process; False when another one has it."""
    if sys.platform == "win32":
        import msvcrt

        # A byte far behind the text, since nobody can read a byte that is locked on Windows.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(handle, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def address_of(server: ServerFile, port: int) -> str:
    """Return the address that people open."""
    if server.behind_proxy:
        return f"https://{server.hosts[0]}"
    if server.certificate:
        return f"https://{server.hosts[0]}" + ("" if port == 443 else f":{port}")
    name = f"[{server.address}]" if ":" in server.address else server.address
    return f"http://{name}:{port}"


def serve(
    application: Any, study: Path, server: ServerFile, port: int, ready: Callable[[], None] | None = None
) -> None:
    """Serve until somebody stops it by Ctrl+C, or the system does.

    Parameters
    ----------
    application : callable
        A WSGI application.
    study : Path
    server : ServerFile
    port : int
        A free one.
    ready : callable, optional
        Called once when the port answers.
    """
    from django.db import connections

    from bordin.workbench.board import look

    # What the first pages show is read while somebody logs in.
    look(0.0)
    # The threads open connections of their own.
    connections.close_all()
    if ready is not None:
        threading.Thread(target=_when_ready, args=(server.address, port, ready), daemon=True).start()
    tls = {}
    if server.certificate:
        tls = {"ssl_cert": own_path(study, server.certificate), "ssl_key": own_path(study, server.key)}
    Server(
        target="bordin",
        address=server.address.strip("[]"),
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.auto if server.certificate else HTTPModes.http1,
        websockets=False,
        workers=1,
        blocking_threads=THREADS,
        backlog=BACKLOG,
        workers_kill_timeout=10,
        log_level=LogLevels.error,
        log_access=False,
        **tls,
    ).serve(target_loader=lambda: application, wrap_loader=False)


def _when_ready(address: str, port: int, ready: Callable[[], None]) -> None:
    host = "127.0.0.1" if address in {"0.0.0.0", "localhost"} else address.strip("[]")
    for _ in range(200):
        try:
            socket.create_connection((host, port), timeout=0.5).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            ready()
            return
