"""Checks over whole lists of ratings and codes; every fault is told at once, with its row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from bordin.coding.codetype import CodeDefinition, CodeKind, CodeType
from bordin.coding.dimension import show
from bordin.coding.rating import Code, Rating
from bordin.coding.system import CodingSystem
from bordin.errors import BordinError, DataError, Problem
from bordin.missing import Missing


def check_ratings(ratings: Iterable[Rating]) -> None:
    """Refuse two ratings by one coder of one session on one dimension.

    Parameters
    ----------
    ratings : iterable of Rating

    Raises
    ------
    DataError
        Lists each pair, and says whether the two agree.
    """
    first: dict[tuple[str, str, str, str, int], Rating] = {}
    problems: list[Problem] = []
    for rating in ratings:
        key = (rating.session, rating.coder, rating.member, rating.dimension, rating.reading)
        if key not in first:
            first[key] = rating
            continue
        earlier = first[key]
        if (earlier.value, earlier.reason) == (rating.value, rating.reason):
            what = f"the same rating ({_say(rating)}) stands twice"
        else:
            what = f"two different ratings ({_say(earlier)} and {_say(rating)})"
        problems.append(
            Problem(
                f"{what} for session {rating.session}, coder {rating.coder}{_first_in(earlier.row)}",
                line=rating.row,
                column=rating.dimension,
                hint="Keep one of them, or give the second one reading = 2.",
            )
        )
    if problems:
        raise DataError(problems)


def check_codes(system: CodingSystem, codes: Sequence[Code]) -> list[tuple[Code, CodeType, CodeDefinition]]:
    """Check codes against their system and say what each one is.

    Parameters
    ----------
    system : CodingSystem
    codes : sequence of Code

    Returns
    -------
    list of (Code, CodeType, CodeDefinition)
        In the order of `codes`.

    Raises
    ------
    DataError
        Unknown codes and speakers, values off the scale, a second exclusive code on a unit, a code
        given twice on a unit, an end before its start, a Q-sort whose piles are not full.
    """
    problems: list[Problem] = []
    resolved: list[tuple[Code, CodeType, CodeDefinition]] = []
    for code in codes:
        try:
            kind, definition = system.code(code.code, code.speaker)
        except BordinError as error:
            problems += [
                Problem(p.message, line=code.row, column="code", hint=p.hint) for p in error.problems
            ]
            continue
        resolved.append((code, kind, definition))
        complaint = kind.complaint(code.value)
        if complaint:
            problems.append(Problem(f"{definition.id}: {complaint}", line=code.row, column="value"))
        if code.start is not None and code.end is not None and code.end < code.start:
            problems.append(
                Problem(
                    f"the code ends at {show(code.end)} s, before its start at {show(code.start)} s",
                    line=code.row,
                    column="end",
                )
            )
    problems += _repeats(resolved)
    problems += _piles(resolved)
    if problems:
        raise DataError(problems)
    return resolved


def _repeats(resolved: Iterable[tuple[Code, CodeType, CodeDefinition]]) -> list[Problem]:
    """Find units with two exclusive codes, or with one code twice; tallies and texts may repeat."""
    first: dict[tuple[str, ...], tuple[Code, CodeDefinition]] = {}
    problems: list[Problem] = []
    for code, kind, definition in resolved:
        if kind.kind in {CodeKind.COUNT, CodeKind.TEXT}:
            continue
        key = [code.session, code.coder, kind.id]
        if kind.kind is CodeKind.Q_SORT:
            key.append(definition.id)
        else:
            key += [code.unit_id] if kind.kind is CodeKind.EXCLUSIVE else [code.unit_id, definition.id]
        if tuple(key) not in first:
            first[tuple(key)] = (code, definition)
            continue
        earlier, other = first[tuple(key)]
        if other.id == definition.id:
            what = f"the code {definition.id} stands twice on it"
        else:
            what = f"it has the codes {other.id} and {definition.id}, but {kind.name} allows one"
        problems.append(
            Problem(
                f"session {code.session}, coder {code.coder}, unit {code.unit_id}: {what}"
                + _first_in(earlier.row),
                line=code.row,
                column="code",
                hint="Keep one of them.",
            )
        )
    return problems


def _piles(resolved: Iterable[tuple[Code, CodeType, CodeDefinition]]) -> list[Problem]:
    """Check that every Q-sort has as many items in each pile as its system says."""
    sorts: dict[tuple[str, str, str], Counter[float]] = defaultdict(Counter)
    kinds: dict[str, CodeType] = {}
    for code, kind, _ in resolved:
        if kind.kind is CodeKind.Q_SORT and code.value is not None:
            sorts[code.session, code.coder, kind.id][code.value] += 1
            kinds[kind.id] = kind
    problems: list[Problem] = []
    for (session, coder, kind_id), piles in sorts.items():
        kind = kinds[kind_id]
        found = tuple(piles[kind.low + i * kind.step] for i in range(len(kind.piles)))
        if found != kind.piles:
            problems.append(
                Problem(
                    f"session {session}, coder {coder}: the piles of {kind.name} hold "
                    f"{'-'.join(map(str, found))} items, not {'-'.join(map(str, kind.piles))}.",
                    column="value",
                    hint="Move items until every pile has its number.",
                )
            )
    return problems


def _say(rating: Rating) -> str:
    return rating.reason or str(rating.value) if isinstance(rating.value, Missing) else show(rating.value)


def _first_in(row: int | None) -> str:
    """End a sentence, with the row of the earlier one where it is known."""
    return f" (first in row {row})." if row is not None else "."
