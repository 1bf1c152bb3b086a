"""Reads the files that a protocol names, and collects what is wrong instead of stopping at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bordin.errors import DataError, Problem, nearest
from bordin.study.files import FlatTable, data_path, read_table
from bordin.study.protocol import DataFile
from bordin.study.results import FileHash
from bordin.study.study import Study


@dataclass
class FileReader:
    """Reads file after file under our column names.

    Attributes
    ----------
    study : Study
    tell : callable
        Called with the name of each file as it is read.
    problems : list of Problem
        All that was wrong so far.
    files : list of FileHash
    notes : list of str
    """

    study: Study
    tell: Callable[[str], None]
    problems: list[Problem] = field(default_factory=list)
    files: list[FileHash] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def table(self, f: DataFile) -> FlatTable | None:
        """Read one file under our column names; None when it cannot be read."""
        path = data_path(self.study.folder, f.file)
        self.tell(f.file)
        try:
            table = read_table(path, sheet=f.sheet, delimiter=f.delimiter, decimal=f.decimal)
            table = table.rename({theirs: ours for ours, theirs in f.columns.items()})
        except DataError as error:
            self.add(error)
            return None
        name = self.name_of(path)
        self.notes += [n for n in (f"{name}: {note}" for note in table.notes) if n not in self.notes]
        if all(known.name != name for known in self.files):
            self.files.append(FileHash(name, table.sha256, table.n_rows))
        return table

    def name_of(self, path: Path) -> str:
        """Return a file's name as it stands in the study folder."""
        try:
            return path.relative_to(self.study.folder).as_posix()
        except ValueError:
            return path.name

    def add(self, error: DataError) -> None:
        """Keep the problems of an error, with file names as a reader knows them."""
        for p in error.problems:
            name = self.name_of(Path(p.file)) if p.file else None
            self.problems.append(Problem(p.message, name, p.line, p.column, p.hint))

    def add_in(
        self, table: FlatTable, error: DataError, row: int | None = None, column: str | None = None
    ) -> None:
        """Keep the problems of an error that does not know its file (nor perhaps its row)."""
        for p in error.problems:
            line = p.line if p.line is not None or row is None else table.line(row)
            message = p.message if p.message.endswith(".") else f"{p.message}."
            self.problems.append(Problem(message, self.name_of(table.path), line, p.column or column, p.hint))

    def problem(
        self, table: FlatTable, row: int | None, column: str, message: str, hint: str | None = None
    ) -> None:
        """Note a fault in a row of a file."""
        line = None if row is None else table.line(row)
        self.problems.append(Problem(message, self.name_of(table.path), line, column, hint))

    def unknown(
        self, table: FlatTable, row: int, column: str, given: str | None, known: Mapping[str, object]
    ) -> None:
        """Note a participant or session that its own file does not hold."""
        if column not in table.names:
            return
        if given is None:
            self.problem(table, row, column, "this cell is empty.")
        else:
            self.problem(
                table,
                row,
                column,
                f"{given!r} stands in no row of the {column}s file.",
                nearest(given, known),
            )

    def texts(self, table: FlatTable, name: str, *, needed: bool = False) -> list[str | None]:
        """Return a column of names; all None when it is absent and not needed."""
        if name not in table.names:
            if needed:
                self.problem(
                    table,
                    None,
                    name,
                    "this column is missing.",
                    f'If it has another name there, map it in the protocol: columns = {{ {name} = "its name" }}. '
                    f"The columns are: {', '.join(table.names[:12])}.",
                )
            return [None] * table.n_rows
        return table.texts(name, labelled=name in {"arm", "therapist"})

    def numbers(self, table: FlatTable, name: str) -> list[float | None]:
        """Return a column of numbers; all None when it is absent or cannot be read."""
        if name in table.names:
            try:
                return table.numbers(name)
            except DataError as error:
                self.add(error)
        return [None] * table.n_rows
