"""Proof that a piece of work reaches no network, and the settings that keep engines from trying.

Four proofs, each with its limits, which the report names:

1. An audit hook of Python records and refuses every connection, datagram and name look-up that Python code
   of this process tries. It does not see native code.
2. On Linux the socket descriptors of the process are watched hundreds of times a second, native code included.
   It sees and does not prevent; a socket that lives for a few milliseconds only can slip by.
3. On Linux, :func:`shut` takes the right to open network sockets from the process and from all programs that
   it starts, native code included, until it ends. The kernel refuses; nothing can slip by.
4. On Linux, :func:`run_isolated` runs a program in a network namespace that has no network. Not every system
   lets an ordinary user do that.

onnxruntime from version 1.29 on sends usage data to its maker unless told otherwise before it is first
imported, from native code and some twenty seconds after its start (measured here with 1.32 on Linux: one
socket; none with the setting). So :func:`mute` is called before any engine is imported.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError

SETTINGS = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "PYANNOTE_METRICS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
}
# Families that stay on this computer: pipes between processes, and the kernel itself.
LOCAL_FAMILIES = ("AF_UNIX", "AF_NETLINK", "AF_ALG", "AF_SYSTEM", "AF_PIPE")
LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
REACHES = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind")
STARTS = ("subprocess.Popen", "os.posix_spawn", "os.spawn", "os.system", "os.exec", "os.startfile")
LOOPBACK = ("127.", "::1", "localhost")
DESCRIPTORS = Path("/proc/self/fd")
LOCAL_TABLES = (("/proc/self/net/unix", 6), ("/proc/self/net/netlink", 9))
BETWEEN_LOOKS = 0.002

HOOK = "Python's own connections and look-ups were refused"
SOCKETS = "socket descriptors of the process were watched, native code included"
KERNEL = "the kernel refused network sockets to the process"
NAMESPACE = "it ran where there is no network"
PROOFS = (HOOK, SOCKETS, KERNEL, NAMESPACE)

# Numbers of the Linux kernel: machine to (architecture, seccomp, socket); and of its filter language.
MACHINES = {"x86_64": (0xC000003E, 317, 41), "aarch64": (0xC00000B7, 277, 198)}
NEW_RINGS = 425  # io_uring_setup: a second way to a socket
LOCAL_NUMBERS = (1, 16, 38)  # AF_UNIX, AF_NETLINK, AF_ALG
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES


@dataclass(frozen=True)
class NetworkReport:
    """What was seen of the network during a piece of work.

    Attributes
    ----------
    proofs : tuple of str
        What was applied.
    attempts : tuple of str
        What Python code tried, each refused: the kind of attempt, never an address.
    sockets : int
        Network sockets that appeared in the process; 0 is what a closed tool shows. One that reached nobody
        counts too: better one alarm too many.
    programs : int
        Programs that were started and that only the namespace would have held.
    """

    proofs: tuple[str, ...]
    attempts: tuple[str, ...] = ()
    sockets: int = 0
    programs: int = 0

    @property
    def closed(self) -> bool:
        """Whether nothing reached, or tried to reach, a network."""
        return not self.attempts and self.sockets == 0

    @property
    def missing(self) -> tuple[str, ...]:
        """Proofs that this computer or this call did not allow."""
        return tuple(p for p in PROOFS if p not in self.proofs)

    def __str__(self) -> str:
        if not self.closed:
            refused = f"; refused: {', '.join(dict.fromkeys(self.attempts))}" if self.attempts else ""
            return f"{self.sockets} network sockets opened{refused}."
        proofs = "; ".join(self.proofs) or "no proof can be given on this computer"
        more = f" {self.programs} programs were started and not watched." if self.programs else ""
        return f"0 network sockets opened ({proofs}).{more}"


@dataclass
class Watch:
    """What :func:`watch` has seen so far; its report is whole when the watch has ended."""

    attempts: list[str] = field(default_factory=list)
    programs: int = 0
    strange: set[str] = field(default_factory=set)
    sees_sockets: bool = False

    @property
    def report(self) -> NetworkReport:
        """The report as of now."""
        proofs = [HOOK]
        proofs += [SOCKETS] if self.sees_sockets else []
        proofs += [KERNEL] if _shut_by_kernel else []
        return NetworkReport(tuple(proofs), tuple(self.attempts), len(self.strange), self.programs)


_watches: list[Watch] = []
_shut_by_kernel: list[bool] = []
_lock = threading.Lock()


def mute() -> None:
    """Tell engines to stay off the network and to report nothing; call it before one is imported.

    The settings are those of :data:`SETTINGS`, for this process and those that it starts. On Windows
    onnxruntime has a switch of its own; it is used when the package is already imported.
    """
    os.environ.update(SETTINGS)
    loaded = sys.modules.get("onnxruntime")
    if loaded is not None:
        with suppress(AttributeError):
            loaded.disable_telemetry_events()


@contextmanager
def watch() -> Iterator[Watch]:
    """Refuse the network to this process and record what tried to reach it.

    All threads are meant. Sockets between processes of this computer are allowed (on Windows those over the
    loopback address too, of which pipes are made there).

    Yields
    ------
    Watch
        Its `report` says what was applied and seen.

    Raises
    ------
    ConnectionRefusedError
        In the code that tries.
    """
    _install()
    mute()
    seen = Watch()
    looks = _Looks(seen)
    with _lock:
        _watches.append(seen)
    looks.start()
    try:
        yield seen
    finally:
        looks.stop()
        with _lock:
            _watches.remove(seen)


def shut() -> bool:
    """Take the right to open network sockets from this process for good (Linux on x86-64 and ARM64).

    All threads are meant, native code too, and all programs that the process starts from now on. Sockets that
    are open stay open. There is no way back, so it is for a process that ends with its work.

    Returns
    -------
    bool
        Whether the kernel accepted; False on other systems.
    """
    if _shut_by_kernel:
        return True
    if not sys.platform.startswith("linux") or platform.machine() not in MACHINES or sys.maxsize < 1 << 32:
        return False
    if _load_filter(*MACHINES[platform.machine()]):
        _shut_by_kernel.append(True)
    return bool(_shut_by_kernel)


def _load_filter(machine: int, seccomp: int, socket_call: int) -> bool:
    """Give the kernel a filter of system calls: sockets of local families only, and no io_uring."""
    import ctypes

    families = len(LOCAL_NUMBERS)
    # Each line: what to do, where to go if equal, where to go if not (lines to skip), and the value.
    lines = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, machine),
        (RETURN, 0, 0, ALLOW),
        (LOAD, 0, 0, 0),
        (EQUAL, families + 3, 0, NEW_RINGS),
        (EQUAL, 1, 0, socket_call),
        (RETURN, 0, 0, ALLOW),
        (LOAD, 0, 0, 16),
        *((EQUAL, families - place, 0, number) for place, number in enumerate(LOCAL_NUMBERS)),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    content = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HxxxxxxQ", len(lines), ctypes.addressof(content))
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    no_new_rights, set_filter, all_threads = 38, 1, 1
    if library.prctl(no_new_rights, 1, 0, 0, 0) != 0:
        return False
    arguments = (ctypes.c_long(seccomp), ctypes.c_ulong(set_filter), ctypes.c_ulong(all_threads))
    return bool(library.syscall(*arguments, ctypes.c_char_p(program)) == 0)


@cache
def _install() -> None:
    """Set the hook once: it cannot be taken off again, so it asks whether anybody watches."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watches:
        return
    if event in STARTS:
        for one in tuple(_watches):
            one.programs += 1
    elif event in LOOK_UPS or (event in REACHES and _leaves(event, arguments)):
        for one in tuple(_watches):
            one.attempts.append(event)
        raise ConnectionRefusedError(f"bordin keeps the network shut here: {event} was refused")


def _leaves(event: str, arguments: tuple[Any, ...]) -> bool:
    """Say whether an attempt would leave this computer."""
    try:
        family = str(getattr(arguments[0].family, "name", arguments[0].family))
    except (AttributeError, IndexError, OSError):
        return True
    if family in LOCAL_FAMILIES:
        return False
    address = arguments[-1] if len(arguments) > 1 else None
    host = str(address[0]) if isinstance(address, tuple) and address else ""
    near = host.startswith(LOOPBACK)
    # A socket bound to the computer's own address can neither reach out nor be reached.
    return not (near and (event == "socket.bind" or sys.platform == "win32"))


class _Looks:
    """Looks at the descriptors of this process many times a second, where Linux shows them."""

    def __init__(self, seen: Watch) -> None:
        self.seen = seen
        self.ended = threading.Event()
        self.before = _sockets()
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        if self.before is None:
            return
        self.seen.sees_sockets = True
        self.thread = threading.Thread(target=self._run, name="bordin-closed-network", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        if self.thread is not None:
            self.ended.set()
            self.thread.join()
            self._look()

    def _run(self) -> None:
        while not self.ended.wait(BETWEEN_LOOKS):
            self._look()

    def _look(self) -> None:
        now = _sockets()
        fresh = (now or set()) - (self.before or set()) - self.seen.strange
        if fresh:
            local = _local()
            # What is gone before the tables could be read is not counted as local: better one alarm too many.
            self.seen.strange |= fresh - local
            if self.before is not None:
                self.before |= fresh & local


def _sockets() -> set[str] | None:
    """Return the numbers of this process's sockets, or None where the system does not show them."""
    try:
        names = os.listdir(DESCRIPTORS)
    except OSError:
        return None
    found = set()
    for name in names:
        with suppress(OSError):
            target = os.readlink(DESCRIPTORS / name)
            if target.startswith("socket:["):
                found.add(target[8:-1])
    return found


def _local() -> set[str]:
    """Return the numbers of sockets that lead to processes of this computer or to its kernel."""
    found = set()
    for table, column in LOCAL_TABLES:
        with suppress(OSError):
            for line in Path(table).read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
                cells = line.split()
                if len(cells) > column:
                    found.add(cells[column])
    return found


@cache
def can_isolate() -> bool:
    """Say whether this computer lets an ordinary user run a program without a network (Linux only)."""
    tools = shutil.which("unshare"), shutil.which("cat")
    if not sys.platform.startswith("linux") or None in tools:
        return False
    try:
        done = subprocess.run(
            [str(tools[0]), "-rn", str(tools[1]), "/proc/self/net/dev"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    devices = {line.split(":")[0].strip() for line in done.stdout.splitlines() if ":" in line}
    return done.returncode == 0 and devices <= {"lo"}


def run_isolated(
    argv: Sequence[str], *, env: Mapping[str, str] | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in a network namespace that has no network.

    Parameters
    ----------
    argv : sequence of str
        The program and its arguments.
    env : mapping, optional
        Added to the environment, which also gets :data:`SETTINGS`.
    timeout : float, optional
        Seconds.

    Returns
    -------
    subprocess.CompletedProcess
        With what it wrote, as text. The proof :data:`NAMESPACE` holds for it.

    Raises
    ------
    TapeError
        When this computer does not allow it (:func:`can_isolate` says so before), or time is up.
    """
    if not can_isolate():
        problem = "this computer does not let a program run without a network (unshare -rn)."
        hint = "The other proofs still apply. On Linux an administrator can allow user namespaces."
        raise TapeError(Problem(problem, hint=hint))
    try:
        return subprocess.run(
            [str(shutil.which("unshare")), "-rn", *argv],
            env={**os.environ, **SETTINGS, **(env or {})},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        problem = f"the program was not done after {timeout:g} seconds, and was stopped."
        raise TapeError(Problem(problem, hint="Give it more time.")) from None
