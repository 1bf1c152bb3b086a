"""``bordin tape deidentify``: names and numbers proposed by machine, decided by a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bordin.cli.tape.opening import KeyFile, StudyFolder

if TYPE_CHECKING:
    from bordin.study.tape_review import TapeReview
    from bordin.tapes.deidentification import Decision


def command(
    study: StudyFolder,
    session: Annotated[str, typer.Argument(help="Session, or the tape's own name.")],
    accept: Annotated[
        str | None, typer.Option(help="Numbers of proposals to hide, such as 1,3-5, or all.")
    ] = None,
    reject: Annotated[str | None, typer.Option(help="Numbers of proposals to leave, or all.")] = None,
    presidio: Annotated[
        str | None,
        typer.Option(
            help="Also ask presidio (an extra): the folder of a spaCy model, or patterns for its own patterns alone."
        ),
    ] = None,
    key_file: KeyFile = None,
) -> None:
    """Review the names, places and numbers on a tape, and decide which are hidden in copies."""
    from bordin.cli.tape.opening import opened, tape_named
    from bordin.study.tape_review import keep_decisions, review_tape
    from bordin.tapes.deidentification import review_lines

    loaded, vault = opened(study, key_file)
    tape = tape_named(vault, session)
    review = review_tape(loaded, tape, _presidio(presidio))
    if review.dropped:
        print(f"{review.dropped} earlier decisions no longer fit: the tape was transcribed anew.")
    if not review.proposals:
        print("Nothing is proposed. Listen all the same: no list of names is complete.")
        return
    lines = review_lines(review.transcript, review.proposals, review.decisions)
    if accept is None and reject is None:
        if sys.stdin.isatty():
            decisions = _asked(review, lines)
        else:
            print("\n".join(lines))
            print("Next: the same with --accept and --reject, such as --accept 1,3-5 --reject 2.")
            return
    else:
        yes, no = _chosen(accept, review), _chosen(reject, review)
        decisions = _decided(review, yes, no)
    with tape.hold():
        left = keep_decisions(tape, review, decisions).undecided
    hidden = sum(d.accepted for d in decisions)
    print(
        f"{hidden} to be hidden in copies, {len(decisions) - hidden} left as they are, {len(left)} undecided."
    )
    if not left:
        print(f"Next: bordin tape export {study} {session} --to FOLDER")


def _presidio(given: str | None):  # type: ignore[no-untyped-def]  # a finder, imported late
    """Return presidio as a finder, when it is asked for."""
    if given is None:
        return None
    from bordin.tapes.deidentification.presidio import PresidioFinder

    return PresidioFinder(None if given == "patterns" else given)


def _decided(review: TapeReview, yes: set[int], no: set[int]) -> list[Decision]:
    from bordin.errors import TapeError
    from bordin.tapes.deidentification import Decision

    both = yes & no
    if both:
        raise TapeError(f"{min(both)} is accepted and rejected at once.")
    return [Decision(p.id, i in yes) for i, p in enumerate(review.proposals, 1) if i in yes | no]


def _chosen(text: str | None, review: TapeReview) -> set[int]:
    """Read numbers such as ``1,3-5``."""
    from bordin.errors import Problem, TapeError

    count = len(review.proposals)
    if text is None:
        return set()
    if text.strip() == "all":
        decided = {d.proposal for d in review.decisions}
        return {i for i, p in enumerate(review.proposals, 1) if p.id not in decided}
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise TapeError(Problem(f"{part.strip()!r} is no number.", hint="Write such as 1,3-5, or all."))
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= count:
            raise TapeError(f"{part.strip()!r} is asked for, and there are proposals 1 to {count}.")
        found |= set(range(low, high + 1))
    return found


def _asked(review: TapeReview, lines: Sequence[str]) -> list[Decision]:
    """Ask about each proposal that is not decided."""
    from bordin.tapes.deidentification import Decision

    decided = {d.proposal for d in review.decisions}
    found: list[Decision] = []
    print("y hides it in copies, n leaves it, Enter decides later, q stops and keeps what was decided.")
    for proposal, line in zip(review.proposals, lines, strict=True):
        if proposal.id in decided:
            continue
        print(line)
        answer = input("  hide? [y/n/Enter/q] ").strip().lower()
        if answer == "q":
            break
        if answer in {"y", "n"}:
            found.append(Decision(proposal.id, answer == "y"))
    return found
