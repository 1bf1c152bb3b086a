"""``bordin agree``: one file of codes or ratings in, every coefficient that fits them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bordin.reliability.agreement import Agreement

RESAMPLES = 2_000


def command(
    file: Annotated[Path, typer.Argument(help="CSV, Excel, SPSS or Parquet file.")],
    unit: Annotated[str, typer.Option(help="What was coded: session, turn or event.")] = "session",
    level: Annotated[
        str | None, typer.Option(help="nominal, ordinal, interval or ratio (else: seen from the values).")
    ] = None,
    scale: Annotated[str | None, typer.Option(help="Lowest and highest point, such as 0:6.")] = None,
    layout: Annotated[
        str | None, typer.Option(help="long or wide (else: long when there is a column coder).")
    ] = None,
    tolerance: Annotated[float, typer.Option(help="Seconds within which two marks are one event.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, unrounded.")] = False,
) -> None:
    """Measure how far coders agree, for any design."""
    from bordin.cli.agree_columns import read_codes, read_scale
    from bordin.reliability.agreement import agree, as_record, coded_by_dimension

    limits = read_scale(scale)
    codes = read_codes(file, unit=unit, level=level, scale=limits, layout=layout)
    units = coded_by_dimension(
        codes.sessions,
        codes.coders,
        codes.values,
        dimensions=codes.dimensions,
        turns=codes.turns,
        times=codes.times,
        tolerance=tolerance,
    )
    found = [
        agree(coded, level=level, scale=limits, dimension=dimension, bootstrap=RESAMPLES, seed=seed)
        for dimension, coded in units.items()
    ]
    if as_json:
        import json

        print(json.dumps(as_record(found), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(found)


def _show(found: list[Agreement]) -> None:
    """Print one table a dimension, its components and what has to be known, for a person."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for place, one in enumerate(found):
        if place:
            console.print()
        head = f"{one.dimension}: {one.level} level" if one.dimension else f"{one.level.capitalize()} level"
        console.print(Text(f"{head}; {one.rule}", style="bold"), soft_wrap=True)
        console.print(_coefficients(one))
        _show_components(console, one)
        for note in dict.fromkeys([*one.warnings, *_notes(one)]):
            console.print(Text(f"Note: {note}."), soft_wrap=True)


def _notes(found: Agreement) -> list[str]:
    """Notes of the coefficients; one that stands beside few of them bears their names."""
    whose: dict[str, list[str]] = {}
    for made in found.reliabilities:
        for note in made.estimate.notes:
            whose.setdefault(note, []).append(made.estimate.name)
    return [f"{', '.join(names)}: {note}" if len(names) <= 3 else note for note, names in whose.items()]


def _coefficients(found: Agreement) -> Table:
    from rich.table import Table

    from bordin.report.number import correlation, count, interval, level

    limits = [made.estimate.interval for made in found.reliabilities]
    share = next((level(one.level) for one in limits if one is not None), "")
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("coefficient", "value", f"{share} interval".strip(), "bootstrap", f"{found.unit}s"):
        shown.add_column(heading, no_wrap=heading != "coefficient", overflow="fold")
    for heading in ("coders", "values"):
        shown.add_column(heading, no_wrap=True)
    for made, resampled in zip(found.reliabilities, found.bootstrap, strict=True):
        estimate, analytic = made.estimate, made.estimate.interval
        if estimate.undefined is not None:
            shown.add_row(estimate.name, "–", f"undefined: {estimate.undefined}")
            continue
        shown.add_row(
            estimate.name,
            correlation(estimate.value),
            interval(analytic.low, analytic.high) if analytic is not None else "–",
            interval(resampled.low, resampled.high) if resampled is not None else "–",
            *(count(n) for n in (made.n_units, made.n_coders, made.n_values)),
        )
    return shown


def _show_components(console: Console, found: Agreement) -> None:
    from rich.text import Text

    from bordin.report.number import number

    components = found.components
    if components is None or components.undefined is not None:
        return
    parts = zip(("session", "coder", "residual"), components.values, strict=True)
    told = ", ".join(f"{name} {number(value, 3)}" for name, value in parts)
    console.print(Text(f"Variance components ({components.estimator}): {told}."), soft_wrap=True)
