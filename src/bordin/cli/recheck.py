"""``bordin recheck``: what holds of a published correlation table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from bordin.study.recheck import Recheck


def command(
    table: Annotated[Path, typer.Argument(help="The printed table: CSV, Excel, Word or HTML file.")],
    n: Annotated[int | None, typer.Option("--n", help="Number of cases; looked for when absent.")] = None,
    alpha: Annotated[float, typer.Option(help="The line that the stars stand for.")] = 0.05,
    tails: Annotated[int, typer.Option(help="Tails of the printed p: 2 or 1.")] = 2,
    family: Annotated[int | None, typer.Option(help="Tests that the text implies, printed or not.")] = None,
    claims: Annotated[Path | None, typer.Option(help="Claims of the text (TOML).")] = None,
    part: Annotated[
        str | None, typer.Option(help="Sheet (name) or table (number), where the file has several.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, unrounded.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for recheck.html, recheck.docx, recheck.json.")
    ] = None,
) -> None:
    """Recheck a published correlation table."""
    from bordin.study.printed_table import read_printed_table
    from bordin.study.recheck import recheck
    from bordin.study.recheck_claims import read_claims

    read = read_claims(claims) if claims is not None else ()
    printed = read_printed_table(table, part=part)
    checked = recheck(printed, n=n, alpha=alpha, tails=tails, family=family, claims=read)
    paths: tuple[Path, ...] = ()
    if out is not None:
        from bordin.report.recheck import write_recheck

        options = {
            "--n": n,
            "--alpha": None if alpha == 0.05 else alpha,
            "--tails": None if tails == 2 else tails,
            "--family": family,
            "--claims": claims.name if claims is not None else None,
            "--part": part,
        }
        given = "".join(f" {name} {value}" for name, value in options.items() if value is not None)
        paths = write_recheck(checked, out, f"bordin recheck {table.name}{given}")
    if as_json:
        from bordin.report.recheck import json_text

        print(json_text(checked), end="")
        return
    _show(checked, paths)


def _show(checked: Recheck, paths: tuple[Path, ...]) -> None:
    """Print cells, remarks, the whole and the claims for a person."""
    from rich.console import Console
    from rich.text import Text

    from bordin.report.number import level, threshold
    from bordin.report.sentences import recheck as say

    console = Console(highlight=False)
    console.print(_cells(checked))
    line = threshold(checked.alpha)
    remarks = [(c, said) for c in checked.cells if (said := say.remark(c, checked.alpha))]
    legend = (
        f"{level(1 - checked.alpha)} intervals (Bonett-Wright). * as printed; † still below {line} by Holm"
    )
    console.print(Text(f"{legend}{'; ! see the note' if remarks else ''}."))
    for cell, said in remarks:
        console.print(Text(f"Note: {cell.printed.row} with {cell.printed.column}: {said}."))
    console.print()
    for sentence in (
        say.consistency,
        say.stars,
        say.cases,
        say.tests,
        say.multiplicity,
        say.detectable,
        say.matrix,
    ):
        if said := sentence(checked):
            console.print(Text(said))
    for note in checked.printed.notes:
        console.print(Text(f"In the file: {note}"))
    if checked.claims:
        console.print()
        console.print(_claims(checked))
    for path in paths:
        console.print(f"  {path}", soft_wrap=True, markup=False)


def _cells(checked: Recheck) -> Table:
    from rich.text import Text

    from bordin.report.number import NOTHING, interval, p_value
    from bordin.report.sentences import recheck as say
    from bordin.report.tables import recheck as tables

    shown = _empty(("row", "column", "r", "p", "recomputed", "interval", "p Holm", "p BH"), folding=2)
    for cell in checked.cells:
        limits, alpha = cell.bonett_wright, checked.alpha
        dagger = "†" if cell.p_holm is not None and cell.p_holm < alpha else ""
        mark = "!" if say.remark(cell, alpha) else ""
        shown.add_row(
            Text(cell.printed.row),
            Text(cell.printed.column),
            f"{tables.printed_r(cell)}{dagger}{mark}",
            tables.printed_p(cell),
            say.probability(cell.p if cell.p_range else None),
            interval(limits.low, limits.high) if limits else NOTHING,
            p_value(cell.p_holm, alpha),
            p_value(cell.p_bh, alpha),
        )
    return shown


def _claims(checked: Recheck) -> Table:
    from rich.text import Text

    from bordin.report.sentences import recheck as say

    color = {"supported": "green", "contradicted": "red"}
    mark = {"supported": "●", "contradicted": "✕"}
    shown = _empty(("claim", "verdict", "because"), folding=3)
    for judged in checked.claims:
        verdict = f"{mark.get(judged.verdict, '○')} {judged.verdict}"
        shown.add_row(
            Text(judged.claim.sentence),
            Text(verdict, style=color.get(judged.verdict, "")),
            Text(say.because(judged, checked.alpha)),
        )
    return shown


def _empty(headings: tuple[str, ...], folding: int) -> Table:
    """Make a table in which only the first columns, those of words, break over lines."""
    from rich.table import Table

    shown = Table(box=None, header_style="bold", collapse_padding=True, pad_edge=False)
    for k, heading in enumerate(headings):
        shown.add_column(heading, no_wrap=k >= folding, overflow="fold")
    return shown
