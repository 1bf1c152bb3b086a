"""Where a key of a TOML file stands, so that an error can name the line.

The standard library's reader gives values without positions. This is no second parser: it
only notes at which line each table header and key begins.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=(.*)$"""
)
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)""")
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')


def _parts(dotted: str) -> list[str]:
    return [a or b or c for a, b, c in _PART.findall(dotted)]


def key_lines(text: str) -> dict[Path, int]:
    """Map the path of each table and key to its line.

    Parameters
    ----------
    text : str
        Content of a TOML file.

    Returns
    -------
    dict
        Path such as ``("hypotheses", 2, "expect")`` to line, counted from 1.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    prefix: Path = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            if quote in line:
                quote = ""
            continue
        header = _HEADER.match(line) if depth == 0 else None
        if header:
            prefix = _resolve(_parts(header[2]), counts, is_array=header[1] == "[[")
            lines.setdefault(prefix, number)
            continue
        key = _KEY.match(line) if depth == 0 else None
        if key:
            lines.setdefault((*prefix, *_parts(key[1])), number)
        rest = key[2] if key else line
        for mark in ('"""', "'''"):
            if rest.count(mark) % 2:
                quote = mark
        bare = _STRING.sub("", rest).split("#", 1)[0]
        depth = max(0, depth + sum(bare.count(c) for c in "[{") - sum(bare.count(c) for c in "]}"))
    return lines


def _resolve(parts: list[str], counts: dict[Path, int], *, is_array: bool) -> Path:
    """Give a header its path, with the index of each array of tables that it goes through."""
    path: Path = ()
    for position, part in enumerate(parts):
        path = (*path, part)
        if is_array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def find_line(text: str, path: Path, value: str | None = None) -> int | None:
    """Find the line of a key, or of the nearest table around it.

    Parameters
    ----------
    text : str
        Content of a TOML file.
    path : tuple of str and int
        Path of the key.
    value : str, optional
        A string in the value; when the value spans lines, the line that holds it is given.

    Returns
    -------
    int or None
        Line counted from 1; None when nothing of the path stands in the file.
    """
    lines = key_lines(text)
    start: int | None = None
    for length in range(len(path), 0, -1):
        start = lines.get(path[:length])
        if start is not None:
            break
    if start is None or value is None:
        return start
    later = sorted(n for n in lines.values() if n > start)
    end = later[0] if later else len(text.splitlines()) + 1
    for number, line in enumerate(text.splitlines()[start - 1 : end - 1], start=start):
        if f'"{value}"' in line or f"'{value}'" in line:
            return number
    return start
