"""The tapes of a study: whose they are, how they enter its vault, and what is made of them.

The work on one tape is one function of one task, so that it can be done in this process or in another.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bordin.errors import DataError, Problem, TapeError, nearest
from bordin.study.file_reader import FileReader
from bordin.study.files import read_table
from bordin.study.people_files import read_participants, read_sessions
from bordin.study.records import Session
from bordin.study.study import Study
from bordin.study.voices import ROLES, keep_voiceprints
from bordin.tapes.engines.channels import ChannelDiarizer
from bordin.tapes.engines.choose import Wish, choose
from bordin.tapes.shapes import Transcript, Turn, as_record, from_record, overlaps
from bordin.tapes.sound.quality import as_record as quality_record
from bordin.tapes.sound.working_copy import WorkingCopy, measure
from bordin.tapes.stages import TellStage, transcribe
from bordin.tapes.vault.vault import FOLDER, Tape, TapeExists, Vault

ORIGINAL, WORKING, PEAKS = "original", "working.wav", "peaks"
TRANSCRIPT = "transcript.json"
BLOCK = 1 << 20
ROLES_GONE = (
    "The speakers were found anew and are not those of before, so the roles were taken away. Name them again."
)


@dataclass(frozen=True)
class AddTask:
    """A recording that is to be added.

    Attributes
    ----------
    vault : Vault
        Opened.
    path : Path
    session, participant : str
    again : bool
        It was forgotten once, and the participant agreed anew.
    """

    vault: Vault
    path: Path
    session: str
    participant: str
    again: bool = False


@dataclass(frozen=True)
class Added:
    """A recording in the vault.

    Attributes
    ----------
    tape, session : str
    new : bool
        False when it was there already, and nothing was done.
    seconds : float
        Its length.
    warnings : tuple of str
        What is wrong with the file or its sound.
    notes : tuple of str
        What is no fault and good to know, such as one speaker a channel.
    """

    tape: str
    session: str
    new: bool
    seconds: float
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProcessTask:
    """A tape that is to be worked on.

    Attributes
    ----------
    vault : Vault
    tape : str
    wish : Wish
    voiceprints : bool
        Keep a voiceprint of each speaker; the protocol has to say so.
    """

    vault: Vault
    tape: str
    wish: Wish
    voiceprints: bool = False


@dataclass(frozen=True)
class Processed:
    """What was made of a tape.

    Attributes
    ----------
    tape, session : str
    new : bool
        False when the transcript was there already, made in the same way.
    seconds : float
        Length of the tape.
    turns, words : int
    warnings : tuple of str
    """

    tape: str
    session: str
    new: bool
    seconds: float
    turns: int
    words: int
    warnings: tuple[str, ...]


def study_sessions(study: Study) -> dict[str, Session]:
    """Read whose session each is, from the participants and sessions files alone.

    Raises
    ------
    DataError
        With every problem of these two files.
    TapeError
        When the protocol names no sessions file: a tape has to belong to a session.
    """
    data = study.protocol.data
    if data.sessions is None:
        raise TapeError(
            Problem(
                "the protocol names no sessions file, so no tape can be given to a session.",
                file="study.toml",
                hint='Add [data.sessions] with file = "sessions.csv" (columns session, participant).',
            )
        )
    reader = FileReader(study, lambda _: None)
    people, held = reader.table(data.participants), reader.table(data.sessions)
    sessions: dict[str, Session] = {}
    if people is not None and held is not None:
        sessions = read_sessions(reader, held, read_participants(reader, people))
    if reader.problems:
        raise DataError(reader.problems)
    return sessions


def match_sessions(
    files: Sequence[Path],
    sessions: Mapping[str, Session],
    *,
    session: str | None = None,
    names: Path | None = None,
) -> list[tuple[Path, Session]]:
    """Say which session each recording belongs to.

    Parameters
    ----------
    files : sequence of Path
        Recordings; a folder stands for the files in it.
    sessions : mapping of str to Session
    session : str, optional
        The session of the one recording.
    names : Path, optional
        A table with the columns file and session. Without it a recording bears the name of its session,
        as in ``S014.wav``.

    Returns
    -------
    list of (Path, Session)

    Raises
    ------
    TapeError
        With one problem for each recording that belongs to no known session.
    """
    recordings = _recordings(files)
    if session is not None and len(recordings) != 1:
        raise TapeError(f"--session names one session, but there are {len(recordings)} recordings.")
    given = _named(names) if names is not None else {}
    found: list[tuple[Path, Session]] = []
    problems: list[Problem] = []
    for path in recordings:
        wanted = session or given.get(path.name.casefold()) or given.get(path.stem.casefold())
        if wanted is None and names is not None:
            problems.append(Problem("it stands in no row of the table of names.", file=path.name))
            continue
        wanted = wanted or path.stem
        if wanted in sessions:
            found.append((path, sessions[wanted]))
            continue
        hint = nearest(wanted, sessions)
        if session is None and names is None:
            hint += " Name the session with --session, or all of them in a table with --names."
        problems.append(Problem(f"{wanted!r} is no session of the sessions file.", file=path.name, hint=hint))
    if problems:
        raise TapeError(problems)
    return found


def _recordings(files: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            found.append(path)
        else:
            raise TapeError(Problem("there is no such file or folder.", path.name, hint="Check the path."))
    if not found:
        raise TapeError("there is no recording: name files, or a folder that holds some.")
    return found


def _named(names: Path) -> dict[str, str]:
    """Read which file is which session's."""
    table = read_table(names)
    lost = [c for c in ("file", "session") if c not in table.names]
    if lost:
        raise TapeError(
            Problem(f"there is no column {lost[0]!r}.", file=names.name, hint="It needs file and session.")
        )
    found: dict[str, str] = {}
    for row, (name, session) in enumerate(zip(table.texts("file"), table.texts("session"), strict=True)):
        if name is None or session is None:
            continue
        if found.setdefault(name.casefold(), session) != session:
            raise TapeError(
                Problem(
                    f"{name!r} stands twice, with two sessions.",
                    names.name,
                    table.line(row),
                    hint="Leave the row that is right.",
                )
            )
    return found


def add_tape(task: AddTask, tell: Callable[[float], None] = lambda _: None) -> Added:
    """Seal one recording, with its working copy, the drawing of its waveform and a report on its quality.

    Parameters
    ----------
    task : AddTask
    tell : callable
        Is given the share of work done.

    Returns
    -------
    Added

    Raises
    ------
    TapeError
        When the recording cannot be read; nothing of it is left in the vault then.
    """
    name = task.path.name
    sha256, size = _hash(task.path)
    tell(0.1)
    if size == 0:
        raise TapeError(Problem("the file is empty.", file=name, hint="Copy it again from the recorder."))
    tape = task.vault.tape_id(sha256)
    try:
        with task.vault.draft(
            tape, session=task.session, participant=task.participant, again=task.again
        ) as draft:
            with draft.writer(ORIGINAL) as original, task.path.open("rb") as file:
                while block := file.read(BLOCK):
                    original.write(block)
            tell(0.4)
            with draft.writer(WORKING) as working, task.path.open("rb") as file:
                recording = measure(file, working, name=name)
            draft.write_bytes(PEAKS, recording.peaks)
            facts = {
                "name": name,
                "sha256": sha256,
                "bytes": size,
                "recording": asdict(recording.facts),
                "quality": quality_record(recording.quality),
                "warnings": list(recording.warnings),
            }
            draft.commit(facts)
    except TapeExists as error:
        there = error.tape
        return Added(there.id, there.session, False, there.facts()["recording"]["decoded"], ())
    tell(1.0)
    return Added(
        tape, task.session, True, recording.facts.decoded, recording.warnings, recording.quality.notes
    )


def _hash(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
    except OSError as error:
        raise TapeError(Problem(f"it cannot be read: {error.strerror}.", file=path.name)) from None


def process_tape(task: ProcessTask, tell: TellStage = lambda stage, share: None) -> Processed:
    """Find who spoke when on one tape, and what was said; continue where a stopped run was.

    Parameters
    ----------
    task : ProcessTask
    tell : callable
        Is given the stage and the share of it that is done.

    Raises
    ------
    TapeError
        When another process works on the tape, an engine refuses it, or a sealed file was changed.
    """
    tape = task.vault.tape(task.tape)
    with tape.hold():
        facts = tape.facts()
        engines, cautions = choose(task.wish)
        with tape.reader(WORKING) as file:
            sound = WorkingCopy(file, name=tape.id)
            made = transcribe(sound, facts["sha256"], engines, tape, tell)
            if task.voiceprints:
                keep_voiceprints(tape, sound, made.turns, task.wish.threads)
        record = as_record(made) | {"warnings": [*made.warnings, *cautions]}
        data = json.dumps(record, ensure_ascii=False).encode()
        new = not tape.has(TRANSCRIPT) or tape.read_bytes(TRANSCRIPT) != data
        more = cautions
        if new:
            if tape.has(ROLES) and not _still_named(tape, made):
                tape.remove(ROLES)
                more = (*cautions, ROLES_GONE)
            tape.write_bytes(TRANSCRIPT, data)
        if isinstance(engines.diarizer, ChannelDiarizer) and task.wish.channels and not tape.has(ROLES):
            name_roles(tape, {c: c for c in task.wish.channels})
    return Processed(
        tape.id,
        tape.session,
        new,
        made.duration,
        len(made.turns),
        len(made.words),
        (*made.warnings, *more),
    )


def _still_named(tape: Tape, made: Transcript) -> bool:
    """Say whether those who were given a role are heard under the same labels in a new transcript."""
    before = read_tape_transcript(tape, roles=False) if tape.has(TRANSCRIPT) else made
    for label in read_roles(tape):
        own = [Turn("before", t.start, t.end) for t in before.turns if t.speaker == label]
        shared = {}
        for speaker in made.speakers:
            now = [Turn("now", t.start, t.end) for t in made.turns if t.speaker == speaker]
            shared[speaker] = sum(s.seconds for s in overlaps([*own, *now]))
        if not shared.get(label) or shared[label] < max(shared.values()):
            return False
    return True


def protocol_wish(study: Study, threads: int = 1) -> Wish:
    """Return the engines that the protocol asks for."""
    tapes = study.protocol.tapes
    return Wish(
        diarizer=tapes.diarizer,
        recognizer=tapes.recognizer,
        speakers=tapes.speakers,
        channels=tapes.channels,
        language=tapes.language,
        glossary=tapes.glossary,
        threads=threads,
    )


def name_roles(tape: Tape, roles: Mapping[str, str]) -> None:
    """Note who is who on a tape; the transcript itself stays as it was made."""
    tape.write_bytes(ROLES, json.dumps(dict(roles), ensure_ascii=False).encode())


def read_roles(tape: Tape) -> dict[str, str]:
    """Return who is who on a tape: label to role; empty before a person has said it."""
    return dict(json.loads(tape.read_bytes(ROLES))) if tape.has(ROLES) else {}


def read_tape_transcript(tape: Tape, *, roles: bool = True) -> Transcript:
    """Return the transcript of a tape, with speakers named by role where that is known.

    Raises
    ------
    TapeError
        When there is none yet.
    """
    if not tape.has(TRANSCRIPT):
        raise TapeError(
            Problem("it has no transcript yet.", file=tape.id, hint="Next: bordin tape process STUDY")
        )
    found = from_record(json.loads(tape.read_bytes(TRANSCRIPT)), tape.id)
    return found.renamed(read_roles(tape)) if roles else found


def vault_folder(study: Study) -> Path:
    """Return where the tapes of a study are."""
    return study.folder / FOLDER


def tape_facts(tape: Tape) -> dict[str, Any]:
    """Return what a list of tapes shows of one; nothing of the original file's name."""
    facts = tape.facts()
    return {
        "tape": tape.id,
        "session": tape.session,
        "participant": tape.participant,
        "seconds": facts["recording"]["decoded"],
        "warnings": facts["warnings"],
        "transcript": tape.has(TRANSCRIPT),
        "roles": read_roles(tape),
    }
