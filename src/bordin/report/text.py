"""Text with the little markup a report needs, free of any file format.

A phrase is a row of runs. Each writer (HTML, Word, PDF) renders the same phrases, so that a
number is formatted once and reads alike everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "stat", "strong", "quiet", "sup", "sub", "mono"]


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style.

    Attributes
    ----------
    text : str
        May hold line breaks.
    style : str
        ``"stat"`` is an italic statistical symbol; ``"quiet"`` stands back.
    cell : str or None
        Id of the table cell that this number is taken from; a sentence is bound to its cell by it.
    """

    text: str
    style: Style = "plain"
    cell: str | None = None


Phrase = tuple[Run, ...]


def phrase(*parts: str | Run | Phrase) -> Phrase:
    """Join strings, runs and phrases to one phrase."""
    runs: list[Run] = []
    for part in parts:
        if isinstance(part, str):
            if part:
                runs.append(Run(part))
        elif isinstance(part, Run):
            runs.append(part)
        else:
            runs.extend(part)
    return tuple(runs)


def plain_text(text: Phrase) -> str:
    """Return the words of a phrase without markup; a subscript is written with an underscore."""
    return "".join(f"_{run.text}" if run.style == "sub" else run.text for run in text)


def stat(symbol: str) -> Run:
    """Return an italic statistical symbol."""
    return Run(symbol, "stat")


def bound(text: str, cell: str) -> Run:
    """Return a number that is bound to the table cell called `cell`."""
    return Run(text, cell=cell)


def listing(items: list[str], last: str = "and") -> str:
    """Join words to an enumeration: ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def plural(n: int, word: str, many: str = "") -> str:
    """Return the word in the number that `n` asks for."""
    return word if n == 1 else many or f"{word}s"


def listed(items: list[Phrase], last: str = "and") -> Phrase:
    """Join phrases to an enumeration, as :func:`listing` does words."""
    text: Phrase = ()
    for k, item in enumerate(items):
        between = "" if k == 0 else f" {last} " if k == len(items) - 1 else ", "
        text = phrase(text, between, item)
    return text


def sentence(text: str) -> str:
    """Write a remark as a sentence: a capital letter and a full stop."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
