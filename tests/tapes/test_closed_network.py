"""The watch on the network sees Python and native code, refuses what it can, and says what it cannot prove."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import platform
import re
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes import closed_network
from bordin.tapes.closed_network import (
    HOOK,
    KERNEL,
    MACHINES,
    NAMESPACE,
    SETTINGS,
    SOCKETS,
    NetworkReport,
    can_isolate,
    mute,
    run_isolated,
    watch,
)

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="this system does not show the sockets of a process"
)
needs_unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets here")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that a test makes end with it."""
    for name in SETTINGS:
        monkeypatch.setenv(name, os.environ.get(name, ""))


def alone(code: str) -> list[str]:
    """Run code in a process without the tests' own guard, which would answer before the watch."""
    lines = "from bordin.tapes.closed_network import watch\nimport socket\n" + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-I", "-c", lines], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_python_is_refused_and_counted_and_free_again_afterwards():
    told = alone(
        """
        def tried(what):
            try:
                what()
            except ConnectionRefusedError as error:
                return "shut" in str(error)
            except OSError:
                return False
        plain = socket.socket()
        with watch() as seen:
            print(tried(lambda: plain.connect(("127.0.0.1", 9))))
            print(tried(lambda: socket.getaddrinfo("localhost", 80)))
            print(tried(lambda: plain.bind(("0.0.0.0", 0))))
            print(tried(lambda: plain.bind(("", 0))))
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            print(tried(lambda: datagrams.sendto(b"x", ("127.0.0.1", 9))))
        print(seen.report.closed, seen.report.attempts)
        print(tried(lambda: plain.connect(("127.0.0.1", 9))))
        with watch() as again:
            pass
        print(again.report.attempts)
        """
    )
    assert told[:5] == ["True"] * 5
    assert told[5] == (
        "False ('socket.connect', 'socket.getaddrinfo', 'socket.bind', 'socket.bind', 'socket.sendto')"
    )
    assert told[6] == "False"
    assert told[7] == "()"


def test_other_threads_are_watched_too():
    told = alone(
        """
        import threading
        errors = []
        def work():
            try:
                socket.gethostbyname("localhost")
            except OSError as error:
                errors.append(type(error).__name__)
        with watch() as seen:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        print(errors, seen.report.attempts)
        """
    )
    assert told == ["['ConnectionRefusedError'] ('socket.gethostbyname',)"]


@needs_unix
def test_sockets_and_pipes_between_processes_are_allowed():
    with watch() as seen:
        left, right = socket.socketpair(socket.AF_UNIX)
        left.sendall(b"x")
        assert right.recv(1) == b"x"
        ours, theirs = multiprocessing.Pipe()
        ours.send("y")
        assert theirs.recv() == "y"
        time.sleep(0.05)
        for end in (left, right, ours, theirs):
            end.close()
    assert seen.report.closed
    assert seen.report.sockets == 0
    assert seen.report.attempts == ()


def test_a_probe_of_the_own_address_is_no_attempt():
    told = alone(
        """
        with watch() as seen:
            probe = socket.socket(socket.AF_INET)
            probe.bind(("127.0.0.1", 0))
            probe.close()
        print(seen.report.attempts)
        """
    )
    assert told == ["()"]


@needs_proc
def test_native_sockets_are_seen_while_open_and_when_left_open():
    library = ctypes.CDLL(None)
    with watch() as seen:
        handle = library.socket(int(socket.AF_INET), int(socket.SOCK_STREAM), 0)
        time.sleep(0.1)
        os.close(handle)
    assert (seen.report.sockets, seen.report.closed) == (1, False)
    with watch() as seen:
        handle = library.socket(int(socket.AF_INET), int(socket.SOCK_DGRAM), 0)
    os.close(handle)
    assert seen.report.sockets == 1
    # One that was open before is not blamed on the work.
    handle = library.socket(int(socket.AF_INET), int(socket.SOCK_STREAM), 0)
    with watch() as seen:
        time.sleep(0.03)
    os.close(handle)
    assert seen.report.sockets == 0
    assert seen.report.proofs == (HOOK, SOCKETS)
    assert seen.report.missing == (KERNEL, NAMESPACE)


def test_without_proc_the_report_says_so(monkeypatch):
    monkeypatch.setattr(closed_network, "DESCRIPTORS", Path("/nowhere/fd"))
    with watch() as seen:
        pass
    assert seen.report.proofs == (HOOK,)
    assert SOCKETS in seen.report.missing
    assert seen.report.closed


def test_programs_that_are_started_are_counted():
    with watch() as seen:
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert seen.report.programs == 1
    assert str(seen.report).endswith("1 programs were started and not watched.")


def test_a_report_reads_as_a_sentence():
    assert str(NetworkReport((HOOK, SOCKETS))) == f"0 network sockets opened ({HOOK}; {SOCKETS})."
    assert str(NetworkReport((HOOK,), ("socket.connect", "socket.connect"), 2)) == (
        "2 network sockets opened; refused: socket.connect."
    )
    assert not NetworkReport((HOOK,), sockets=1).closed


def test_engines_are_muted(monkeypatch):
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)

    class Runtime:
        called = 0

        @classmethod
        def disable_telemetry_events(cls) -> None:
            cls.called += 1

    monkeypatch.setitem(sys.modules, "onnxruntime", Runtime)  # type: ignore[arg-type]
    mute()
    assert {name: os.environ[name] for name in SETTINGS} == SETTINGS
    assert Runtime.called == 1
    for name in SETTINGS:
        monkeypatch.delenv(name)
    with watch():
        assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"


def test_the_settings_reach_native_code():
    """The switch is read with getenv by a library, not by Python."""
    mute()
    read = ctypes.CDLL(None if sys.platform != "win32" else "msvcrt").getenv
    read.restype = ctypes.c_char_p
    assert read(b"ORT_DISABLE_TELEMETRY") == b"1"


def test_a_program_runs_where_there_is_no_network():
    if not can_isolate():
        pytest.skip("this computer does not let a user run a program without a network")
    code = (
        "import os, socket\n"
        "print(sorted(name for _, name in socket.if_nameindex()), os.environ['ORT_DISABLE_TELEMETRY'])\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try:\n    s.connect(('192.0.2.1', 9))\nexcept OSError as error:\n    print(error.errno)\n"
    )
    done = run_isolated([sys.executable, "-I", "-c", code], env={"OWN": "1"}, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["['lo'] 1", "101"]  # 101: network is unreachable
    with pytest.raises(TapeError, match=r"not done after 0\.2 seconds"):
        run_isolated([sys.executable, "-c", "import time; time.sleep(30)"], timeout=0.2)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in MACHINES,
    reason="the kernel's filter is known for Linux on x86-64 and ARM64",
)
def test_the_kernel_refuses_network_sockets_to_native_code_threads_and_programs():
    told = alone(
        """
        import ctypes, subprocess, sys, threading, time
        from bordin.tapes.closed_network import KERNEL, shut
        library = ctypes.CDLL(None, use_errno=True)
        def native():
            return [library.socket(family, 1, 0) >= 0 for family in (2, 10, 17, 40, 1, 16)]
        asked, answers = threading.Event(), []
        thread = threading.Thread(target=lambda: (asked.wait(), answers.append(native())))
        thread.start()
        before = native()
        if not shut():
            print("not allowed here")
            asked.set()
            sys.exit()
        asked.set()
        thread.join()
        print(before[:2], native()[:4], answers[0][:4])
        print(native()[4], ctypes.get_errno(), shut())
        left, right = socket.socketpair()
        left.sendall(b"x")
        print(right.recv(1))
        code = "import socket; socket.socket(socket.AF_INET6)"
        done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
        print(done.returncode, done.stderr.strip().splitlines()[-1])
        with watch() as seen:
            pass
        print(KERNEL in seen.report.proofs, library.syscall(425, 1, None), ctypes.get_errno())
        """
    )
    if told == ["not allowed here"]:
        pytest.skip("this system does not let a process give the kernel a filter")
    assert told[0] == "[True, True] [False, False, False, False] [False, False, False, False]"
    assert told[1].startswith("True ")
    assert told[1].endswith(" True")
    assert told[2:4] == ["b'x'", "1 PermissionError: [Errno 13] Permission denied"]
    assert told[4] == "True -1 13"


def test_another_system_cannot_shut(monkeypatch):
    monkeypatch.setattr(closed_network.platform, "machine", lambda: "riscv64")
    assert closed_network.shut() is False
    monkeypatch.setattr(closed_network.sys, "platform", "darwin")
    assert closed_network.shut() is False


def test_a_computer_that_does_not_isolate_says_so(monkeypatch):
    monkeypatch.setattr(closed_network, "can_isolate", lambda: False)
    with pytest.raises(TapeError, match="does not let a program run without a network"):
        run_isolated(["true"])
    can_isolate.cache_clear()
    monkeypatch.setattr(closed_network.shutil, "which", lambda name: None)
    assert can_isolate.__wrapped__() is False


def test_only_one_module_of_tapes_can_open_a_connection():
    """Whatever fetches stands in hub_download; the rest of the folder imports nothing that could."""
    folder = Path(closed_network.__file__).parent
    clients = re.compile(
        r"^\s*(?:import|from)\s+(socket|ssl|http|urllib\.request|httpx|requests|huggingface_hub|ftplib|smtplib)\b",
        re.M,
    )
    users = [
        p.relative_to(folder).as_posix() for p in folder.rglob("*.py") if clients.search(p.read_text("utf-8"))
    ]
    assert users == ["speech_models/hub_download.py"]
