"""What a plan cannot ask for, with the next step; every fault is told at once."""

from __future__ import annotations

from collections.abc import Sequence

from bordin.coding.allocation.assignment import Plan, SessionToCode, in_words
from bordin.errors import AnalysisError, Problem, nearest


def check_plan(sessions: Sequence[SessionToCode], coders: Sequence[str], plan: Plan, seed: int) -> None:
    """Refuse a plan that cannot be carried out.

    Raises
    ------
    AnalysisError
        With one problem for each fault.
    """
    problems = [
        *_people(sessions, coders, plan),
        *_numbers(sessions, coders, plan, seed),
        *_named_sessions(sessions, plan),
        *_factors(sessions, plan),
        *_per_coder(coders, plan),
    ]
    if problems:
        raise AnalysisError(problems)


def number_of(amount: float | int, of: int) -> int:
    """Turn a share (with a decimal point) or a whole number into a number."""
    return int(amount * of + 0.5) if isinstance(amount, float) else amount


def _problem(key: str, message: str, hint: str) -> Problem:
    return Problem(message, column=f"allocation.{key}", hint=hint)


def _people(sessions: Sequence[SessionToCode], coders: Sequence[str], plan: Plan) -> list[Problem]:
    found = []
    if not sessions:
        found.append(Problem("there is no session to allocate.", hint="Import the sessions first."))
    if not coders:
        found.append(Problem("there is no coder.", hint="Add coders first."))
    ids = [s.id for s in sessions]
    found += [
        Problem(f"the session {i!r} is given twice.", hint="Give each session once.")
        for i in sorted({i for i in ids if ids.count(i) > 1} if len(set(ids)) < len(ids) else ())
    ]
    if len(set(coders)) < len(coders):
        twice = next(c for c in coders if list(coders).count(c) > 1)
        found.append(Problem(f"the coder {twice!r} is given twice.", hint="Give each coder once."))
    if plan.coders < 1:
        found.append(_problem("coders", f"{plan.coders} coders cannot rate a session.", "Ask for 1 or more."))
    elif coders and plan.coders > len(coders):
        found.append(
            _problem(
                "coders",
                f"{plan.coders} coders are to rate each session, but there are only {len(coders)}.",
                f"Add coders, or ask for {len(coders)}.",
            )
        )
    return found


def _numbers(
    sessions: Sequence[SessionToCode], coders: Sequence[str], plan: Plan, seed: int
) -> list[Problem]:
    found = []
    for key, amount in (("double", plan.double), ("repeat", plan.repeat)):
        if isinstance(amount, bool) or amount < 0 or (isinstance(amount, float) and not amount <= 1):
            found.append(
                _problem(
                    key,
                    f"{amount} is neither a share from 0.0 to 1.0 nor a whole number.",
                    "Write 0.2 for a fifth, or 12 for twelve.",
                )
            )
    usual = len(sessions) - len({*plan.calibration, *plan.practice})
    if isinstance(plan.double, int) and plan.double > max(usual, 0):
        found.append(
            _problem(
                "double",
                f"{plan.double} sessions are to be coded once more, but there are only {max(usual, 0)} "
                "beside calibration and practice.",
                "Lower it, or write a share such as 0.2.",
            )
        )
    if plan.double and coders and plan.coders == len(coders):
        found.append(
            _problem(
                "double",
                f"all {len(coders)} coders rate every session already; there is none for a further reading.",
                "Leave double out, add a coder, or ask for fewer coders.",
            )
        )
    if plan.calibration_every is not None and plan.calibration_every < 1:
        found.append(
            _problem("calibration_every", f"{plan.calibration_every} is no interval.", "Write 1 or more.")
        )
    if plan.calibration_every is not None and not plan.calibration:
        found.append(
            _problem(
                "calibration_every",
                "an interval is given, but no calibration session.",
                'Name them: calibration = ["S07"].',
            )
        )
    if seed < 0:
        found.append(_problem("seed", f"{seed} is below 0.", "Give a whole number from 0."))
    return found


def _named_sessions(sessions: Sequence[SessionToCode], plan: Plan) -> list[Problem]:
    known = {s.id for s in sessions}
    found = []
    for key, named in (("calibration", plan.calibration), ("practice", plan.practice)):
        for one in named:
            if one not in known:
                found.append(_problem(key, f"there is no session {one!r} to code.", nearest(one, known)))
        if len(set(named)) < len(named):
            twice = next(n for n in named if named.count(n) > 1)
            found.append(_problem(key, f"{twice!r} stands twice.", "Name it once."))
    both = sorted(set(plan.calibration) & set(plan.practice))
    if both:
        found.append(
            _problem(
                "calibration",
                f"{in_words(both)} cannot be practice and calibration: after practice it is known.",
                "Take it out of one of the two.",
            )
        )
    return found


def _factors(sessions: Sequence[SessionToCode], plan: Plan) -> list[Problem]:
    found = []
    for factor in plan.balance:
        without = [s.id for s in sessions if factor not in s.factors]
        if without:
            known = sorted({f for s in sessions for f in s.factors})
            found.append(
                _problem(
                    "balance",
                    f"{len(without)} of {len(sessions)} sessions have no {factor!r}, such as {without[0]}.",
                    "Fill it in for every session, or leave the factor out. " + nearest(factor, known),
                )
            )
    return found


def _per_coder(coders: Sequence[str], plan: Plan) -> list[Problem]:
    found = []
    for key, per_coder in (("share", plan.share), ("capacity", plan.capacity)):
        for coder in sorted(per_coder):
            if coder not in coders:
                found.append(_problem(key, f"there is no coder {coder!r}.", nearest(coder, coders)))
            elif key == "share" and not 0.001 <= per_coder[coder] <= 1_000:
                found.append(
                    _problem(key, f"{coder}: {per_coder[coder]} is no share.", "Write 0.5 for half the work.")
                )
            elif key == "capacity" and per_coder[coder] < 0:
                found.append(_problem(key, f"{coder}: {per_coder[coder]} is below 0.", "Write 0 or more."))
    return found
