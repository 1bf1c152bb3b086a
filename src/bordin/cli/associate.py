"""``bordin associate``: one file in, an association table out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bordin.errors import AnalysisError

if TYPE_CHECKING:
    from rich.table import Table

    from bordin.association.cells import AssociationTable, Cell


def associate_command(
    data: Annotated[
        Path, typer.Argument(help="CSV, Excel, SPSS or Parquet file; with --from-table a published table.")
    ],
    x: Annotated[str | None, typer.Option("--x", help="Row variables, separated by commas.")] = None,
    y: Annotated[str | None, typer.Option("--y", help="Column variables, separated by commas.")] = None,
    coefficient: Annotated[str, typer.Option(help="spearman, kendall or pearson.")] = "spearman",
    control: Annotated[str | None, typer.Option(help="Grouping to take out, such as therapist.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Whose rows belong together: participant.")] = None,
    sesoi: Annotated[float | None, typer.Option(help="Smallest effect size of interest, such as .3.")] = None,
    against: Annotated[str | None, typer.Option(help="Contrast each row variable with this one.")] = None,
    negative: Annotated[str, typer.Option(help="Negative poles, separated by commas.")] = "",
    p: Annotated[str, typer.Option("--p", help="p to print and adjust: t or permutation.")] = "t",
    interval: Annotated[str, typer.Option(help="Interval: default, Fieller or Fisher.")] = "default",
    permutations: Annotated[int, typer.Option(help="Number of shuffles; 0 for none.")] = 10_000,
    bootstrap: Annotated[int, typer.Option(help="Number of bootstrap resamples; 0 for none.")] = 0,
    level: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    alpha: Annotated[float, typer.Option(help="Level of the tests.")] = 0.05,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
    sensitivity: Annotated[
        bool, typer.Option(help="Compute other coefficients and leave-one-out ranges.")
    ] = True,
    from_table: Annotated[
        bool, typer.Option("--from-table", help="The file is a published table of correlations.")
    ] = False,
    n: Annotated[
        int | None, typer.Option("--n", help="With --from-table: cases of cells that print none.")
    ] = None,
    instrument: Annotated[str, typer.Option(help="With --from-table: questionnaire, for --out.")] = "",
    informant: Annotated[str, typer.Option(help="With --from-table: who filled it in, for --out.")] = "",
    session: Annotated[str, typer.Option(help="With --from-table: of which session, for --out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, unrounded.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the cells (or effects) to this CSV file, unrounded.")
    ] = None,
) -> None:
    """Correlate columns of a data file, with honest small-sample statistics."""
    from bordin.cli.associate_from_table import FromTable, read_effects, refuse

    if from_table:
        needs = "a published table has no data for it."
        refuse({"x": x, "y": y, "control": control, "cluster": cluster, "against": against}, needs)
        refuse({"negative": negative, "bootstrap": bootstrap or None, "p": None if p == "t" else p}, needs)
        choices = FromTable(n, coefficient, interval, sesoi, level, alpha, instrument, informant, session)
        _tell(read_effects(data, choices, out), as_json)
        return
    only = "only a published table needs it; add --from-table."
    refuse({"n": n, "instrument": instrument, "informant": informant, "session": session}, only)
    if x is None or y is None:
        raise AnalysisError("Name the variables: --x q2,q3 --y concordance, or --from-table for a table.")
    from bordin.association import associate

    rows, columns = _names(x), _names(y)
    others = (against,) if against is not None else ()
    made = associate(
        _read(data, list(dict.fromkeys((*rows, *columns, *others))), [n for n in (control, cluster) if n]),
        rows,
        columns,
        coefficient=coefficient,
        control=control,
        cluster=cluster,
        sesoi=sesoi,
        against=against,
        negative=_names(negative),
        p=p,
        interval=interval,
        permutations=permutations,
        bootstrap=bootstrap,
        level=level,
        alpha=alpha,
        seed=seed,
        sensitivity=sensitivity,
    )
    if out is not None:
        _write(made, out)
    _tell(made, as_json)


command = associate_command


def _tell(table: AssociationTable, as_json: bool) -> None:
    """Print a table for a program or for a person."""
    if not as_json:
        _show(table)
        return
    import json

    from bordin.association import as_record

    print(json.dumps(as_record(table), indent=1, ensure_ascii=False, allow_nan=False))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for part in text.split(",") if (name := part.strip()))


def _read(
    path: Path, numbers: list[str], groupings: list[str]
) -> dict[str, list[float | None] | list[str | None]]:
    """Read the columns that are asked for, and report the faults of all of them at once."""
    from bordin.errors import DataError, Problem
    from bordin.study.files import read_table

    table = read_table(path)
    problems: list[Problem] = []
    columns: dict[str, list[float | None] | list[str | None]] = {}
    for name in (*numbers, *groupings):
        try:
            columns[name] = table.texts(name) if name in groupings else table.numbers(name)
        except DataError as fault:
            problems.extend(fault.problems)
    if problems:
        raise DataError(problems)
    return columns


def _write(table: AssociationTable, path: Path) -> None:
    from bordin.association import as_rows
    from bordin.study.files import write_csv

    rows = as_rows(table)
    write_csv(path, list(rows[0]), [list(row.values()) for row in rows])


def _show(table: AssociationTable) -> None:
    """Print the cells, the contrasts and the notes for a person."""
    from rich.console import Console
    from rich.text import Text

    from bordin.report.number import level, threshold

    console = Console()
    console.print(_cells(table))
    line, adjustment = threshold(table.alpha), "maxT" if _has_maxt(table) else "Holm"
    console.print(
        Text(
            f"{level(table.level)} intervals; p by {_how(table)}. * p < {line} before adjustment; "
            f"† still below {line} by {adjustment} (tests in the table: {table.family_size})."
        )
    )
    if table.contrasts:
        console.print(_contrasts(table))
    for note in table.notes:
        console.print(Text(f"Note: {note}."))


def _has_maxt(table: AssociationTable) -> bool:
    """Tell whether cells were shuffled; without shuffles (and without data) Holm stands in."""
    return any(cell.p_maxt is not None for cell in table.cells)


def _how(table: AssociationTable) -> str:
    methods = dict.fromkeys(cell.p_method for cell in table.cells if cell.p is not None)
    return ", ".join(methods) or "no test"


def _cells(table: AssociationTable) -> Table:
    from bordin.report.number import correlation, p_value

    maxt = _has_maxt(table)
    headings = ["x", "y", table.coefficient, "interval", "n", "p", "p Holm", "p maxT" if maxt else "p BH"]
    headings += ["TOST p"] if table.sesoi is not None else []
    headings += ["partial", "p"] if table.control is not None else []
    split = any(cell.within_between is not None for cell in table.cells)
    headings += ["within", "p"] if split else []
    shown = _empty_table(headings, folding=("x", "y"))
    for cell in table.cells:
        if cell.estimate.undefined is not None:
            shown.add_row(cell.x, cell.y, "–", cell.estimate.undefined, str(cell.estimate.n))
            continue
        tests = [cell.p, cell.p_holm, cell.p_maxt if maxt else cell.p_bh]
        tests += [cell.tost_p] if table.sesoi is not None else []
        sure = cell.p_maxt if maxt else cell.p_holm
        words = [*_value(cell, table.alpha, sure), *(p_value(p, table.alpha) for p in tests)]
        if cell.partial is not None:
            words += [correlation(cell.partial.value), p_value(cell.partial.p, table.alpha)]
        if cell.within_between is not None:
            part = cell.within_between
            words += [correlation(part.within.value), p_value(part.within_p, table.alpha)]
        shown.add_row(cell.x, cell.y, *words)
    return shown


def _value(cell: Cell, alpha: float, adjusted: float | None) -> tuple[str, str, str]:
    from bordin.report.number import correlation, interval

    limits = cell.estimate.interval
    star = "*" if cell.p is not None and cell.p < alpha else ""
    dagger = "†" if adjusted is not None and adjusted < alpha else ""
    return (
        correlation(cell.estimate.value) + star + dagger,
        interval(limits.low, limits.high) if limits is not None else "–",
        str(cell.estimate.n),
    )


def _contrasts(table: AssociationTable) -> Table:
    from bordin.report.number import correlation, interval, p_value

    headings = ["difference of", "with", "value", "Zou", "n", "Williams p", "Steiger p", "Meng p"]
    shown = _empty_table(headings, folding=("difference of", "with"))
    for made in table.contrasts:
        limits = made.zou
        shown.add_row(
            f"{made.x} − {made.against}",
            made.y + (" (reflected)" if made.reflected else ""),
            correlation(made.difference),
            interval(limits.low, limits.high) if limits is not None else made.undefined or "–",
            str(made.n),
            *(p_value(p, table.alpha) for p in (made.williams_p, made.steiger_p, made.meng_p)),
        )
    return shown


def _empty_table(headings: list[str], folding: tuple[str, ...]) -> Table:
    """Make a table in which numbers never break over lines, and names only where room is short."""
    from rich.table import Table

    shown = Table(box=None, header_style="bold", collapse_padding=True, pad_edge=False)
    for heading in headings:
        shown.add_column(heading, no_wrap=heading not in folding, overflow="fold")
    return shown
