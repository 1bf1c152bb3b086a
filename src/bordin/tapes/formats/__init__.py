"""Interchange: transcripts, tiers and turns as other programs write and read them. One format a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bordin.errors import Problem, TapeError, nearest
from bordin.tapes.formats.atrain import HEADLINE, read_atrain
from bordin.tapes.formats.bordin_json import loaded, read_bordin_json, write_bordin_json
from bordin.tapes.formats.chat import read_chat, read_chat_tiers
from bordin.tapes.formats.chat_writing import write_chat
from bordin.tapes.formats.eaf import read_eaf, read_eaf_tiers
from bordin.tapes.formats.eaf_writing import write_eaf, write_eaf_tiers
from bordin.tapes.formats.noscribe import read_noscribe
from bordin.tapes.formats.rttm import read_rttm, write_rttm
from bordin.tapes.formats.sbv import read_sbv
from bordin.tapes.formats.source import Source, read_source, write_whole
from bordin.tapes.formats.srt import read_srt, write_srt
from bordin.tapes.formats.textgrid import (
    read_textgrid,
    read_textgrid_tiers,
    write_textgrid,
    write_textgrid_tiers,
)
from bordin.tapes.formats.tiers import Mark, Tier, Tiers, as_tiers, as_transcript
from bordin.tapes.formats.turns_json import read_turns_json, write_turns_json
from bordin.tapes.formats.webvtt import read_webvtt, write_webvtt
from bordin.tapes.formats.whispercpp import read_whispercpp
from bordin.tapes.formats.whisperx import read_whisperx
from bordin.tapes.shapes import Transcript

__all__ = [
    "FORMATS",
    "Format",
    "Mark",
    "Tier",
    "Tiers",
    "as_tiers",
    "as_transcript",
    "format_of",
    "read_tiers",
    "read_transcript",
    "write_tiers",
    "write_transcript",
]


@dataclass(frozen=True)
class Format:
    """A file format of transcripts.

    Attributes
    ----------
    extensions : tuple of str
        With the dot, in lower case; the first is the usual one.
    description : str
        One sentence.
    read : callable or None
        From a source to a transcript.
    write : callable or None
        From a transcript and a file name to the text of the file.
    read_tiers, write_tiers : callable or None
        The same for tiers, where the format holds them.
    """

    extensions: tuple[str, ...]
    description: str
    read: Callable[[Source], Transcript] | None = None
    write: Callable[[Transcript, str], str] | None = None
    read_tiers: Callable[[Source], Tiers] | None = None
    write_tiers: Callable[[Tiers, str], str] | None = None

    @property
    def extension(self) -> str:
        """The usual ending of such a file."""
        return self.extensions[0]

    @property
    def reads(self) -> bool:
        """Whether bordin reads it."""
        return self.read is not None

    @property
    def writes(self) -> bool:
        """Whether bordin writes it."""
        return self.write is not None


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "bordin": Format((".json",), "Bordin's own, with everything.", read_bordin_json, write_bordin_json),
        "turns": Format(
            (".json",), "A JSON list of turns with their texts.", read_turns_json, write_turns_json
        ),
        "rttm": Format((".rttm",), "Who spoke when, without words.", read_rttm, write_rttm),
        "webvtt": Format((".vtt",), "Captions with voices.", read_webvtt, write_webvtt),
        "srt": Format((".srt",), "Captions, speakers before a colon.", read_srt, write_srt),
        "sbv": Format((".sbv",), "Captions of a video site.", read_sbv),
        "textgrid": Format(
            (".textgrid",),
            "Tiers of Praat.",
            read_textgrid,
            write_textgrid,
            read_textgrid_tiers,
            write_textgrid_tiers,
        ),
        "eaf": Format((".eaf",), "Tiers of ELAN.", read_eaf, write_eaf, read_eaf_tiers, write_eaf_tiers),
        "chat": Format((".cha",), "Transcripts of TalkBank.", read_chat, write_chat, read_chat_tiers),
        "whisperx": Format(
            (".json",), "JSON of WhisperX, aTrain, faster-whisper and Whisper.", read_whisperx
        ),
        "whispercpp": Format((".json",), "JSON of whisper.cpp.", read_whispercpp),
        "noscribe": Format((".html", ".htm"), "HTML of noScribe.", read_noscribe),
        "atrain": Format((".txt",), "Texts of aTrain with times.", read_atrain),
    }
)


def read_transcript(path: str | os.PathLike[str], *, format: str | None = None) -> Transcript:
    """Read a transcript that another program, or bordin, wrote.

    Parameters
    ----------
    path : path
    format : str, optional
        A name in `FORMATS`; without it, what the file's ending and its content say.

    Returns
    -------
    Transcript
        Words have times only where the file gives them.

    Raises
    ------
    TapeError
        With file and line of everything that has no place.
    """
    source = read_source(path)
    reader = _known(format or format_of(source), source.file).read
    if reader is None:
        raise TapeError(Problem(f"bordin does not read '{format}'.", source.file))
    return reader(source)


def write_transcript(
    transcript: Transcript, path: str | os.PathLike[str], *, format: str | None = None
) -> None:
    """Write a transcript, whole or not at all.

    Parameters
    ----------
    transcript : Transcript
    path : path
    format : str, optional
        A name in `FORMATS`; without it, the one that the ending stands for (``.json`` is bordin's own).

    Raises
    ------
    TapeError
        When the format is not known or not written, or cannot hold a label of the transcript.
    """
    path = Path(path)
    name = format or _by_ending(path)
    writer = _known(name, path.name).write
    if writer is None:
        written = ", ".join(n for n, f in FORMATS.items() if f.writes)
        raise TapeError(
            Problem(f"bordin reads '{name}' and does not write it.", path.name, hint=f"Written: {written}.")
        )
    write_whole(path, writer(transcript, path.name))


def read_tiers(path: str | os.PathLike[str], *, format: str | None = None) -> Tiers:
    """Read all tiers of a file of ELAN, Praat or CHAT.

    Raises
    ------
    TapeError
        When the format holds no tiers, and with the line of everything that has no place.
    """
    source = read_source(path)
    name = format or format_of(source)
    reader = _known(name, source.file).read_tiers
    if reader is None:
        held = ", ".join(n for n, f in FORMATS.items() if f.read_tiers)
        raise TapeError(Problem(f"'{name}' holds no tiers.", source.file, hint=f"Tiers are in: {held}."))
    return reader(source)


def write_tiers(tiers: Tiers, path: str | os.PathLike[str], *, format: str | None = None) -> None:
    """Write tiers for ELAN or Praat, whole or not at all.

    Raises
    ------
    TapeError
        When the format holds no tiers, or a mark has no times.
    """
    path = Path(path)
    name = format or _by_ending(path)
    writer = _known(name, path.name).write_tiers
    if writer is None:
        held = ", ".join(n for n, f in FORMATS.items() if f.write_tiers)
        raise TapeError(Problem(f"tiers are not written as '{name}'.", path.name, hint=f"Written: {held}."))
    write_whole(path, writer(tiers, path.name))


def format_of(source: Source) -> str:
    """Say which format a file has: by its ending, and by its content where the ending leaves it open.

    Raises
    ------
    TapeError
        When neither tells.
    """
    ending = [n for n, f in FORMATS.items() if source.suffix in f.extensions]
    if len(ending) == 1 and source.suffix != ".txt":
        return ending[0]
    found = _by_content(source)
    if found is None:
        hint = f"Name the format: {', '.join(n for n, f in FORMATS.items() if f.reads)}."
        raise TapeError(
            Problem("neither ending nor content says which format this is.", source.file, hint=hint)
        )
    return found


def _by_content(source: Source) -> str | None:
    text = source.text.lstrip()
    first = text.split("\n", 1)[0]
    if text.startswith(("{", "[")):
        return _json_kind(source)
    begins = {
        "WEBVTT": "webvtt",
        'File type = "ooTextFile': "textgrid",
        "SPEAKER ": "rttm",
        HEADLINE: "atrain",
    }
    for word, name in begins.items():
        if first.startswith(word):
            return name
    if first.startswith(("@UTF8", "@Begin", "@Font", "@Window")):
        return "chat"
    head = text[:4096]
    if "<ANNOTATION_DOCUMENT" in head:
        return "eaf"
    if '<a name="ts_' in text and "<html" in head.lower():
        return "noscribe"
    return "srt" if " --> " in head and first.strip().isdigit() else None


def _json_kind(source: Source) -> str:
    record = loaded(source)
    if isinstance(record, list):
        return "turns"
    for key, name in (("turns", "bordin"), ("transcription", "whispercpp"), ("segments", "whisperx")):
        if key in record:
            return name
    return "bordin"


def _by_ending(path: Path) -> str:
    suffix = path.suffix.lower()
    for name, form in FORMATS.items():
        if suffix in form.extensions:
            return name
    hint = f"Known endings: {', '.join(dict.fromkeys(f.extension for f in FORMATS.values() if f.writes))}."
    raise TapeError(Problem(f"the ending '{suffix}' stands for no format.", path.name, hint=hint))


def _known(name: str, file: str) -> Format:
    if name not in FORMATS:
        raise TapeError(Problem(f"there is no format '{name}'.", file, hint=nearest(name, FORMATS)))
    return FORMATS[name]
