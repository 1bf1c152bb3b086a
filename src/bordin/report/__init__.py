"""The report: what an analysis found, as HTML, Word, PDF, CSV, JSON and a poster.

Numbers are rounded here, in :mod:`bordin.report.number`, and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bordin.errors import BordinError, Problem, nearest

if TYPE_CHECKING:
    from bordin.report.paper import Paper
    from bordin.study.results import Results

FORMATS = ("html", "docx", "pdf", "csv", "json")

__all__ = ["FORMATS", "write_report"]


def write_report(
    results: Results,
    folder: Path,
    *,
    poster: bool = False,
    formats: Sequence[str] = FORMATS,
    progress: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """Write the report of a study into a folder.

    Every file appears whole or not at all; files of an earlier report are replaced.

    Parameters
    ----------
    results : Results
        What the analysis found.
    folder : Path
        Where to write; made when it is not there.
    poster : bool
        Whether to write ``poster.pdf`` too.
    formats : sequence of str
        Some of html, docx, pdf, csv, json.
    progress : callable or None
        Told the name of each file before it is written.

    Returns
    -------
    tuple of Path
        ``report.html``, ``report.docx``, ``report.pdf``, ``cells.csv`` and the other tables,
        ``results.json``, ``poster.pdf``: those that were asked for.

    Raises
    ------
    BordinError
        When a format is unknown or a file cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise BordinError(f"There is no report format {name!r}. {nearest(name, FORMATS)}")
    tell = progress or (lambda _: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write_all(results, folder, tuple(formats), poster, tell)
    except OSError as error:
        raise BordinError(
            Problem(
                f"the report cannot be written ({error.strerror}).",
                file=str(error.filename or folder),
                hint="Close the report in other programs, and check that the folder may be written to.",
            )
        ) from error


def _write_all(
    results: Results, folder: Path, formats: tuple[str, ...], poster: bool, tell: Callable[[str], None]
) -> tuple[Path, ...]:
    from bordin.report.paper import compose

    paths: list[Path] = []
    documents = [name for name in ("html", "docx", "pdf") if name in formats]
    paper = compose(results) if documents else None
    if paper is not None:
        for name in documents:
            path = folder / f"report.{name}"
            tell(path.name)
            put(path, _document(name, paper, formats))
            paths.append(path)
    if "csv" in formats:
        from bordin.report.flat import write_tables

        tell("tables as CSV")
        paths.extend(write_tables(results, folder))
    if "json" in formats:
        from bordin.report.flat import json_text

        tell("results.json")
        paths.append(put(folder / "results.json", json_text(results).encode()))
    if poster:
        from bordin.report.poster import poster_pdf

        tell("poster.pdf")
        paths.append(put(folder / "poster.pdf", poster_pdf(results)))
    return tuple(paths)


def _document(name: str, paper: Paper, formats: tuple[str, ...]) -> bytes:
    if name == "html":
        from bordin.report.html import page

        return page(paper, formats).encode()
    if name == "docx":
        from bordin.report.docx import document

        return document(paper)
    from bordin.report.pdf import pdf

    return pdf(paper)


def put(path: Path, content: bytes) -> Path:
    """Write a file under another name first, so that a reader never sees half of it."""
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path
