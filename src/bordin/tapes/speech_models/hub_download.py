"""The only place in bordin that opens a connection: it fetches files of a model when a person asks for it.

It runs as a process of its own, ``python -m bordin.tapes.speech_models.hub_download``, so that no other work ever shares
a process with it. No account and no token are used, and the hub's counting of users is off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_XET": "1",  # plain downloads from one host, no second service
    "HF_HUB_OFFLINE": "0",
}
NO_CLIENT = 3


def main(arguments: Sequence[str]) -> int:
    """Fetch files of one revision of a repository.

    Parameters
    ----------
    arguments : sequence of str
        Repository, revision, folder to write to, and the names of the files.

    Returns
    -------
    int
        0 when all are there; 1 when one could not be fetched, with the reason on standard error;
        3 when the client of the hub is not installed.
    """
    repository, revision, folder, *names = arguments
    os.environ.update(SETTINGS)  # before the import, which reads them
    if not sys.stderr.isatty():
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        return NO_CLIENT
    try:
        for name in names:
            hf_hub_download(repository, name, revision=revision, local_dir=folder, token=False)
    except Exception as error:  # whatever the client raises, a person reads one line
        reason = (str(error).strip().splitlines() or [""])[0]
        print(f"{type(error).__name__}: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
