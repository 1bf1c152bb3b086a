"""``bordin run``: a study folder becomes its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bordin.study.results import Results

FORMATS = ("html", "docx", "pdf", "csv", "json")


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
    out: Annotated[
        Path | None, typer.Option(help="Folder of the report; reports/ in the study when absent.")
    ] = None,
    poster: Annotated[bool, typer.Option("--poster", help="Also make a one-page poster (PDF).")] = False,
    only: Annotated[
        str, typer.Option(help="Only these, separated by commas: html, docx, pdf, csv, json.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Analyze a study folder and write its report."""
    from bordin.errors import AnalysisError, nearest

    formats = tuple(f.strip() for f in only.split(",") if f.strip()) or FORMATS
    for f in formats:
        if f not in FORMATS:
            raise AnalysisError(f"--only: there is no format {f!r}. {nearest(f, FORMATS)}")
    results, paths = run_study(study, out=out, poster=poster, formats=formats, quiet=quiet or as_json)
    if as_json:
        import json

        from bordin.report.flat import as_record

        print(json.dumps(as_record(results), ensure_ascii=False, indent=2))
        return
    tell(results, paths)


def run_study(
    folder: Path,
    *,
    out: Path | None = None,
    poster: bool = False,
    formats: tuple[str, ...] = FORMATS,
    quiet: bool = False,
) -> tuple[Results, tuple[Path, ...]]:
    """Read, analyze and report one study folder."""
    from dataclasses import replace

    from bordin.cli.progress import steps
    from bordin.cli.source import data_source
    from bordin.report import write_report
    from bordin.study.analysis import analyse
    from bordin.study.reading import read_records
    from bordin.study.study import load_study

    with steps(folder.resolve().name, quiet=quiet) as step:
        step("reading the protocol")
        study = load_study(folder)
        source, notes = data_source(study, step)
        records = read_records(source, lambda name: step(f"reading {name}"))
        records = replace(records, notes=(*records.notes, *notes))
        results = analyse(study, records, command=_command(folder, poster), tell=step)
        paths = write_report(
            results,
            out if out is not None else study.folder / "reports",
            poster=poster,
            formats=formats,
            progress=lambda name: step(f"writing {name}"),
        )
    return results, paths


def _command(folder: Path, poster: bool) -> str:
    # A full path would tell whose computer it was.
    shown = folder.name if folder.is_absolute() or folder == Path() else folder.as_posix()
    return f"bordin run {shown or '.'}{' --poster' if poster else ''}"


def tell(results: Results, paths: tuple[Path, ...]) -> None:
    """Print flow, verdicts, conclusion, and where the report is."""
    from rich.console import Console
    from rich.padding import Padding

    from bordin.report.terminal import conclusion as conclude
    from bordin.report.terminal import flow_line, verdict_table

    console = Console(highlight=False)
    study = results.protocol.study
    console.print(f"\n[bold]{_plain(study.title)}[/bold]")
    if study.notice:
        console.print(Padding(_plain(study.notice), (0, 0, 0, 2)))
    console.print(f"\n{flow_line(results)}")
    if results.hypotheses:
        console.print(verdict_table(results))
    console.print(f"\n{_plain(conclude(results))}")
    for warning in results.warnings:
        console.print(f"[yellow]Note[/yellow] {_plain(warning)}")
    console.print(f"\n{_lock_line(results)}\n")
    for path in paths:
        if path.suffix in {".html", ".docx", ".pdf"} or path.name == "results.json":
            console.print(f"  {path}", soft_wrap=True)
    tables = [p for p in paths if p.suffix == ".csv"]
    if tables:
        console.print(f"  {len(tables)} tables as CSV beside them", soft_wrap=True)


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _lock_line(results: Results) -> str:
    lock = results.lock
    if lock.state == "unlocked":
        return "The protocol is not locked: hypotheses count as declared after the data were seen. Lock it first: bordin lock"
    if lock.state == "as locked":
        return f"Analyzed as locked on {str(lock.locked_at)[:10]}."
    return f"{len(lock.deviations)} deviations from the protocol locked on {str(lock.locked_at)[:10]}; the report lists them."
