"""``bordin score``: one questionnaire file in, scores out, with every bad cell listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bordin.instruments.score import ScoreTable
    from bordin.study.files import FlatTable

Writer = Callable[[Sequence[str], Sequence[Sequence[object]]], None]

SHOWN_ERRORS = 20
ID_NAMES = ("id", "participant")
OCCASION_NAMES = ("occasion", "session")


def command(
    instrument: Annotated[str, typer.Argument(help="Catalog name, or path of your own .toml file.")],
    file: Annotated[Path, typer.Argument(help="CSV, Excel, SPSS or Parquet file, one row a form.")],
    variant: Annotated[str | None, typer.Option(help="Way of scoring, where there are several.")] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="Column that says whose form it is (else: id, participant).")
    ] = None,
    occasion: Annotated[
        str | None, typer.Option(help="Column that says of when it is (else: occasion, session).")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="Columns of the items: item1=ALL_1,item2=ALL_2 or a pattern, ALL_*.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the scores: .csv, .xlsx or .sav.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="One bad cell refuses the whole file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, unrounded.")] = False,
) -> None:
    """Score a questionnaire file on its own."""
    from dataclasses import replace

    from bordin import instruments
    from bordin.study.files import read_table

    loaded = instruments.load(instrument)
    loaded.choose_variant(variant)
    write = _writer(out, file) if out is not None else None
    table = read_table(file)
    scored = instruments.score(
        loaded,
        table.columns,
        variant=variant,
        id=id or _first(ID_NAMES, table.names),
        occasion=occasion or _first(OCCASION_NAMES, table.names),
        columns=_columns(columns),
        file=str(file),
    )
    refused = strict and bool(scored.errors)
    if refused:
        scored = replace(scored, scores=(), alerts=(), n_scored=0)
    elif write is not None:
        write(*scored.wide())
    if as_json:
        import json

        print(json.dumps(scored.as_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(scored, loaded.name, table, out, refused=refused)
    if scored.errors:
        raise typer.Exit(1)


def _first(wanted: Sequence[str], names: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _columns(text: str | None) -> str | dict[str, str] | None:
    """Read ``--columns``: pairs, or a pattern with a star."""
    from bordin.errors import DataError, Problem

    if text is None or "=" not in text:
        return text
    pairs = {}
    for part in text.split(","):
        item, sign, name = (word.strip() for word in part.partition("="))
        if not (item and sign and name):
            hint = "Write item1=FIRST,item2=SECOND or a pattern such as ALL_*."
            raise DataError(
                Problem(f"'{part}' is not of the form item=column.", column="--columns", hint=hint)
            )
        if item in pairs:
            raise DataError(Problem(f"{item} is given two columns.", column="--columns"))
        pairs[item] = name
    return pairs


def _writer(out: Path, file: Path) -> Writer:
    """Choose the writer by the file's ending, before any work is done."""
    from functools import partial

    from bordin.errors import DataError, Problem
    from bordin.study.files import write_csv

    if out.resolve() == file.resolve():
        raise DataError(
            Problem("this is the file of answers; the scores need a file of their own.", str(out))
        )
    if not out.parent.is_dir():
        raise DataError(
            Problem("the folder to write to does not exist.", str(out.parent), hint="Make it first.")
        )
    writers: dict[str, Callable[[Path, Sequence[str], Sequence[Sequence[object]]], None]]
    writers = {".csv": write_csv, ".xlsx": _write_excel, ".sav": _write_spss}
    if out.suffix.lower() not in writers:
        problem = f"scores cannot be written as '{out.suffix}'."
        raise DataError(Problem(problem, str(out), hint="Known: .csv, .xlsx, .sav."))
    return partial(writers[out.suffix.lower()], out)


def _write_excel(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from io import BytesIO

    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("scores")
    sheet.append(list(names))
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"  # an id such as "=1+1" is text, never a formula
            cells.append(cell)
        sheet.append(cells)
    # Saved to memory first: a workbook whose saving fails half way cannot be closed cleanly.
    content = BytesIO()
    book.save(content)
    _replace(path, lambda part: part.write_bytes(content.getvalue()))


def _write_spss(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    import polars
    import pyreadstat

    text = {"id", "occasion", "why_missing"}
    schema = {name: polars.String if name in text else polars.Float64 for name in names}
    frame = polars.DataFrame(rows, schema=schema, orient="row", strict=False)
    _replace(path, lambda part: pyreadstat.write_sav(frame, str(part)))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file, then put it in place: it appears whole or not at all."""
    import os

    from bordin.errors import DataError, Problem

    part = path.with_name(f".{os.urandom(4).hex()}.{path.name}")
    try:
        write(part)
        os.replace(part, path)
    except OSError as error:
        hint = "Close it in other programs, and check that the folder exists and may be written to."
        problem = f"the file cannot be written ({error.strerror or error})."
        raise DataError(Problem(problem, str(path), hint=hint)) from error
    finally:
        part.unlink(missing_ok=True)


def _show(scored: ScoreTable, name: str, table: FlatTable, out: Path | None, *, refused: bool) -> None:
    """Print descriptives, alerts, bad cells and the next step for a person."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bordin.report.number import number, plain

    console = Console(highlight=False)

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    scoring = f" ({scored.variant})" if scored.variant else ""
    say(f"{name}{scoring}: {scored.n_scored} of {scored.n_rows} rows scored")
    if scored.scores:
        shown = Table(
            "scale", "n", "missing", "mean", "SD", "lowest", "highest", box=None, header_style="bold"
        )
        for one in scored.describe():
            limits = plain(one.low), plain(one.high)
            shown.add_row(one.scale, str(one.n), str(one.missing), number(one.mean), number(one.sd), *limits)
        console.print(shown)
    for alert in scored.alerts:
        say(f"Alert, {_place(table, alert.row, alert.id)}: {alert.message}", "bold")
    if scored.errors:
        say(f"{len(scored.errors)} bad cells or rows:")
    for error in scored.errors[:SHOWN_ERRORS]:
        say(f"  {_place(table, error.row, error.id)}, {error.column}: {error.message}")
    if len(scored.errors) > SHOWN_ERRORS:
        more = len(scored.errors) - SHOWN_ERRORS
        say(f"  and {more} more; --json lists all.")
    say(_next_step(scored, out, refused=refused))


def _place(table: FlatTable, row: int, who: str | None) -> str:
    """Name a row as the spreadsheet or editor counts it."""
    line = f"line {table.line(row - 1)}"
    return f"{line} ({who})" if who is not None else line


def _next_step(scored: ScoreTable, out: Path | None, *, refused: bool) -> str:
    if refused:
        return (
            "The file was refused (--strict) and nothing was written. Mend the cells above and score again."
        )
    if out is not None:
        written = f"Scores are in {out}."
        return f"{written} Mend the cells above and score again." if scored.errors else written
    if scored.errors:
        return "Mend the cells above and score again, then write the scores with --out scores.csv."
    return "Write the scores with --out scores.csv (or .xlsx, .sav)."
