"""Read ``study.toml``: syntax, keys, types; every problem with its line."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from bordin.errors import Problem, ProtocolError, nearest
from bordin.study.protocol import Protocol
from bordin.toml_lines import find_line

PROTOCOL_FILE = "study.toml"


def protocol_path(folder: Path) -> Path:
    """Return the protocol of a study folder.

    Raises
    ------
    ProtocolError
        When the folder or its ``study.toml`` is absent.
    """
    path = folder if folder.name == PROTOCOL_FILE else folder / PROTOCOL_FILE
    if not path.is_file():
        what = "is no study folder" if path.parent.is_dir() else "does not exist"
        raise ProtocolError(
            Problem(
                f"this folder {what}: there is no {PROTOCOL_FILE}.",
                file=str(path.parent),
                hint=f"Make one with: bordin new {path.parent}",
            )
        )
    return path


def read_protocol(path: Path) -> tuple[Protocol, str, str]:
    """Read and check a protocol file.

    Parameters
    ----------
    path : Path
        A ``study.toml``.

    Returns
    -------
    protocol : Protocol
    text : str
        The file as read.
    sha256 : str
        Hash of the file's bytes.

    Raises
    ------
    ProtocolError
        With one problem for each fault: syntax, unknown key, wrong type, missing key.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProtocolError(
            Problem(
                f"byte {error.start} is not UTF-8 text.",
                file=path.name,
                hint="Save the file as UTF-8 (in Notepad: Save as, Encoding, UTF-8).",
            )
        ) from None
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(_syntax_problem(str(error), path.name, text)) from None
    try:
        protocol = Protocol.model_validate(content)
    except ValidationError as error:
        raise ProtocolError([_problem(e, path.name, text) for e in _worth_telling(error)]) from None
    return protocol, text, hashlib.sha256(raw).hexdigest()


def _syntax_problem(message: str, file: str, text: str) -> Problem:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    what = re.sub(r"\s*\(at .*\)$", "", message)
    if place is None:
        return Problem(f"not valid TOML: {what}.", file=file, line=len(text.splitlines()))
    line = int(place[1])
    source = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    return Problem(
        f"not valid TOML: {what}, at column {place[2]}: {source.strip()!r}.",
        file=file,
        line=line,
        hint="Texts stand in double quotes, lists in square brackets, decimals with a point.",
    )


def _worth_telling(error: ValidationError) -> list[Any]:
    """Drop the follow-up errors of one fault (a union reports each of its branches)."""
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for e in error.errors():
        loc = tuple(p for p in e["loc"] if not (isinstance(p, str) and ("[" in p or "Literal" in p)))
        if (loc, e["type"]) not in seen:
            seen.add((loc, e["type"]))
            kept.append({**e, "loc": loc})
    return kept


_EXPECTED = {
    "string_type": "a text in quotes",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "tuple_type": "a list in square brackets",
    "dict_type": "a table of key = value",
    "model_type": "a table of key = value",
}


def _problem(e: Any, file: str, text: str) -> Problem:
    loc: tuple[str | int, ...] = e["loc"]
    key = ".".join(str(p + 1) if isinstance(p, int) else p for p in loc)
    kind = e["type"]
    if kind == "extra_forbidden":
        hint = nearest(str(loc[-1]), _known_keys(loc[:-1]))
        return Problem("unknown key.", file, find_line(text, loc), key, hint)
    if kind == "missing":
        return Problem("this key is missing.", file, find_line(text, loc[:-1]) or 1, key, _description(loc))
    line = find_line(text, loc)
    given = e.get("input")
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(e["ctx"]["expected"]))
        return Problem(f"{given!r} is not allowed.", file, line, key, nearest(str(given), allowed))
    if kind in _EXPECTED:
        return Problem(f"{_short(given)} stands where {_EXPECTED[kind]} should be.", file, line, key)
    if kind == "value_error":
        return Problem(f"{e['ctx']['error']!s}.", file, line, key or None)
    if kind == "string_pattern_mismatch":
        return Problem(
            f"{given!r} is not a short name: letters, digits, _ and -, beginning with a letter.",
            file,
            line,
            key,
        )
    return Problem(f"{_short(given)}: {e['msg'][0].lower()}{e['msg'][1:]}.", file, line, key)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _model_at(loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    """Follow a path through the protocol's tables to the model it ends in."""
    model: type[BaseModel] | None = Protocol
    for part in loc:
        if isinstance(part, int):
            continue
        if model is None or part not in model.model_fields:
            return None
        model = _first_model(model.model_fields[part].annotation)
    return model


def _first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is not None:
        for inner in get_args(annotation):
            found = _first_model(inner)
            if found is not None:
                return found
    return None


def _known_keys(loc: tuple[str | int, ...]) -> list[str]:
    model = _model_at(loc)
    return list(model.model_fields) if model is not None else []


def _description(loc: tuple[str | int, ...]) -> str | None:
    model = _model_at(loc[:-1])
    field = model.model_fields.get(str(loc[-1])) if model is not None else None
    return field.description if field is not None else None
