"""Who is the therapist, from voices on earlier tapes: only where a study keeps voiceprints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bordin.errors import Problem, TapeError
from bordin.tapes.engines.shapes import Sound
from bordin.tapes.engines.voiceprint import Embedder, voiceprints
from bordin.tapes.shapes import Turn
from bordin.tapes.speech_models.speech_model import default_models, model_hash
from bordin.tapes.vault.vault import Tape

VOICEPRINTS, ROLES = "voiceprints.json", "roles.json"
# Below this two voices are as alike as strangers often are; nothing is suggested then.
ALIKE = 0.5


@dataclass(frozen=True)
class Suggestion:
    """Who may be whom on a tape; a person decides.

    Attributes
    ----------
    speaker, role : str
    similarity : float
        Cosine of the two voices, -1 to 1.
    session : str
        Whose tape the voice was named on.
    """

    speaker: str
    role: str
    similarity: float
    session: str


def keep_voiceprints(tape: Tape, sound: Sound, turns: Sequence[Turn], threads: int = 1) -> None:
    """Keep a voiceprint of each speaker in the tape; it goes when the tape is forgotten.

    Raises
    ------
    TapeError
        When no embedding model is on this computer.
    """
    model = default_models().embedding
    if model is None:
        raise TapeError(
            Problem("voiceprints need an embedding model.", hint="Next: bordin model add campplus")
        )
    made = {
        "model": model_hash(model),
        "turns": [[t.speaker, t.start, t.end] for t in turns],
    }
    if tape.has(VOICEPRINTS):
        before = json.loads(tape.read_bytes(VOICEPRINTS))
        if {k: before[k] for k in made} == made:
            return
    found = voiceprints(sound, turns, Embedder(str(model.path), threads=threads))
    record = made | {"voices": {s: v.tolist() for s, v in found.items()}}
    tape.write_bytes(VOICEPRINTS, json.dumps(record).encode())


def suggest_roles(tape: Tape, others: Sequence[Tape]) -> tuple[Suggestion, ...]:
    """Compare the voices on a tape with those that were named on other tapes.

    Parameters
    ----------
    tape : Tape
    others : sequence of Tape
        Those without voiceprints or roles are passed over.

    Returns
    -------
    tuple of Suggestion
        For each role the speaker who sounds most like it; only where the two voices are clearly alike.
    """
    if not tape.has(VOICEPRINTS):
        return ()
    own = json.loads(tape.read_bytes(VOICEPRINTS))
    best: dict[str, Suggestion] = {}
    for other in others:
        if other.id == tape.id or not other.has(VOICEPRINTS) or not other.has(ROLES):
            continue
        theirs = json.loads(other.read_bytes(VOICEPRINTS))
        if theirs["model"] != own["model"]:
            continue
        for label, role in json.loads(other.read_bytes(ROLES)).items():
            named = theirs["voices"].get(label)
            for speaker, voice in own["voices"].items() if named is not None else ():
                alike = float(np.dot(voice, named))
                if alike >= ALIKE and (role not in best or alike > best[role].similarity):
                    best[role] = Suggestion(speaker, role, alike, other.session)
    return tuple(best.values())
