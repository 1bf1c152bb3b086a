"""Decisions as a file holds them: places and keyed hashes, never the words.

A plain hash of a name can be undone by trying all names, and so can a salted one when the salt is beside it.
Each hash here is an HMAC-SHA-256 (RFC 2104) under a secret key. Keep the key where the original transcript
is: whoever may read that one may have the key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.deidentification.proposals import check_places
from bordin.tapes.deidentification.shapes import (
    SOURCES,
    Decision,
    Proposal,
    by_id,
    check_kind,
    identity,
    proposal_at,
    words_at,
)
from bordin.tapes.shapes import Transcript

FORM = "bordin decisions 1"
KEY_BYTES = 32
_LEAST_KEY = 16
_FROM_FILE = "decided before"


@dataclass(frozen=True)
class Review:
    """Decisions read back.

    Attributes
    ----------
    decisions : tuple of Decision
    proposals : tuple of Proposal
        One for each decision, also those that a person added; :func:`together` joins them with fresh ones.
    dropped : int
        Decisions left out because other words stand in their place now; only with `keep_unchanged`.
    """

    decisions: tuple[Decision, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    dropped: int = 0


def new_key() -> bytes:
    """Return a fresh secret key of 32 bytes. Keep it with the original transcript."""
    return secrets.token_bytes(KEY_BYTES)


def as_record(
    decisions: Iterable[Decision], proposals: Sequence[Proposal], transcript: Transcript, *, key: bytes
) -> dict[str, Any]:
    """Return decisions as JSON holds them, without the words they are about.

    Parameters
    ----------
    decisions : iterable of Decision
    proposals : sequence of Proposal
        That the decisions are about, also those that a person added.
    transcript : Transcript
        The one that was proposed on; names of speakers and times may change later, words and turns may not.
    key : bytes
        Secret, at least 16 bytes; see :func:`new_key`.

    Returns
    -------
    dict
        Fingerprint of the transcript, and for each decision its place, kind and source, whether it was
        accepted, and a keyed hash of place and words. No word, no reason, no id of a proposal.

    Raises
    ------
    TapeError
        When decisions or proposals do not fit the transcript, or the key is too short.
    """
    _check_key(key)
    decided = by_id(decisions, proposals)
    check_places(transcript, (p for p in proposals if p.id in decided))
    lines = []
    for one in sorted({p.id: p for p in proposals}.values(), key=lambda p: (p.turn, p.first, p.last)):
        decision = decided.get(one.id)
        if decision is None:
            continue
        lines.append(
            {
                "turn": one.turn,
                "first": one.first,
                "last": one.last,
                "kind": decision.kind or one.kind,
                "source": one.source,
                "accepted": decision.accepted,
                "hash": _hash(key, transcript, one.turn, one.first, one.last),
            }
        )
    return {
        "form": FORM,
        "key": _signed(key, "which key"),
        "fingerprint": fingerprint(transcript, key=key),
        "decisions": lines,
    }


def from_record(
    record: Mapping[str, Any],
    transcript: Transcript,
    *,
    key: bytes,
    keep_unchanged: bool = False,
    file: str | None = None,
) -> Review:
    """Read decisions back, for the transcript they were made on.

    Parameters
    ----------
    record : mapping
        What :func:`as_record` made.
    transcript : Transcript
    key : bytes
        The same secret key.
    keep_unchanged : bool
        For a transcript that changed: keep decisions whose turn number, word numbers and words are still the
        same, and count the others as dropped. Review the dropped ones again.
    file : str, optional
        Name of the file, for errors.

    Returns
    -------
    Review

    Raises
    ------
    TapeError
        When it is no such record, the key is another one, or the transcript changed.
    """
    _check_key(key)
    if record.get("form") != FORM:
        problem = f"this is no file of decisions ('form' is not '{FORM}')."
        raise TapeError(Problem(problem, file, hint="Name the file that the review wrote."))
    if not hmac.compare_digest(str(record.get("key", "")), _signed(key, "which key")):
        problem = "the decisions were written with another key."
        raise TapeError(Problem(problem, file, hint="Use the key that lies with the original transcript."))
    same = hmac.compare_digest(str(record.get("fingerprint", "")), fingerprint(transcript, key=key))
    if not same and not keep_unchanged:
        problem = "the transcript changed since these decisions were made, so they may hide the wrong words."
        hint = (
            "Apply them to the transcript that was reviewed; or keep those whose words still stand in their "
            "place (keep_unchanged), propose again and review the rest."
        )
        raise TapeError(Problem(problem, file, hint=hint))
    decisions, proposals, dropped = [], [], 0
    for number, line in enumerate(_lines(record, file), start=1):
        made = _decision(line, transcript, key, (file, number))
        if made is None and same:
            problem = f"decision {number} does not fit its own transcript: the file was altered."
            raise TapeError(Problem(problem, file, hint="Use a copy that is intact, or review again."))
        if made is None:
            dropped += 1
        else:
            decisions.append(made[0])
            proposals.append(made[1])
    return Review(tuple(decisions), tuple(proposals), dropped)


def together(proposals: Sequence[Proposal], review: Review) -> tuple[Proposal, ...]:
    """Join fresh proposals with those that were decided before, so that no decision loses its place."""
    known = {p.id for p in proposals}
    added = [p for p in review.proposals if p.id not in known]
    return tuple(sorted((*proposals, *added), key=lambda p: (p.turn, p.first, -p.last)))


def fingerprint(transcript: Transcript, *, key: bytes) -> str:
    """Return a keyed hash of all words, turn by turn; labels of speakers and times are not in it."""
    return _signed(key, "transcript", *("\x1f".join(w.text for w in t.words) for t in transcript.turns))


def _lines(record: Mapping[str, Any], file: str | None) -> list[Any]:
    lines = record.get("decisions")
    if not isinstance(lines, list):
        raise TapeError(Problem("'decisions' is no list.", file, hint="Name the file that the review wrote."))
    return lines


def _decision(
    line: Any, transcript: Transcript, key: bytes, place: tuple[str | None, int]
) -> tuple[Decision, Proposal] | None:
    """Read one decision, or return None when other words stand in its place."""
    file, number = place
    try:
        turn, first, last = (line[k] for k in ("turn", "first", "last"))
        kind, source, accepted, made = (line[k] for k in ("kind", "source", "accepted", "hash"))
        fits = all(type(n) is int for n in (turn, first, last)) and isinstance(accepted, bool)
        fits = fits and source in SOURCES and isinstance(kind, str) and isinstance(made, str)
    except (KeyError, TypeError, IndexError):
        fits = False
    if not fits:
        problem = f"decision {number} is not complete (turn, first, last, kind, source, accepted, hash)."
        raise TapeError(Problem(problem, file, hint="Use a copy that is intact, or review again."))
    check_kind(kind)
    turns = transcript.turns
    if not (0 <= turn < len(turns) and 0 <= first <= last < len(turns[turn].words)):
        return None
    if not hmac.compare_digest(made, _hash(key, transcript, turn, first, last)):
        return None
    confidence = 1.0
    proposal = proposal_at(transcript, (turn, first, last), kind, source, confidence, _FROM_FILE)
    return Decision(identity(transcript, turn, first, last), accepted, kind), proposal


def _hash(key: bytes, transcript: Transcript, turn: int, first: int, last: int) -> str:
    """Return the keyed hash of a place and its words; the same name elsewhere has another one."""
    return _signed(key, "words", str(turn), str(first), str(last), *words_at(transcript, turn, first, last))


def _signed(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\x1e".join(parts).encode(), hashlib.sha256).hexdigest()


def _check_key(key: bytes) -> None:
    if not isinstance(key, (bytes, bytearray)) or len(key) < _LEAST_KEY:
        problem = f"the key of the decisions has fewer than {_LEAST_KEY} bytes."
        raise TapeError(Problem(problem, hint="Make one with new_key() and keep it with the transcript."))
