"""Which variables the file of process measures holds, known before its values are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bordin.study.files import FlatTable, data_path, read_table
from bordin.study.files_table import NUMBER_MISSING, is_number
from bordin.study.protocol import ProcessFile
from bordin.tapes.measures import measure_names

KEYS = ("session", "participant")


@dataclass(frozen=True)
class ProcessColumns:
    """The columns of a file of process measures.

    Attributes
    ----------
    numbers : tuple of str
        Columns that can be variables, in the order of the file.
    texts : tuple of str
        Columns that hold words only.
    there : bool
        Whether the file is there yet. When it is not, `numbers` are the measures that bordin
        takes and the columns that the protocol maps.
    """

    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ()
    there: bool = True


def process_columns(folder: Path, f: ProcessFile) -> ProcessColumns:
    """Find the variables that a file of process measures holds.

    Parameters
    ----------
    folder : Path
        The study folder.
    f : ProcessFile

    Returns
    -------
    ProcessColumns
        Only headings and kinds of column; a cell that is no number is found when the data are read.

    Raises
    ------
    DataError
        When the file is there and cannot be read.
    """
    path = data_path(folder, f.file)
    if not path.exists():
        mapped = [ours for ours in f.columns if ours not in KEYS]
        return ProcessColumns(tuple(dict.fromkeys((*measure_names(), *mapped))), there=False)
    table = read_table(path, sheet=f.sheet, delimiter=f.delimiter, decimal=f.decimal)
    table = table.rename({theirs: ours for ours, theirs in f.columns.items()})
    names = [n for n in table.names if n not in KEYS]
    texts = tuple(n for n in names if _is_text(table, n))
    return ProcessColumns(tuple(n for n in names if n not in texts), texts)


def _is_text(table: FlatTable, name: str) -> bool:
    """Say whether a column has words and not one number; an empty column has neither."""
    filled = [t for t in table.texts(name, NUMBER_MISSING) if t is not None]
    return bool(filled) and not any(is_number(t) for t in filled)
