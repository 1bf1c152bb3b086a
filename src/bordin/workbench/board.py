"""What the lead's pages show: counts and figures of the record, computed behind the page and kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import connection

from bordin.store.double_coded import watch
from bordin.store.overview import Figures, compute, fresh
from bordin.store.progress import Counts, count
from bordin.store.responses import open_alerts
from bordin.store.standing import Standing, last_fact, rows
from bordin.workbench import current
from bordin.workbench.behind import Answer, Behind

# A fact of one of these changes a figure; of the others, a count at most.
CHANGE_FIGURES = ("lock", "reopen", "import rating", "withdrawal")
CHANGE_COUNTS = (
    *CHANGE_FIGURES,
    "allocation",
    "account",
    "import",
    "invitation",
    "invitation ended",
    "response",
    "paper",
)
# After so many seconds links may have ended, though no fact says so.
COUNT_AGAIN = 300
# A computation of s seconds is followed by 4 s without one, so that a busy day does not keep a core busy.
REST = 4.0


@dataclass(frozen=True)
class Board:
    """Counts, and the figures as far as they are computed.

    Attributes
    ----------
    counts : Counts
    figures : Figures or None
    """

    counts: Counts
    figures: Figures | None


class _Kept:
    """The standing of one record; only the one thread behind the page touches it."""

    def __init__(self) -> None:
        self.record = ""
        self.standing: Standing | None = None
        self.figures: Figures | None = None
        self.figures_of = -1

    def board(self, record: str, publish: Callable[[Board], None]) -> Board:
        study = current.study()
        if self.record != record or self.standing is None:
            self.record, self.standing, self.figures, self.figures_of = record, fresh(study), None, -1
        last = last_fact(*CHANGE_FIGURES)
        if not self.standing.follows():
            # A backup was put in place of the record.
            self.standing, self.figures, self.figures_of = fresh(study), None, -1
        # What many forms raise is looked at here first, so that no page has to.
        open_alerts(study)
        self.standing.read_states()
        board = Board(count(study, self.standing), self.figures)
        if last != self.figures_of:
            publish(board)
            # The first look at the tapes that several coders code takes seconds on a large record: not in a page.
            watch().standings()
            self.standing.read_ratings()
            self.figures, self.figures_of = compute(study, self.standing), last
            board = replace(board, figures=self.figures)
        return board


_kept = _Kept()
_behind: Behind[Board] = Behind(rest=REST)


def record_name() -> str:
    """Return what tells this record, and this protocol, from any other that the process may have served before."""
    first = list(rows("SELECT hash FROM store_fact WHERE seq = 1"))
    name = connection.settings_dict["NAME"]
    return f"{name} {first[0][0] if first else ''} {current.study().sha256}"


def look(wait: float = 0.15) -> Answer[Board]:
    """Return the board as it stands, or as it stood while a newer one is computed.

    Parameters
    ----------
    wait : float
        Seconds to wait for it.

    Returns
    -------
    Answer
    """
    record = record_name()
    key = (last_fact(*CHANGE_COUNTS), int(time.time() // COUNT_AGAIN))
    return _behind.ask(record, key, lambda publish: _kept.board(record, publish), wait)
