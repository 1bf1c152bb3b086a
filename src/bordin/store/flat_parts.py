"""The flat files of a study as the record keeps them: which part each is, and its cells as they came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.db import connection

from bordin.errors import DataError
from bordin.study.file_reader import FileReader
from bordin.study.files import Cell, FlatTable, UserMissing
from bordin.study.files_kinds import Kind, kind_of
from bordin.study.files_spss import _kind as kind_of_label
from bordin.study.protocol import DataFile, DataFiles
from bordin.study.results import FileHash
from bordin.study.study import Study

PEOPLE, SESSIONS, PROCESS = "participants", "sessions", "process"
LISTS = ("responses", "ratings", "codes")
TEXT = "text"


def parts_of(data: DataFiles) -> dict[str, DataFile]:
    """Return every data file that a protocol names, by its part, such as ``ratings:0``."""
    found: dict[str, DataFile] = {PEOPLE: data.participants}
    if data.sessions is not None:
        found[SESSIONS] = data.sessions
    for kind in LISTS:
        found |= {f"{kind}:{i}": f for i, f in enumerate(getattr(data, kind))}
    if data.process is not None:
        found[PROCESS] = data.process
    return found


def with_files(data: DataFiles, files: Mapping[str, DataFile]) -> DataFiles:
    """Return the data files with some of them exchanged."""
    whole = parts_of(data) | dict(files)
    return data.model_copy(
        update={
            PEOPLE: whole[PEOPLE],
            SESSIONS: whole.get(SESSIONS),
            PROCESS: whole.get(PROCESS),
            **{k: tuple(f for part, f in whole.items() if part.startswith(f"{k}:")) for k in LISTS},
        }
    )


@dataclass(frozen=True)
class Heading:
    """What belongs to a flat file besides its cells.

    Attributes
    ----------
    names : tuple of str
        As in the file.
    kind : str
        text, or the ending of the file: xlsx, sav, por, parquet.
    decimal : str
    labels, value_labels : mapping
        Of SPSS variables.
    """

    names: tuple[str, ...]
    kind: str = TEXT
    decimal: str = "."
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[float | str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: FlatTable) -> Heading:
        """Take it from a table that was read."""
        kinds = {Kind.EXCEL: "xlsx", Kind.SPSS: "sav", Kind.SPSS_PORTABLE: "por", Kind.PARQUET: "parquet"}
        with table.path.open("rb") as file:
            # Excel is told from the end of the archive, so all of it is needed.
            kind = kind_of(table.path, file.read())
        return cls(table.names, kinds.get(kind, TEXT), table.decimal, table.labels, table.value_labels)

    def as_json(self) -> dict[str, Any]:
        """Return it as the table ``store_importedfile`` keeps it."""
        return {
            "names": list(self.names),
            "kind": self.kind,
            "decimal": self.decimal,
            "labels": dict(self.labels),
            "value_labels": {name: list(map(list, v.items())) for name, v in self.value_labels.items()},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Heading:
        """Return it as it was kept."""
        values = {name: dict(v) for name, v in kept["value_labels"].items()}
        return cls(tuple(kept["names"]), kept["kind"], kept["decimal"], kept["labels"], values)


def encode(cell: Cell) -> Any:
    """Return a cell as JSON can hold it."""
    if isinstance(cell, UserMissing):
        return {"missing": cell.value}
    if isinstance(cell, datetime):
        return {"datetime": cell.isoformat()}
    if isinstance(cell, date):
        return {"date": cell.isoformat()}
    return cell


def decode(kept: Any, labels: Mapping[float | str, str]) -> Cell:
    """Return a cell as it was read, given the value labels of its column."""
    if not isinstance(kept, dict):
        return kept  # type: ignore[no-any-return]
    if "missing" in kept:
        label = labels.get(kept["missing"], "")
        return UserMissing(kept["missing"], label, kind_of_label(label))
    if "datetime" in kept:
        return datetime.fromisoformat(kept["datetime"])
    return date.fromisoformat(kept["date"])


def row_key(cells: Sequence[Any]) -> tuple[Any, ...]:
    """Return the encoded cells of a row as something that can be compared and looked up."""
    return tuple(tuple(c.items()) if isinstance(c, dict) else c for c in cells)


@dataclass(frozen=True)
class Stored:
    """A flat file in the record.

    Attributes
    ----------
    id : int
    part, name : str
    heading : Heading
    sha256 : str
        Of the file that was read in last.
    """

    id: int
    part: str
    name: str
    heading: Heading
    sha256: str

    def rows(self) -> Iterator[tuple[int, str | None, list[Any]]]:
        """Yield number, participant and encoded cells of each row, in the order of the file."""
        last = 0
        while block := _query(
            "SELECT number, participant, cells FROM store_importedrow WHERE file_id = %s AND number > %s "
            "ORDER BY number LIMIT 20000",
            [self.id, last],
        ):
            for number, participant, cells in block:
                yield number, participant, json.loads(cells) if isinstance(cells, str) else cells
            last = block[-1][0]

    def table(self, without: frozenset[str] = frozenset()) -> FlatTable:
        """Return it as a table under its own headings, without the rows of some participants."""
        names = self.heading.names
        labels = [self.heading.value_labels.get(n, {}) for n in names]
        columns: list[list[Cell]] = [[] for _ in names]
        for _, participant, cells in self.rows():
            if participant not in without:
                for column, cell, known in zip(columns, cells, labels, strict=True):
                    column.append(decode(cell, known))
        return FlatTable(
            path=Path(self.name),
            names=names,
            columns=dict(zip(names, columns, strict=True)),
            sha256=self.sha256,
            labels=dict(self.heading.labels),
            value_labels={n: dict(v) for n, v in self.heading.value_labels.items()},
            decimal=self.heading.decimal,
        )


def stored_files() -> dict[str, Stored]:
    """Return the flat files that were read in, by part."""
    last = {
        item: json.loads(detail)["sha256"]
        for item, detail in _query("SELECT item, detail FROM store_fact WHERE kind = 'import' ORDER BY seq")
    }
    found = {}
    for id, part, name, headings, sha256 in _query(
        "SELECT id, part, name, headings, sha256 FROM store_importedfile ORDER BY id"
    ):
        kept = json.loads(headings) if isinstance(headings, str) else headings
        found[part] = Stored(id, part, name, Heading.from_json(kept), last.get(part, sha256))
    return found


def _query(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


@dataclass
class GivenReader(FileReader):
    """Reads tables that are there already; a part without one is left out.

    Attributes
    ----------
    tables : mapping of str to FlatTable
        By part, under the files' own headings.
    """

    tables: Mapping[str, FlatTable] = field(default_factory=dict)

    def table(self, f: DataFile) -> FlatTable | None:
        """Return the table of a data file under our column names; None when there is none."""
        part = next(p for p, known in parts_of(self.study.protocol.data).items() if known is f)
        table = self.tables.get(part)
        if table is None:
            return None
        try:
            renamed = table.rename({theirs: ours for ours, theirs in f.columns.items()})
        except DataError as error:
            self.add(error)
            return None
        self.files.append(FileHash(table.path.name, table.sha256, table.n_rows))
        return renamed

    def name_of(self, path: Path) -> str:
        """Return a file's name without its folder, which may be a temporary one."""
        return path.name


def without_sample(study: Study) -> Study:
    """Return the study with everybody in its sample: who is analyzed need not be there on the first day."""
    sample = type(study.protocol.sample).model_construct()
    return replace(study, protocol=study.protocol.model_copy(update={"sample": sample}))


def inside(name: str) -> str:
    """Return a data file's name as it may stand in a folder of its own: nothing leads out of it."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.name if path.is_absolute() or ".." in path.parts or ":" in name else path.as_posix()
