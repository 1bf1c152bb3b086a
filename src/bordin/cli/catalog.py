"""``bordin catalog``: what the package knows of instruments and coding systems."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="Entry to show; all are listed when absent.")] = "",
    manual: Annotated[
        bool, typer.Option("--manual", help="Print a coding system's manual (Markdown).")
    ] = False,
) -> None:
    """List the instruments and coding systems, or show one."""
    from bordin import instruments
    from bordin.coding import catalog as coding
    from bordin.errors import CatalogError, nearest

    if not name:
        _list()
    elif name in instruments.names():
        _instrument(name)
    elif name in coding.names():
        system = coding.load(name)
        if manual:
            print(system.manual or f"{name} is a structure only; it has no manual.")
        else:
            _system(name)
    else:
        known = (*instruments.names(), *coding.names())
        raise CatalogError(f"The catalog has no entry {name!r}. {nearest(name, known)}")


def _list() -> None:
    from rich.console import Console
    from rich.table import Table

    from bordin import instruments
    from bordin.coding import catalog as coding

    console = Console(highlight=False)
    table = Table(
        "name",
        "instrument",
        "items",
        "answers",
        "scales",
        box=None,
        title="Instruments",
        title_justify="left",
    )
    for name in instruments.names():
        i = instruments.load(name, key_required=False)
        table.add_row(name, i.name, str(len(i.items)), str(i.answers), ", ".join(s.id for s in i.scales))
    console.print(table)
    table = Table(
        "name", "coding system", "unit", "yields", box=None, title="\nCoding systems", title_justify="left"
    )
    for name in coding.names():
        s = coding.load(name)
        count = (
            f"{len(s.dimensions)} dimensions"
            if s.dimensions
            else f"{sum(len(t.codes) for t in s.code_types)} codes"
        )
        table.add_row(name, s.name, str(s.unit.kind), count)
    console.print(table)
    console.print("\nMore of one: bordin catalog NAME (with --manual the manual of a coding system)")


def _facts(rows: list[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for row in rows:
        if row[1]:
            table.add_row(*row)
    Console(highlight=False).print(table)


def _instrument(name: str) -> None:
    from bordin import instruments

    i = instruments.load(name, key_required=False)
    scales = [
        f"{s.id}: {s.name}; {s.rule} of {s.size} item{'s' if s.size != 1 else ''}"
        + (f" ({', '.join(s.items)})" if s.items else " (key from your own file)")
        + (f"; {' and '.join(s.place)}" if s.place else "")
        + (f"; {s.max_missing} may be missing" if s.max_missing else "")
        for s in i.scales
    ]
    _facts(
        [
            (name, i.name),
            ("informants", ", ".join(i.informants)),
            ("items", f"{len(i.items)}: {', '.join(i.keys)}"),
            ("answers", str(i.answers)),
            ("reversed", ", ".join(k for k in i.keys if k in i.reversed_items) or "none"),
            ("scales", "\n".join(scales)),
            ("variants", "; ".join(f"{v.id}: {v.description}" for v in i.variants)),
            ("missing items", i.missing_rule),
            ("verified", "\n".join(i.verified)),
            ("not verified", "\n".join(i.unverified)),
            ("notes", "\n".join(i.notes)),
            ("source", f"{i.citation} {i.doi}".strip()),
            ("rights", i.rights),
        ]
    )


def _system(name: str) -> None:
    from bordin.coding import catalog as coding

    s = coding.load(name)
    dimensions = [f"{d.id}: {d.name}, {d.low:g} to {d.high:g} in steps of {d.step:g}" for d in s.dimensions]
    codes = [f"{c.id}: {c.name}" for t in s.code_types for c in t.codes]
    _facts(
        [
            (name, f"{s.name}, manual {s.manual_version}"),
            ("what", s.summary),
            ("unit, target", f"{s.unit.kind}, {s.target}"),
            ("dimensions", "\n".join(dimensions)),
            ("codes", "\n".join(codes)),
            ("derived", "\n".join(f"{d.id}: {d.name} = {d.formula.text}" for d in s.derived)),
            ("thresholds", "\n".join(f"{t.id}: {t.name}: {t.condition.text}" for t in s.thresholds)),
            ("no value", "\n".join(f"{a.name} ({a.kind})" for a in s.absences)),
            ("verified", "\n".join(s.verified)),
            ("not verified", "\n".join(s.unverified)),
            ("source", s.source),
            ("rights", s.rights),
        ]
    )
