"""Speech models on this computer: what is here, whether it is unchanged, and which one an engine gets.

A model is a folder of files and one ``model.json`` that says what they are, where they come from, under which
license, and the sha256 of each. Nothing here opens a connection.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.speech_models.catalog import (
    ENGINES,
    FOR_TESTS,
    KINDS,
    Copy,
    KnownModel,
    copies_with,
    known,
    known_models,
)

RECORD = "model.json"
NOT_RECORDED = "not recorded"
FOLDER_VARIABLE = "BORDIN_MODELS"
PIECE = 1 << 20
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
# What faster-whisper reads of a folder; a lack of tokenizer.json would make it ask a network.
WHISPER_FILES = ("config.json", "model.bin", "tokenizer.json", "preprocessor_config.json")
GGML = b"lmgg"


@dataclass(frozen=True)
class ModelFile:
    """One file of a model.

    Attributes
    ----------
    name : str
        Relative to the model's folder, with ``/``.
    sha256 : str
    size : int
        Bytes.
    mtime_ns : int
        When it was last written, as recorded; 0 when no record says so.
    """

    name: str
    sha256: str
    size: int
    mtime_ns: int = 0


@dataclass(frozen=True)
class SpeechModel:
    """A model on this computer.

    Attributes
    ----------
    name : str
    kind : str
        ``"segmentation"``, ``"embedding"``, ``"recognition"``, ``"diarization"`` or ``"not recorded"``.
    engine : str
        ``"onnx"``, ``"faster-whisper"``, ``"whispercpp"`` or ``"pyannote"``.
    folder : Path
    files : tuple of ModelFile
    license, copyright, origin, languages : str
        ``"not recorded"`` where nobody said.
    tests_only : bool
        A third party's upload: for tests, not for a clinic.
    added : str
        When, in UTC; empty for a model that was given as a folder or file.
    """

    name: str
    kind: str
    engine: str
    folder: Path
    files: tuple[ModelFile, ...]
    license: str = NOT_RECORDED
    copyright: str = NOT_RECORDED
    origin: str = NOT_RECORDED
    languages: str = NOT_RECORDED
    tests_only: bool = False
    added: str = ""

    @property
    def path(self) -> Path:
        """What an engine is given: the one file, or the folder of several."""
        return self.folder / self.files[0].name if len(self.files) == 1 else self.folder

    @property
    def hashes(self) -> dict[str, str]:
        """File to sha256."""
        return {f.name: f.sha256 for f in self.files}

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)

    @property
    def caution(self) -> str:
        """What a reader of results has to know of the model; empty when nothing."""
        return f"The copy of {self.name} on this computer is {FOR_TESTS}." if self.tests_only else ""


@dataclass(frozen=True)
class DefaultModels:
    """What the default engines use on this computer; None where there is none yet."""

    segmentation: SpeechModel | None
    embedding: SpeechModel | None
    recognition: SpeechModel | None

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds that are not on this computer."""
        return tuple(kind for kind in KINDS[:3] if getattr(self, kind) is None)


def models_folder() -> Path:
    """Return where models are kept: ``BORDIN_MODELS``, or ``bordin/models`` in the user's data folder."""
    own = os.environ.get(FOLDER_VARIABLE, "")
    if own:
        return Path(own).expanduser()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        given = Path(os.environ.get("XDG_DATA_HOME", ""))
        data = given if given.is_absolute() else Path.home() / ".local" / "share"
    return data / "bordin" / "models"


def installed() -> tuple[SpeechModel, ...]:
    """Return the models on this computer, by name; their files are not looked at.

    Raises
    ------
    TapeError
        When the record of a model cannot be read.
    """
    folder = models_folder()
    try:
        records = sorted(folder.glob(f"[!.]*/{RECORD}"))
    except OSError:
        return ()
    return tuple(_recorded(record.parent) for record in records)


def find_model(name_or_path: str | Path, *, kind: str | None = None, verify: bool = False) -> SpeechModel:
    """Find a model by its name, or take a folder or file as one.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a model on this computer, or a folder or file anywhere.
    kind : str, optional
        What it is needed for; another kind of model is refused.
    verify : bool
        Hash every file. Else a file counts as unchanged while its size and time are those recorded.

    Returns
    -------
    SpeechModel
        For a folder or file without a record the hashes are computed; license and origin are those of the
        catalog when the hash is known, else ``"not recorded"``.

    Raises
    ------
    TapeError
        When there is no such model, a file is missing or changed, or it is of another kind.
    """
    text = str(name_or_path)
    if NAME.match(text) and (models_folder() / text / RECORD).is_file():
        model = check(_recorded(models_folder() / text), verify=verify)
    elif (Path(text) / RECORD).is_file():
        model = check(_recorded(Path(text)), verify=verify)
    elif Path(text).exists():
        model = _given(Path(text), kind)
    else:
        raise _absent(text)
    if kind is not None and model.kind != kind:
        problem = f"this is a model for {model.kind}, and one for {kind} is needed."
        raise TapeError(Problem(problem, text, hint="bordin model list shows what there is."))
    return model


def model_hash(model: SpeechModel) -> str:
    """Return one sha256 for a whole model.

    Parameters
    ----------
    model : SpeechModel

    Returns
    -------
    str
        The hash of its only file; for several files, that of the lines ``sha256, two blanks, name`` in the
        order of names, as the program sha256sum writes them.
    """
    if len(model.files) == 1:
        return model.files[0].sha256
    lines = sorted((f.name, f.sha256) for f in model.files)
    return hashlib.sha256("".join(f"{sha}  {name}\n" for name, sha in lines).encode()).hexdigest()


def default_models() -> DefaultModels:
    """Return what the default engines use.

    Of several models of a kind, the first of the catalog's order is taken, which for recognition is from
    more to less accurate; models that the catalog does not know come after those, by name.

    Raises
    ------
    TapeError
        When a model that would be used is damaged.
    """
    order = {m.name: place for place, m in enumerate(known_models())}
    there = sorted(installed(), key=lambda m: (order.get(m.name, len(order)), m.name))
    chosen = {kind: next((check(m) for m in there if m.kind == kind), None) for kind in KINDS[:3]}
    return DefaultModels(**chosen)


def check(model: SpeechModel, *, verify: bool = False) -> SpeechModel:
    """Return a model if its files are there and unchanged.

    Raises
    ------
    TapeError
        When a file is missing or is not the one that was recorded.
    """
    changed = []
    for file in model.files:
        place = f"{model.name}/{file.name}"
        again = f"Add the model again: bordin model add {model.name}."
        try:
            now = (model.folder / file.name).stat()
        except OSError as error:
            problem = f"this file of a speech model is missing ({error.strerror or error})."
            raise TapeError(Problem(problem, place, hint=again)) from None
        if now.st_size != file.size:
            problem = f"this file of a speech model has {now.st_size} bytes, and {file.size} were recorded."
            raise TapeError(Problem(problem, place, hint=again))
        if verify or now.st_mtime_ns != file.mtime_ns:
            sha = _sha256(str(model.folder / file.name), now.st_size, now.st_mtime_ns)
            if sha != file.sha256:
                problem = f"this file of a speech model has changed: sha256 {sha}, recorded {file.sha256}."
                raise TapeError(Problem(problem, place, hint=again))
        changed.append(now.st_mtime_ns != file.mtime_ns)
    if any(changed):
        # A copied folder has new times: noted once, so that the next look is quick. A read-only folder may stay.
        with suppress(OSError):
            write_record(model)
    return model


def model_files(path: Path, kind: str | None = None) -> tuple[str, str, tuple[Path, ...]]:
    """Say what a folder or file holds.

    Parameters
    ----------
    path : Path
    kind : str, optional
        What an ONNX file is, which it does not say itself.

    Returns
    -------
    engine, kind : str
        The kind is ``"not recorded"`` for an ONNX file of which nobody said.
    files : tuple of Path
        Those that belong to the model.

    Raises
    ------
    TapeError
        When it is no model that an engine of bordin can load.
    """
    if path.is_file():
        if path.suffix.lower() == ".onnx":
            return "onnx", kind or NOT_RECORDED, (path,)
        if path.suffix.lower() == ".gguf" or _begins(path, GGML):
            return "whispercpp", "recognition", (path,)
        raise _no_model(path, "the file is neither .onnx nor a whisper.cpp model.")
    if (path / "model.bin").is_file() and (path / "config.json").is_file():
        files = [path / name for name in WHISPER_FILES if (path / name).is_file()]
        files += sorted(p for p in path.glob("vocabulary.*") if p.is_file())
        if path / "tokenizer.json" not in files:
            raise _no_model(path, "tokenizer.json is missing, and the engine would look for it on a network.")
        return "faster-whisper", "recognition", tuple(files)
    if any((path / name).is_file() for name in ("config.yaml", "config.yml")):
        files = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
        return "pyannote", "diarization", tuple(f for f in files if f.name != RECORD)
    networks = sorted(path.glob("*.onnx"))
    if len(networks) == 1:
        return "onnx", kind or NOT_RECORDED, (networks[0],)
    if networks:
        raise _no_model(path, f"it holds {len(networks)} ONNX files.", "Name the one you mean.")
    raise _no_model(path, "there is no model in this folder.")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(mark)) == mark


def _no_model(path: Path, why: str, hint: str = "") -> TapeError:
    allowed = (
        "bordin loads: a folder with model.bin, config.json and tokenizer.json (faster-whisper), an .onnx file, "
        "a .gguf or ggml file (whisper.cpp), or a folder with config.yaml (pyannote)."
    )
    return TapeError(Problem(why, path.name, hint=hint or allowed))


def _absent(text: str) -> TapeError:
    if known(text):
        return TapeError(
            Problem(f"the model {text!r} is not on this computer.", hint=f"bordin model add {text}")
        )
    if any(mark in text for mark in "/\\"):
        problem = Problem("there is no such folder or file.", Path(text).name, hint="Check the path.")
        return TapeError(problem)
    names = [*(m.name for m in installed()), *(m.name for m in known_models())]
    return TapeError(Problem(f"there is no speech model called {text!r}.", hint=nearest(text, names)))


def _given(path: Path, kind: str | None) -> SpeechModel:
    """Take a folder or file without a record, and hash it."""
    engine, found, paths = model_files(path, kind)
    folder = path if path.is_dir() else path.parent
    files = []
    for one in paths:
        now = one.stat()
        sha = _sha256(str(one), now.st_size, now.st_mtime_ns)
        files.append(ModelFile(one.relative_to(folder).as_posix(), sha, now.st_size, now.st_mtime_ns))
    largest = max(files, key=lambda f: f.size)
    hashes = {f.sha256 for f in files}
    for model, copy in copies_with(largest.sha256):
        if {f.sha256 for f in copy.files} <= hashes:
            return replace(catalog_model(model, copy, folder), files=tuple(files))
    name = path.stem if path.is_file() else path.resolve().name
    return SpeechModel(name, found, engine, folder, tuple(files))


def catalog_model(model: KnownModel, copy: Copy, folder: Path) -> SpeechModel:
    """Return a copy of a known model that lies in a folder under the catalog's file names."""
    return SpeechModel(
        name=model.name,
        kind=model.kind,
        engine=model.engine,
        folder=folder,
        files=tuple(ModelFile(f.name, f.sha256, f.size) for f in copy.files),
        license=model.license,
        copyright=model.copyright,
        origin=f"{copy.repository} at {copy.revision}" if copy.repository else copy.origin,
        languages=model.languages,
        tests_only=copy.tests_only,
    )


@lru_cache(maxsize=256)
def _sha256(path: str, size: int, mtime_ns: int) -> str:
    """Hash a file once per process; size and time are part of the key only."""
    sha = hashlib.sha256()
    with open(path, "rb") as stream:
        while piece := stream.read(PIECE):
            sha.update(piece)
    return sha.hexdigest()


def as_record(model: SpeechModel) -> dict[str, Any]:
    """Return what ``model.json`` holds, without the times of its files."""
    return {
        "name": model.name,
        "kind": model.kind,
        "engine": model.engine,
        "license": model.license,
        "copyright": model.copyright,
        "origin": model.origin,
        "languages": model.languages,
        "tests_only": model.tests_only,
        "added": model.added,
        "files": {f.name: {"sha256": f.sha256, "size": f.size} for f in model.files},
    }


def from_record(record: Mapping[str, Any], folder: Path) -> SpeechModel:
    """Read what :func:`as_record` made.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError
        When it is of another shape.
    """
    files = tuple(
        ModelFile(_safe(name), str(f["sha256"]), int(f["size"]), int(f.get("mtime_ns", 0)))
        for name, f in record["files"].items()
    )
    if not files or not NAME.match(record["name"]):
        raise ValueError("no files, or no usable name")
    if record["engine"] not in ENGINES or record["kind"] not in KINDS:
        raise ValueError(f"engine {record['engine']!r}, kind {record['kind']!r}")

    def text(key: str) -> str:
        return str(record.get(key, NOT_RECORDED))

    return SpeechModel(
        name=str(record["name"]),
        kind=str(record["kind"]),
        engine=str(record["engine"]),
        folder=folder,
        files=files,
        license=text("license"),
        copyright=text("copyright"),
        origin=text("origin"),
        languages=text("languages"),
        tests_only=bool(record.get("tests_only", False)),
        added=str(record.get("added", "")),
    )


def _safe(name: str) -> str:
    """Refuse a file name that leads out of the model's folder."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} or "\\" in part or ":" in part for part in parts) or parts == [RECORD]:
        raise ValueError(f"file name {name!r}")
    return name


def write_record(model: SpeechModel) -> None:
    """Write ``model.json`` with the present times of the files."""
    record = as_record(model)
    for name, file in record["files"].items():
        file["mtime_ns"] = (model.folder / name).stat().st_mtime_ns
    part = model.folder / f".{os.urandom(4).hex()}.{RECORD}"
    try:
        part.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, model.folder / RECORD)
    finally:
        part.unlink(missing_ok=True)


def _recorded(folder: Path) -> SpeechModel:
    try:
        return from_record(json.loads((folder / RECORD).read_text(encoding="utf-8")), folder)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"the record of this speech model cannot be read ({error})."
        hint = "Remove the folder of the model, and add the model again."
        raise TapeError(Problem(problem, f"{folder.name}/{RECORD}", hint=hint)) from None
