"""Where the data of a study are: in its flat files, or in the record of its workbench."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bordin.study.protocol import DataFile
    from bordin.study.study import Study

    F = TypeVar("F", bound=DataFile)


def data_source(study: Study, step: Callable[[str], None]) -> tuple[Study, tuple[str, ...]]:
    """Return the study with its data where they are, and notes that say so.

    Parameters
    ----------
    study : Study
    step : callable
        Told what is being done.

    Returns
    -------
    study : Study
        The same, or redirected to files that were written from its record for this run.
    notes : tuple of str
    """
    if not (study.folder / "workbench").is_dir():
        return study, ()
    from bordin.store.database import has_record

    if not has_record(study.folder):
        return study, ()
    from bordin.store.exporting import export_for_run, redirected
    from bordin.store.opening import open_record
    from bordin.store.people import counts

    step("reading the record of the workbench")
    open_record(study.folder)
    if not counts()["participants"]:
        return study, ("The workbench holds nobody yet, so the data are those of the study's own files.",)
    made = export_for_run(study, "bordin")
    told = (
        f"The data are those of the workbench's record: {made.facts:,} facts, head of the chain {made.head}."
    )
    return redirected(study, made), (told, *made.notes)


def without_what_is_to_come(study: Study) -> tuple[Study, tuple[str, ...]]:
    """Leave out files that the workbench will fill: ratings under ``[allocation]``, answers under ``[[forms]]``.

    Returns
    -------
    study : Study
        Without the files that are absent or hold headings alone.
    notes : tuple of str
        One for each of them.
    """
    data, protocol = study.protocol.data, study.protocol
    notes: list[str] = []

    def there(files: Sequence[F], comes: bool) -> tuple[F, ...]:
        empty = [f for f in files if comes and _is_empty(study, f)]
        notes.extend(
            f"{f.file} is not there yet; the workbench will hold what is to be in it." for f in empty
        )
        return tuple(f for f in files if f not in empty)

    ratings = there(data.ratings, protocol.allocation is not None)
    responses = there(data.responses, bool(protocol.forms))
    kept = data.model_copy(update={"ratings": ratings, "responses": responses})
    return replace(study, protocol=protocol.model_copy(update={"data": kept})), tuple(notes)


def _is_empty(study: Study, file: DataFile) -> bool:
    """Say whether a text file is absent, or holds nothing below its headings."""
    from bordin.study.files import data_path

    path = data_path(study.folder, file.file)
    if not path.is_file():
        return True
    if path.suffix.lower() not in {".csv", ".tsv", ".txt"}:
        return False
    with path.open("rb") as lines:
        return sum(bool(line.strip()) for line in lines) < 2
