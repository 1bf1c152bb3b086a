"""The how-to page does what it says, and the explanation has the numbers of the code."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

from bordin.tapes.deidentification import KINDS, dictionary_from_text
from bordin.tapes.deidentification.names import JOINED, NEAR, PART, SOUNDS, SURE
from bordin.tapes.deidentification.study_patterns import MOST_WAYS

DOCS = Path(__file__).parents[3] / "docs"
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


def test_the_page_runs_and_prints_what_it_shows() -> None:
    page = (DOCS / "how-to" / "deidentify-a-transcript.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    printed, shown = [], []
    for kind, body in BLOCK.findall(page):
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(body, names)
            printed.append(out.getvalue())
        elif kind == "text":
            shown.append(body)
    assert len(shown) == 4
    assert printed == shown


def test_the_pages_dictionary_is_read() -> None:
    page = (DOCS / "how-to" / "deidentify-a-transcript.md").read_text(encoding="utf-8")
    (example,) = (body for kind, body in BLOCK.findall(page) if kind == "csv")
    made = dictionary_from_text(example)
    assert (len(made.entries), len(made.patterns)) == (4, 1)
    assert all(f"`{kind}`" in page for kind in KINDS)


def test_the_explanation_has_the_numbers_of_the_code() -> None:
    page = (DOCS / "explanation" / "deidentification.md").read_text(encoding="utf-8")
    table = [float(n) for n in re.findall(r"\| (\.\d\d) \|", page)]
    assert table == [SURE, PART, JOINED, NEAR, SOUNDS]
    assert f"more than {MOST_WAYS:,} are refused" in page
