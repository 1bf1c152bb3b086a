"""``bordin agree``: one file of codes or ratings in, every coefficient that fits them out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
    width: Annotated[
        float | None,
        typer.Option(
            help="Plan: the reliability of a mean of 1 to 5 coders, and how many more sessions to code twice for an "
            "interval of ICC(A,1) this wide."
        ),
    ] = None,
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
    planned = {} if width is None else {f.dimension: _planned(f, width, seed) for f in found}
    if as_json:
        import json

        record = as_record(found)
        if width is not None:
            record["d_study"] = [row for plan in planned.values() for row in plan.rows]
            record["double_coding"] = [plan.more for plan in planned.values()]
        print(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show(found, planned)


class _Planned(NamedTuple):
    """The D-study of one dimension, as records: a row a number of coders, and what double coding would do."""

    rows: list[dict[str, object]]
    more: dict[str, object]


def _planned(found: Agreement, width: float, seed: int) -> _Planned:
    """Plan from the variance components of one dimension."""
    from bordin.reliability.d_study import d_study, sessions_for_width

    components = found.components
    more: dict[str, object] = {
        "dimension": found.dimension,
        "width": width,
        "more": None,
        "expected_width": None,
        "width_now": None,
        "undefined": None,
    }
    if components is None:
        return _Planned([], {**more, "undefined": "codes without numbers have no variance components"})
    if components.undefined is not None:
        return _Planned([], {**more, "undefined": components.undefined})
    rows = []
    for agreement in (True, False):
        for point in d_study(components, agreement=agreement):
            e = point.reliability.estimate
            rows.append(
                {
                    "dimension": found.dimension,
                    "coders": point.coders,
                    "name": e.name,
                    "value": e.value,
                    "low": e.interval.low if e.interval else None,
                    "high": e.interval.high if e.interval else None,
                    "undefined": e.undefined,
                }
            )
    if components.values[2] == 0:
        return _Planned(rows, {**more, "undefined": "the coders agree perfectly"})
    plan = sessions_for_width(components, width, seed=seed)
    return _Planned(
        rows, {**more, "more": plan.more, "expected_width": plan.width, "width_now": plan.width_now}
    )


def _show_planned(console: Console, planned: _Planned) -> None:
    from rich.text import Text

    from bordin.report.number import correlation, interval, number

    for row in planned.rows:
        value, low, high = row["value"], row["low"], row["high"]
        if isinstance(value, float) and isinstance(low, float) and isinstance(high, float):
            console.print(Text(f"  {row['name']:<10}{correlation(value)}  {interval(low, high)}"))
    more = planned.more
    if more["undefined"] is not None:
        told = f"No plan for double coding: {more['undefined']}."
    elif more["more"] is None:
        told = (
            f"No number of further sessions up to 400 brings the interval of ICC(A,1) to {more['width']}: "
            "so few coders set a floor; train more of them."
        )
    elif more["more"] == 0:
        told = (
            f"The interval of ICC(A,1) is about {number(_float(more['width_now']))} wide now: narrow enough."
        )
    else:
        told = (
            f"About {more['more']} more sessions coded twice bring the interval of ICC(A,1) from about "
            f"{number(_float(more['width_now']))} to {number(_float(more['expected_width']))} wide."
        )
    console.print(Text(told), soft_wrap=True)


def _float(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _show(found: list[Agreement], planned: Mapping[str, _Planned]) -> None:
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
        if one.dimension in planned:
            _show_planned(console, planned[one.dimension])
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
