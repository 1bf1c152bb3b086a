"""The report on a rechecked table: HTML, Word and JSON."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path

from bordin import __version__
from bordin.errors import BordinError, Problem
from bordin.estimate import Interval
from bordin.report import put
from bordin.report.number import count, threshold
from bordin.report.paper import Block, Bullets, Command, Paper, Paragraphs, Section, Terms
from bordin.report.sentences import recheck as say
from bordin.report.tables.recheck import cells_table, claims_table, tests_table
from bordin.report.text import Phrase, Run, phrase, plural
from bordin.study.recheck import Recheck
from bordin.study.recheck_cells import CheckedCell
from bordin.study.recheck_claims import JudgedClaim


def write_recheck(checked: Recheck, folder: Path, command: str = "bordin recheck") -> tuple[Path, ...]:
    """Write ``recheck.html``, ``recheck.docx`` and ``recheck.json`` into a folder.

    Parameters
    ----------
    checked : Recheck
    folder : Path
        Made when it is not there; files of an earlier recheck are replaced, each only when whole.
    command : str
        What one types to make it again; stands at the end of the report.

    Returns
    -------
    tuple of Path

    Raises
    ------
    BordinError
        When a file cannot be written.
    """
    from bordin.report.docx import document
    from bordin.report.html import page

    paper = compose(checked, command)
    contents = {
        "recheck.html": page(paper).encode(),
        "recheck.docx": document(paper),
        "recheck.json": json_text(checked).encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(put(folder / name, content) for name, content in contents.items())
    except OSError as error:
        raise BordinError(
            Problem(
                f"the report cannot be written ({error.strerror}).",
                file=str(error.filename or folder),
                hint="Close it in other programs, and check that the folder may be written to.",
            )
        ) from error


def compose(checked: Recheck, command: str = "bordin recheck") -> Paper:
    """Put the report together.

    Parameters
    ----------
    checked : Recheck
    command : str
        What one types to make it again.

    Returns
    -------
    Paper
    """
    made_at = datetime.now().astimezone()
    name = checked.printed.path.name
    sections = [
        Section("remarks", "Look at these cells", _remarks(checked)),
        Section("cells", "Cell by cell", (cells_table(checked),)),
        Section("table", "The table as a whole", _whole(checked)),
        Section("claims", "Claims of the text", (claims_table(checked),) if checked.claims else ()),
        Section("limits", "What a recheck cannot say", (Bullets(say.limits(checked)),), framed=True),
        Section("reproduce", "Reproduce", _reproduce(checked, command)),
    ]
    return Paper(
        title=f"Recheck of {name}",
        authors="",
        made_at=made_at.isoformat(timespec="seconds"),
        byline=f"{count(len(checked.cells))} printed {plural(len(checked.cells), 'cell')}. {say.cases(checked)}",
        notice="",
        conclusion=say.conclusion(checked),
        key_figures=_key_figures(checked),
        sections=tuple(s for s in sections if s.blocks),
    )


def _key_figures(checked: Recheck) -> tuple[tuple[str, str, str], ...]:
    table = checked.table
    followed = next(t for t in table.tests if t.test == "t")
    shown = [
        ("Cases", count(table.n), table.n_source),
        ("p that follow", count(followed.n_fitting), f"of {count(followed.n_cells)} from r and N"),
    ]
    if checked.printed.has_stars:
        shown.append(("Wrong stars", count(len(checked.wrong_stars)), f"of {count(table.starred)} printed"))
    if say.counted(checked):
        shown.append(
            (
                "Below the line",
                count(table.holm),
                f"by Holm, of {count(table.below_alpha)} below {threshold(checked.alpha)}",
            )
        )
    return tuple(shown)


def _remarks(checked: Recheck) -> tuple[Block, ...]:
    points = [
        phrase(Run(f"{c.printed.row} with {c.printed.column}.", "strong"), f" {text}.")
        for c in checked.cells
        if (text := say.remark(c, checked.alpha))
    ]
    return (Bullets(tuple(points)),) if points else ()


def _whole(checked: Recheck) -> tuple[Block, ...]:
    said = (say.cases, say.tests, say.multiplicity, say.detectable, say.matrix)
    paragraphs = tuple(phrase(text) for sentence in said if (text := sentence(checked)))
    return (Paragraphs(paragraphs), tests_table(checked))


def _reproduce(checked: Recheck, command: str) -> tuple[Block, ...]:
    path = checked.printed.path
    pairs: list[tuple[str, Phrase]] = [
        ("Table", phrase(f"{path.name}, {checked.printed.layout} layout, ", _hash(path))),
        ("Line", phrase(f"{threshold(checked.alpha)}, {checked.tails}-tailed")),
        ("Software", phrase(f"bordin {__version__}")),
    ]
    if checked.printed.notes:
        pairs.append(("In the file", phrase("\n".join(checked.printed.notes))))
    return (Terms(tuple(pairs)), Command(command))


def _hash(path: Path) -> Run:
    return Run(f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}…", "mono")


def json_text(checked: Recheck) -> str:
    """Return the text of ``recheck.json``."""
    return json.dumps(as_record(checked), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def as_record(checked: Recheck) -> dict[str, object]:
    """Return everything that was found as nested dicts, lists, texts and numbers; nothing is rounded.

    Parameters
    ----------
    checked : Recheck

    Returns
    -------
    dict
        ``file``, ``layout``, ``alpha``, ``tails``, ``conclusion``, ``cells``, ``table``, ``claims``, ``notes``.
        A number that does not exist is None.
    """
    return {
        "file": checked.printed.path.name,
        "layout": checked.printed.layout,
        "alpha": checked.alpha,
        "tails": checked.tails,
        "conclusion": say.conclusion(checked),
        "cells": [_cell(c, checked.alpha) for c in checked.cells],
        "table": _table(checked),
        "claims": [_claim(c, checked.alpha) for c in checked.claims],
        "notes": list(checked.printed.notes),
    }


def _cell(cell: CheckedCell, alpha: float) -> dict[str, object]:
    printed = cell.printed
    return {
        "row": printed.row,
        "column": printed.column,
        "r": cell.r,
        "n": cell.n,
        "p_printed": printed.p.value if printed.p else None,
        "p_printed_text": printed.p.text if printed.p else None,
        "p_relation": printed.p.relation if printed.p else None,
        "p_recomputed": cell.p if cell.p_range else None,
        "p_recomputed_low": cell.p_range.low if cell.p_range else None,
        "p_recomputed_high": cell.p_range.high if cell.p_range else None,
        "consistent": cell.consistent,
        "star": printed.star,
        "star_ok": cell.star_ok,
        "flags": list(cell.flags),
        "fits_t": cell.fits.get("t"),
        "fits_kendall": cell.fits.get("kendall"),
        "fits_other_tails": cell.fits.get("other tails"),
        "slip": _slip(cell),
        "remark": say.remark(cell, alpha),
        "bonett_wright": _interval(cell.bonett_wright),
        "fisher": _interval(cell.fisher),
        "p_holm": cell.p_holm,
        "p_bh": cell.p_bh,
    }


def _slip(cell: CheckedCell) -> dict[str, str] | None:
    slip = cell.slip
    return {"kind": slip.kind, "of": slip.of, "printed": slip.printed, "meant": slip.meant} if slip else None


def _interval(limits: Interval | None) -> list[float] | None:
    return [limits.low, limits.high] if limits is not None else None


def _table(checked: Recheck) -> dict[str, object]:
    table = checked.table
    matrix = table.matrix
    return {
        "n": table.n,
        "n_source": table.n_source,
        "n_fits": list(table.n_fits),
        "n_tests": table.n_tests,
        "inconsistent": len(checked.inconsistent),
        "starred": table.starred,
        "wrong_stars": len(checked.wrong_stars),
        "below_alpha": table.below_alpha,
        "holm": table.holm,
        "bh": table.bh,
        "family": table.family,
        "unprinted": table.family - table.n_tests if table.family is not None else None,
        "holm_family": table.holm_family,
        "bh_family": table.bh_family,
        "expected_false_positives": table.expected_false_positives,
        "smallest_detectable": table.smallest_detectable,
        "tests": [
            {
                "test": t.test,
                "n_fitting": t.n_fitting,
                "n_cells": t.n_cells,
                "most": t.most,
                "at_n": list(t.numbers),
            }
            for t in table.tests
        ],
        "matrix": {
            "verdict": matrix.verdict,
            "variables": list(matrix.names),
            "n_missing": matrix.n_missing,
            "smallest_eigenvalue": matrix.smallest_eigenvalue,
            "sign_of": matrix.slip,
        }
        if matrix is not None
        else None,
    }


def _claim(judged: JudgedClaim, alpha: float) -> dict[str, object]:
    return {
        "sentence": judged.claim.sentence,
        "cells": [list(pair) for pair in judged.claim.cells],
        "expect": judged.claim.expect,
        "within": judged.claim.within,
        "verdict": judged.verdict,
        "because": say.because(judged, alpha),
    }
