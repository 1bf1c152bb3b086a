"""``bordin tape roles``: who is the therapist, said once for each tape by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder

if TYPE_CHECKING:
    from bordin.tapes.shapes import Transcript

SHOWN = 3


def command(
    study: StudyFolder,
    session: Annotated[str, typer.Argument(help="Session, or the tape's own name.")],
    roles: Annotated[
        list[str] | None,
        typer.Argument(
            help="Who is who, such as therapist=S1 client=S2. Without them the speakers are shown."
        ),
    ] = None,
    key_file: KeyFile = None,
) -> None:
    """Say who is the therapist on a tape, and who the client."""
    from bordin.cli.tape.opening import opened, tape_named
    from bordin.study.tapes import name_roles, read_tape_transcript
    from bordin.study.voices import suggest_roles
    from bordin.tapes.measures import ROLES

    _, vault = opened(study, key_file)
    tape = tape_named(vault, session)
    transcript = read_tape_transcript(tape, roles=False)
    if not roles:
        _show(transcript, f"bordin tape roles {study} {session}")
        for s in suggest_roles(tape, vault.tapes()):
            print(
                f"{s.speaker} sounds like the {s.role} of session {s.session} (similarity {s.similarity:.2f}); "
                "listen before you say so."
            )
        return
    chosen = _read(roles, transcript)
    with tape.hold():
        name_roles(tape, chosen)
    print(f"{tape.id}: " + ", ".join(f"{label} is the {role}" for label, role in chosen.items()) + ".")
    unusual = [role for role in chosen.values() if role not in ROLES]
    if unusual:
        print(f"Process measures know {' and '.join(ROLES)}; {', '.join(unusual)} will not be measured.")
    others = [s for s in transcript.speakers if s not in chosen]
    if others:
        print(f"Without a role: {', '.join(others)}. They count as other people.")
    print(f"Next: bordin tape measures {study}")


def _read(given: list[str], transcript: Transcript) -> dict[str, str]:
    from bordin.errors import Problem, TapeError, nearest

    found: dict[str, str] = {}
    for pair in given:
        role, equals, label = pair.partition("=")
        role, label = role.strip(), label.strip()
        if not equals or not role:
            raise TapeError(Problem(f"{pair!r} is no role.", hint="Write therapist=S1."))
        if label not in transcript.speakers:
            raise TapeError(
                Problem(f"nobody on this tape is called {label!r}.", hint=nearest(label, transcript.speakers))
            )
        if label in found or role in found.values():
            raise TapeError(f"{pair!r}: {role} or {label} was named before.")
        found[label] = role
    return found


def _show(transcript: Transcript, command_line: str) -> None:
    """Print enough of each speaker to tell who it is."""
    from bordin.cli.tape.batch import counted

    total = sum(t.seconds for t in transcript.turns) or 1.0
    for speaker in transcript.speakers:
        own = [t for t in transcript.turns if t.speaker == speaker]
        share = sum(t.seconds for t in own) / total
        print(f"{speaker}: {counted(len(own), 'turn')}, {share:.0%} of the talk")
        for t in sorted((t for t in own if t.words), key=lambda t: -len(t.words))[:SHOWN]:
            at = f"{int(t.start // 60)}:{int(t.start % 60):02d}"
            text = t.text if len(t.text) <= 100 else f"{t.text[:97]}..."
            print(f"  {at}  {text}")
    speakers = transcript.speakers
    if len(speakers) >= 2:
        print(f"Next: {command_line} therapist={speakers[0]} client={speakers[1]}   (or the other way round)")
