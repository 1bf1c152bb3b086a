"""Reading one table of a catalog file: types, allowed words and unknown keys, all faults at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from bordin.errors import BordinError, Problem, nearest

T = TypeVar("T")
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


class Entry:
    """A TOML table that knows its place and remembers which keys were asked for.

    Parameters
    ----------
    table : mapping
    file : str
        File name for messages.
    place : str
        Where the table stands, such as ``dimensions[concordance]``.
    problems : list of Problem
        Faults are added to it; reading goes on with a default, so that all are told at once.
    """

    def __init__(self, table: Mapping[str, Any], file: str, place: str, problems: list[Problem]) -> None:
        self._table = table
        self._file = file
        self._place = place
        self._problems = problems
        self._asked: set[str] = set()

    def problem(self, key: str, message: str, hint: str | None = None) -> None:
        """Note a fault at `key`."""
        place = f"{self._place}.{key}" if self._place and key else self._place or key
        message += "." if hint and not message.endswith(".") else ""
        self._problems.append(Problem(message, file=self._file, column=place or None, hint=hint))

    def has(self, key: str) -> bool:
        """Say whether the table holds `key`."""
        self._asked.add(key)
        return key in self._table

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; required when `default` is None."""
        value = self._get(key, default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.problem(key, f"{value!r} should be a text")
            return default or ""
        return value.strip()

    def identifier(self, key: str = "id") -> str:
        """Return a short name that can stand in formulas."""
        value = self.text(key)
        if value and not IDENTIFIER.match(value):
            self.problem(key, f"{value!r} should begin with a letter and hold only letters, digits and _")
        return value

    def number(self, key: str, default: float | None = None) -> float | None:
        """Return a finite number, or `default`."""
        value = self._get(key, False)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self.problem(key, f"{value!r} should be a number")
            return default
        return float(value)

    def counts(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers above 0; empty when absent."""
        value = self._get(key, False)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(type(v) is int and v > 0 for v in value):
            self.problem(key, f"{value!r} should be a list of whole numbers above 0")
            return ()
        return tuple(value)

    def flag(self, key: str) -> bool:
        """Return true or false; false when absent."""
        value = self._get(key, False)
        if value is not None and not isinstance(value, bool):
            self.problem(key, f"{value!r} should be true or false")
        return value is True

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty when absent."""
        value = self._get(key, False)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            self.problem(key, f"{value!r} should be a list of texts")
            return ()
        return tuple(v.strip() for v in value)

    def word(
        self, key: str, convert: Callable[[str], T], allowed: Iterable[str], default: T | None = None
    ) -> T | None:
        """Return one of a few words, made into its enumeration; required when `default` is None."""
        text = self.text(key, None if default is None else "")
        if not text:
            return default
        try:
            return convert(text)
        except ValueError:
            self.problem(key, f"{text!r} is not allowed here.", nearest(text, allowed))
            return default

    def pole(self) -> int:
        """Return the key ``pole``: 1 (the default) or -1."""
        value = self.number("pole", 1.0)
        if value not in {1.0, -1.0}:
            self.problem("pole", f"{value:g} should be 1 or -1")
            return 1
        return int(value)

    def table(self, key: str) -> dict[str, Any]:
        """Return a table; empty when absent."""
        value = self._get(key, False)
        if value is not None and not isinstance(value, dict):
            self.problem(key, f"{value!r} should be a table")
            return {}
        return dict(value or {})

    def entry(self, key: str) -> Entry:
        """Return a table as an `Entry`."""
        return Entry(
            self.table(key), self._file, f"{self._place}.{key}" if self._place else key, self._problems
        )

    def entries(self, key: str) -> list[Entry]:
        """Return an array of tables, each named in messages by its id or its number."""
        value = self._get(key, False)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            self.problem(key, f"should be a list of tables, each under [[{key}]]")
            return []
        place = f"{self._place}.{key}" if self._place else key
        return [
            Entry(v, self._file, f"{place}[{v.get('id', number)}]", self._problems)
            for number, v in enumerate(value, start=1)
        ]

    def attempt(self, key: str, make: Callable[[], T]) -> T | None:
        """Call `make` and note its complaint at `key` instead of stopping."""
        try:
            return make()
        except BordinError as error:
            for p in error.problems:
                self.problem(key, p.message, p.hint)
            return None

    def close(self) -> None:
        """Refuse every key that was never asked for."""
        for key in self._table:
            if key not in self._asked:
                self.problem(key, "is not a known key here.", nearest(key, self._asked))

    def _get(self, key: str, required: bool) -> Any:
        self._asked.add(key)
        value = self._table.get(key)
        if value is None and required:
            self.problem(key, "is needed, but is not there")
        return value
