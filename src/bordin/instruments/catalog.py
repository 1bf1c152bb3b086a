"""Find an instrument: in the catalog by its name, or in a study's own file by its path."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

from bordin.errors import CatalogError, Problem, nearest
from bordin.instruments.entry import Document, Entry, item_tables, merge
from bordin.instruments.instrument import Instrument


@cache
def names() -> tuple[str, ...]:
    """Return the names of the catalog's entries, sorted."""
    folder = resources.files(__package__) / "catalog"
    return tuple(sorted(f.name[: -len(".toml")] for f in folder.iterdir() if f.name.endswith(".toml")))


def load(name_or_path: str | Path, *, key_required: bool = True) -> Instrument:
    """Load an instrument.

    Parameters
    ----------
    name_or_path : str or Path
        A catalog name such as ``"wai-sr"``, or the path of a TOML file. A study's own file may
        begin with ``extends = "calpas-5"`` and then holds only what it adds or changes:
        labels or wording of items, a wording file, an item key, the item that is the bond.
    key_required : bool
        False shows an entry whose item key the study has to supply; it cannot be scored.

    Returns
    -------
    Instrument

    Raises
    ------
    CatalogError
        The name is unknown, the file cannot be read or breaks a rule (all problems at once),
        or the item key is still missing.
    """
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        return _load_file(Path(name_or_path), key_required=key_required)
    file, text = f"{name_or_path}.toml", _catalog_text(name_or_path)
    return Entry(_parse(text, file), file, text, {}).instrument(key_required=key_required)


def _load_file(path: Path, *, key_required: bool) -> Instrument:
    text = _read(path)
    own = _parse(text, path.name)
    document = own
    if "extends" in own:
        base = own["extends"]
        if not isinstance(base, str):
            problem = f"'extends' is {base!r}, which is not the name of a catalog entry."
            raise CatalogError(
                Problem(problem, path.name, column="extends", hint=nearest(str(base), names()))
            )
        below = _parse(_catalog_text(base, path.name), f"{base}.toml")
        below["items"] = item_tables(below["items"])
        if "items" in own:
            own["items"] = item_tables(own["items"])
        document = merge(below, own)
    return Entry(document, path.name, text, _wording(own, path)).instrument(key_required=key_required)


def _wording(own: Document, path: Path) -> dict[str, str]:
    """Read the study's own wording: a flat TOML file of ``item key = "text"``."""
    name = own.get("wording")
    if name is None:
        return {}
    if not isinstance(name, str):
        raise CatalogError(Problem("'wording' is the name of a TOML file.", path.name, column="wording"))
    wording = _parse(_read(path.parent / name), name)
    for key, text in wording.items():
        if not isinstance(text, str):
            raise CatalogError(Problem(f"the wording of '{key}' is not a text.", name, column=key))
    return wording


def _catalog_text(name: str, file: str | None = None) -> str:
    if name not in names():
        raise CatalogError(
            Problem(
                f"there is no instrument '{name}' in the catalog.",
                file,
                hint=f"{nearest(name, names())} A file of your own is named by its path, ending in .toml.",
            )
        )
    return (resources.files(__package__) / "catalog" / f"{name}.toml").read_text(encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not a UTF-8 text file" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        there = sorted(p.name for p in path.parent.glob("*.toml")) if path.parent.is_dir() else []
        raise CatalogError(
            Problem(f"the file {why}.", str(path), hint=nearest(path.name, there) if there else None)
        ) from error


def _parse(text: str, file: str) -> Document:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(Problem(f"the TOML cannot be read: {error}.", file)) from error
