"""Names and numbers on a tape of a study: what is proposed, what a person decided, and copies without them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.study.study import Study
from bordin.study.tapes import WORKING, read_tape_transcript
from bordin.tapes.deidentification import (
    Decision,
    Dictionary,
    Proposal,
    apply,
    as_record,
    bleep_blocks,
    bleep_plan,
    from_record,
    new_key,
    propose,
    read_dictionary,
    remaining,
    together,
)
from bordin.tapes.deidentification.proposals import Finder
from bordin.tapes.shapes import SAMPLE_RATE, Stretch, Transcript
from bordin.tapes.sound.working_copy import WavWriter, WorkingCopy
from bordin.tapes.vault.plain_files import PlainWriter
from bordin.tapes.vault.vault import Tape

DECISIONS, DECISION_KEY = "decisions.json", "decision-key"
BLOCK_SECONDS = 30.0


@dataclass(frozen=True)
class TapeReview:
    """What is known of names and numbers on one tape.

    Attributes
    ----------
    transcript : Transcript
        With roles, before anything is replaced.
    proposals : tuple of Proposal
    decisions : tuple of Decision
    dropped : int
        Decisions that no longer fit, because the tape was transcribed anew.
    """

    transcript: Transcript
    proposals: tuple[Proposal, ...]
    decisions: tuple[Decision, ...]
    dropped: int = 0

    @property
    def undecided(self) -> tuple[Proposal, ...]:
        """Proposals that nobody has decided about."""
        return remaining(self.proposals, self.decisions)

    @property
    def replaced(self) -> Transcript:
        """The transcript with placeholders for what was accepted."""
        return apply(self.transcript, self.proposals, self.decisions)


def study_dictionary(study: Study, participant: str) -> Dictionary | None:
    """Read the study's names and places that may be said on a participant's tapes, when the protocol has any."""
    name = study.protocol.tapes.names
    if name is None:
        return None
    path = study.folder / name
    if not path.is_file():
        raise TapeError(
            Problem(
                "there is no such file of names and places.",
                file=name,
                hint="Make it with the columns text and kind, or take names out of [tapes].",
            )
        )
    return read_dictionary(path).for_participant(participant)


def review_tape(study: Study, tape: Tape, extra: Finder | None = None) -> TapeReview:
    """Propose what may identify somebody on a tape, together with what was decided before.

    Parameters
    ----------
    study : Study
    tape : Tape
    extra : callable, optional
        Proposes more from the transcript, such as presidio.
    """
    transcript = read_tape_transcript(tape)
    proposals = propose(transcript, study_dictionary(study, tape.participant), extra=extra)
    if not tape.has(DECISIONS):
        return TapeReview(transcript, proposals, ())
    record = json.loads(tape.read_bytes(DECISIONS))
    before = from_record(
        record, transcript, key=tape.read_bytes(DECISION_KEY), keep_unchanged=True, file=tape.id
    )
    return TapeReview(transcript, together(proposals, before), before.decisions, before.dropped)


def keep_decisions(tape: Tape, review: TapeReview, decisions: Sequence[Decision]) -> TapeReview:
    """Write decisions into the tape, and return the review with them; later ones replace earlier ones."""
    merged = {d.proposal: d for d in (*review.decisions, *decisions)}
    if not tape.has(DECISION_KEY):
        tape.write_bytes(DECISION_KEY, new_key())
    record = as_record(
        merged.values(), review.proposals, review.transcript, key=tape.read_bytes(DECISION_KEY)
    )
    tape.write_bytes(DECISIONS, json.dumps(record).encode())
    return replace(review, decisions=tuple(merged.values()))


def write_sound(tape: Tape, path: Path, hidden: Sequence[Stretch]) -> None:
    """Write the working copy as a WAV file in the clear, with a tone where something is hidden.

    Parameters
    ----------
    tape : Tape
    path : Path
    hidden : sequence of Stretch
    """
    with tape.reader(WORKING) as file, PlainWriter(path, path.name, tape.id) as out:
        sound = WorkingCopy(io.BufferedReader(file), name=tape.id)
        wav = WavWriter(out, sound.channels)
        for block in bleep_blocks(_blocks(sound), SAMPLE_RATE, hidden):
            wav.write(np.round(block * 32768.0).clip(-32768, 32767).astype(np.int16))
        wav.finish()


def hidden_stretches(review: TapeReview) -> tuple[tuple[Stretch, ...], tuple[str, ...]]:
    """Return what is to be made inaudible, and what a person has to know of it."""
    plan = bleep_plan(review.transcript, review.proposals, review.decisions, missing="surroundings")
    return plan.stretches, plan.notes


def _blocks(sound: WorkingCopy) -> Iterator[npt.NDArray[np.float32]]:
    start = 0.0
    while start < sound.duration:
        yield sound.read_channels(start, start + BLOCK_SECONDS)
        start += BLOCK_SECONDS
