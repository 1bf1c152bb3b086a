"""The catalog of coding systems: entries that ship with the package, and a study's own files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bordin.coding.declare import read_system
from bordin.coding.manual import fill
from bordin.coding.system import CodingSystem
from bordin.errors import CatalogError, Problem, nearest

FOLDER = "catalog"


def names() -> tuple[str, ...]:
    """Return the names of the coding systems that ship with the package."""
    return tuple(
        sorted(p.name.removesuffix(".toml") for p in _shipped().iterdir() if p.name.endswith(".toml"))
    )


def load(system: str | Path, folder: Path | None = None) -> CodingSystem:
    """Load a coding system.

    Parameters
    ----------
    system : str or Path
        A name of the catalog, or the path of a ``.toml`` file of one's own. Such a file may say
        ``extends = "misc-like"``: it then takes over that entry, and its own keys come first;
        dimensions, codes and the like are matched by their id.
    folder : Path, optional
        Folder that a relative path starts from; the working folder when absent.

    Returns
    -------
    CodingSystem

    Raises
    ------
    CatalogError
        For an unknown name, a file that cannot be read, and every unknown key, wrong type, unknown
        name in a formula and anchor off the scale in it, all at once.
    """
    text = str(system)
    if not text.endswith(".toml"):
        if text not in names():
            raise CatalogError(
                Problem(
                    f"{text!r} is not a coding system of the catalog.",
                    hint=f"{nearest(text, names())} A path to a file of one's own ends in .toml.",
                )
            )
        place: Traversable = _shipped()
        return _build(_parse(place / f"{text}.toml", text), place, f"{text}.toml", "catalog")
    path = Path(system) if folder is None else folder / system
    if not path.is_file():
        raise CatalogError(
            Problem("there is no such file.", file=str(path), hint="Check the path in the protocol.")
        )
    table = _parse(path, str(path))
    base = table.pop("extends", None)
    place = path.parent
    if base is not None:
        if base not in names():
            hint = nearest(str(base), names())
            raise CatalogError(
                Problem(f"{base!r} is not in the catalog.", file=str(path), column="extends", hint=hint)
            )
        # An own manual lies beside the file; an inherited one ships with the package.
        place = path.parent if "manual" in table else _shipped()
        table = _merge(_parse(_shipped() / f"{base}.toml", base), table)
    return _build(table, place, str(path), str(path))


def _shipped() -> Traversable:
    return files("bordin.coding") / FOLDER


def _parse(place: Traversable, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(place.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CatalogError(
            Problem("is not UTF-8 text.", file=file, hint="Save the file as UTF-8.")
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(Problem(f"cannot be read as TOML: {error}", file=file)) from error


def _build(table: Mapping[str, Any], place: Traversable, file: str, origin: str) -> CodingSystem:
    problems: list[Problem] = []
    system, manual = read_system(table, file, origin, problems)
    text = ""
    if manual:
        page = place / manual
        if page.is_file():
            text = fill(page.read_text(encoding="utf-8"), system, manual, problems)
        else:
            problems.append(Problem(f"there is no file {manual!r} beside it", file=file, column="manual"))
    if problems:
        raise CatalogError(problems)
    return system.with_manual(text)


def _merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Put `own` over `base`: tables key by key, lists of tables id by id, anything else replaced."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _merge(below, value)
        elif _with_ids(value) and _with_ids(below):
            rows = {row["id"]: row for row in below or []}
            for row in value:
                rows[row["id"]] = _merge(rows.get(row["id"], {}), row)
            merged[key] = list(rows.values())
        else:
            merged[key] = value
    return merged


def _with_ids(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) and "id" in v for v in value)
