"""What the terminal shows at the end of a run: the flow, the verdicts, one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bordin.report.number import count
from bordin.report.sentences import conclusion
from bordin.report.tables import hypotheses
from bordin.report.text import plain_text
from bordin.study.results import Results

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["conclusion", "flow_line", "verdict_table"]

# Columns of the table of verdicts that fit a terminal of 80 characters.
_NUMBER, _SENTENCE, _ESTIMATE, _VERDICT = 0, 1, 3, 4
_SHOWN = (_NUMBER, _SENTENCE, _ESTIMATE, _VERDICT)
_MARK = {"yes": "●", "no": "✕", "open": "○"}
_COLOR = {"yes": "green", "no": "red", "open": ""}


def flow_line(results: Results) -> str:
    """Return the flow on one line: ``296 recruited → 95 in the arm → 43 analyzed``."""
    return " → ".join(f"{count(step.n)} {step.label}" for step in results.flow)


def verdict_table(results: Results) -> Table:
    """Return the hypotheses with estimate and verdict as a table of rich."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = hypotheses.verdict_table(results)
    shown = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=False)
    for k in _SHOWN:
        shown.add_column(plain_text(made.head[k].content).replace("_", ""), no_wrap=k != _SENTENCE)
    for group in made.groups:
        for row in group:
            if len(row) == 1:
                shown.add_row("", Text(plain_text(row[0].content), style="bold"))
                continue
            texts = [Text(plain_text(row[k].content).split("\n")[0]) for k in _SHOWN]
            shape = row[_VERDICT].shape
            texts[-1] = Text(f"{_MARK.get(shape, '')} {texts[-1]}", style=_COLOR.get(shape, ""))
            shown.add_row(*texts)
    return shown
