"""Serve a study for a test, as its lead would: ``bordin serve``."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from made_whole import PASSPHRASE


@dataclass
class Served:
    """A running workbench: its address, and the one-time link of the lead."""

    url: str
    link: str


@contextmanager
def served(study: Path, *words: str, passphrase: str = PASSPHRASE) -> Iterator[Served]:
    """Serve `study` on a free port until the block ends; with ``--new-link`` when the lead has a password."""
    command = [sys.executable, "-m", "bordin", "serve", str(study), "--no-browser", "--port", "0", *words]
    environment = {**os.environ, "BORDIN_PASSPHRASE": passphrase, "PYTHONUNBUFFERED": "1"}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
        )
        try:
            until = time.monotonic() + 60
            while True:
                log.seek(0)
                said = log.read()
                link = re.search(r"(http://127\.0\.0\.1:\d+)/enter/\S+", said)
                if link or process.poll() is not None or time.monotonic() > until:
                    break
                time.sleep(0.05)
            assert link, f"the server did not start:\n{said}"
            _listening(int(link[1].rpartition(":")[2]), until)
            yield Served(link[1], link[0])
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                process.wait(20)
            log.seek(0)
            said = log.read()
            assert "Traceback" not in said, said


def _listening(port: int, until: float) -> None:
    """Wait until somebody answers at `port`: the link is printed a moment before."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
