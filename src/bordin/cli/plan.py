"""``bordin plan``: what a planned study can and cannot show, before any data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from bordin.study.planned_study import Choices, PlannedStudy
    from bordin.study.planning import Plan

SHOWN = 30


def command(
    study: Annotated[
        Path | None, typer.Argument(help="Study folder or study.toml, when there is a protocol.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Participants that are planned.")] = None,
    rows: Annotated[int | None, typer.Option(help="Number of row variables.")] = None,
    columns: Annotated[int | None, typer.Option(help="Number of column variables.")] = None,
    rho: Annotated[
        float | None,
        typer.Option(help="True correlation (with a protocol: its smallest_effect when absent)."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Published table whose correlations are taken as true.")
    ] = None,
    reliability_x: Annotated[
        float | None, typer.Option(help="Reliability of a row score of one session.")
    ] = None,
    reliability_y: Annotated[
        float | None, typer.Option(help="Reliability of a column score of one session.")
    ] = None,
    points: Annotated[int | None, typer.Option(help="Scale points of every variable.")] = None,
    ceiling: Annotated[
        float | None, typer.Option(help="Share of the rows' values at the highest point.")
    ] = None,
    missing: Annotated[float, typer.Option(help="Share of values that are missing.")] = 0.0,
    adjustment: Annotated[
        str | None, typer.Option(help="none, holm, bh or maxt (the protocol's, or none, when absent).")
    ] = None,
    sesoi: Annotated[float | None, typer.Option(help="Smallest effect size of interest, such as .3.")] = None,
    power: Annotated[float, typer.Option(help="Wished power.")] = 0.8,
    width: Annotated[float, typer.Option(help="Wished width of an interval.")] = 0.4,
    sessions: Annotated[int, typer.Option(help="Sessions of each participant.")] = 1,
    therapists: Annotated[
        int, typer.Option(help="Therapists; from 2 on they are taken out of every test.")
    ] = 1,
    within: Annotated[
        float, typer.Option(help="True correlation of the rows, and of the columns, with each other.")
    ] = 0.3,
    coefficient: Annotated[
        str | None, typer.Option(help="spearman, kendall or pearson (the protocol's, or spearman).")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Level of the tests (the protocol's, or .05).")] = None,
    simulations: Annotated[int, typer.Option(help="Simulated studies at the planned number.")] = 1000,
    processes: Annotated[int, typer.Option(help="Processes that share the work.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, unrounded.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write plan.html and plan.json into this folder.")] = None,
) -> None:
    """Say what a planned study can and cannot show."""
    from bordin.cli.progress import steps
    from bordin.study.planned_study import Choices
    from bordin.study.planning import make_plan
    from bordin.study.printed_table import read_printed_table

    choices = Choices(
        n=n,
        rows=rows,
        columns=columns,
        rho=rho,
        truth=None if truth is None else read_printed_table(truth),
        reliability_x=reliability_x,
        reliability_y=reliability_y,
        points=points,
        ceiling=ceiling,
        missing=missing,
        adjustment=adjustment,
        sesoi=sesoi,
        alpha=alpha,
        coefficient=coefficient,
        sessions=sessions,
        therapists=therapists,
        within=within,
    )
    planned = _planned(study, choices)
    with steps("plan", quiet=as_json) as step, _executor(processes) as executor:
        # A line for each block of simulations is told only where it replaces the one before.
        tell = step if step.live else None
        if tell is None:
            step(f"{simulations:,} simulated studies of {n} participants, and fewer of other numbers")
        made = make_plan(
            planned,
            power=power,
            width=width,
            simulations=simulations,
            seed=seed,
            executor=executor,
            tell=tell,
        )
    paths = _write(made, out) if out is not None else ()
    if as_json:
        from bordin.report.plan import json_text

        print(json_text(made), end="")
        return
    _show(made, paths)


def _planned(study: Path | None, choices: Choices) -> PlannedStudy:
    from bordin.study.planned_study import plan_from_numbers, plan_from_study

    if study is None:
        return plan_from_numbers(choices)
    from bordin.study.study import load_study

    return plan_from_study(load_study(study), choices)


@contextmanager
def _executor(processes: int) -> Iterator[Executor | None]:
    """Make the processes that share the work; None for this process alone."""
    from bordin.errors import AnalysisError

    if processes < 1:
        raise AnalysisError(f"--processes is {processes}; give 1 or more.")
    if processes == 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Started anew instead of forked: a fork may inherit a lock that a numerical library holds.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield pool


def _write(made: Plan, folder: Path) -> tuple[Path, ...]:
    import shlex
    import sys

    from bordin.report.plan import write_plan

    # A full path would tell whose computer it was.
    words = [Path(w).name if Path(w).is_absolute() else w for w in sys.argv[1:]]
    return write_plan(made, folder, f"bordin {shlex.join(words)}")


def _show(made: Plan, paths: tuple[Path, ...]) -> None:
    """Print answers, power of the hypotheses, and what is taken for granted."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from bordin.report.number import correlation, percent
    from bordin.report.plan import answers, assumptions, cases_needed, verdict_line

    console = Console(highlight=False)

    def pairs(found: list[tuple[str, str]]) -> None:
        shown = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        shown.add_column(max_width=31)
        shown.add_column()
        for term, answer in found:
            shown.add_row(Text(term), Text(answer))
        console.print(Padding(shown, (0, 0, 0, 2)))

    console.print(Text(f"\n{made.planned.title}", style="bold"))
    pairs(assumptions(made))
    console.print(Text("\nWhat it can show", style="bold"))
    pairs(answers(made))
    if made.hypotheses:
        shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for heading in ("", "hypothesis", "expected", "power", f"for {percent(made.wished_power)}"):
            shown.add_column(heading, overflow="fold", no_wrap=heading in ("", "expected", "power"))
        for h in made.hypotheses[:SHOWN]:
            needed = cases_needed(made, h)
            shown.add_row(h.id, Text(h.sentence), h.expect, correlation(h.power.value, 2), needed)
        console.print()
        console.print(Padding(shown, (0, 0, 0, 2)))
        if len(made.hypotheses) > SHOWN:
            console.print(Text(f"  and {len(made.hypotheses) - SHOWN} more; --json lists all."))
    console.print(Text(f"\n{verdict_line(made)}"))
    for note in made.notes:
        console.print(Text(f"Note: {note}."))
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)
