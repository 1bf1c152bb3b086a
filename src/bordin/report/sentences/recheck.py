"""The sentences of a rechecked table: what follows, what does not, and what nobody can say from it."""

from __future__ import annotations

from collections.abc import Sequence

from bordin.report.number import correlation, count, interval, level, number, p_statement, threshold
from bordin.report.text import Phrase, Run, listing, phrase, plural
from bordin.study.recheck import FitOfTest, Recheck
from bordin.study.recheck_cells import GREATEST_N, SMALLEST_N, CheckedCell, TestName
from bordin.study.recheck_claims import CellFinding, JudgedClaim

_SLIP = {
    "decimal": "the decimal point is one place off",
    "digits": "two digits are swapped",
    "sign": "p belongs to the other direction",
}


def conclusion(checked: Recheck) -> str:
    """Say in a few sentences what holds of the table."""
    table = checked.table
    parts = [consistency(checked), stars(checked)]
    if counted(checked):
        parts.append(
            f"Adjusted for {count(table.n_tests)} {plural(table.n_tests, 'test')}, {count(table.holm)} remain by "
            f"Holm and {count(table.bh)} by Benjamini-Hochberg."
        )
    if table.matrix is not None and table.matrix.verdict == "impossible":
        parts.append("No data could have produced this matrix.")
    return " ".join(part for part in parts if part)


def stars(checked: Recheck) -> str:
    """Say how many stars are printed, and how many of them (or of the missing ones) are wrong."""
    if not checked.printed.has_stars:
        return ""
    table, wrong = checked.table, len(checked.wrong_stars)
    said = f"{count(table.starred)} {plural(table.starred, 'star is', 'stars are')} printed"
    if counted(checked):
        below = f"{count(table.below_alpha)} {plural(table.below_alpha, 'cell is', 'cells are')} below"
        said += f", {below} {threshold(checked.alpha)}"
    if all(c.star_ok is None for c in checked.cells):
        return f"{said}."
    lacking = sum(not c.printed.star for c in checked.wrong_stars)
    told = [
        f"{count(n)} {plural(n, 'star', 'stars')} {plural(n, 'is', 'are')} {what}"
        for n, what in ((wrong - lacking, "wrong"), (lacking, "missing"))
        if n
    ]
    return f"{said}; {listing(told) or 'no star is wrong'}."


def counted(checked: Recheck) -> bool:
    """Tell whether there is any p to count."""
    return any(c.p is not None for c in checked.cells)


def consistency(checked: Recheck) -> str:
    """Say how many printed p follow from their r."""
    table = checked.table
    followed = next(t for t in table.tests if t.test == "t")
    if not followed.n_cells:
        return (
            "Whether the printed p follow from r is open: N is not known."
            if any(c.printed.p for c in checked.cells)
            else "The table prints no p."
        )
    n = f" with N = {count(table.n)}" if table.n is not None else ""
    if followed.n_fitting == followed.n_cells:
        everything = "The printed p follows" if followed.n_cells == 1 else f"All {followed.n_cells} p follow"
        return f"{everything} from the printed r{n}."
    return f"{count(followed.n_fitting)} of {count(followed.n_cells)} p follow from the printed r{n}."


def cases(checked: Recheck) -> str:
    """Say which numbers of cases fit the table."""
    table = checked.table
    searched = f"from {count(SMALLEST_N)} to {count(GREATEST_N)}"
    followed = next(t for t in table.tests if t.test == "t")
    if table.n_source == "printed" and table.n is None:
        return "The cells print their own numbers of cases."
    if not followed.most:
        known = "" if table.n is not None else " Give it with --n."
        return f"Without a printed p nothing is known of N.{known}"
    fits = table.n_fits
    if not fits:
        best = f"{numbers(followed.numbers)} {plural(len(followed.numbers), 'fits', 'fit')} most"
        return f"No N {searched} fits every cell; {best}: {count(followed.most)}."
    if len(fits) == 1:
        only = f"N = {count(fits[0])} is the only number {searched} that fits every cell."
        return only if table.n in (None, fits[0]) else f"{only} Given was {count(table.n)}."
    end = " or more" if fits[-1] == GREATEST_N else ""
    shown = f"N = {count(fits[0])}{end}" if end else f"N {numbers(fits)}"
    if table.n is None:
        return f"Every cell fits {shown}. Give the right one with --n."
    given = "" if table.n in fits else f" Given was {count(table.n)}."
    return f"Every cell fits {shown}.{given}"


def numbers(found: Sequence[int]) -> str:
    """Print whole numbers: a run of them by its ends."""
    if len(found) > 2 and found[-1] - found[0] == len(found) - 1:
        return f"from {count(found[0])} to {count(found[-1])}"
    shown = [count(n) for n in found[:6]]
    return listing(shown) if len(found) <= 6 else f"{', '.join(shown)} and others"


def test_name(test: TestName, tails: int) -> str:
    """Name a test."""
    tailed = {1: "one-tailed", 2: "two-tailed"}
    if test == "other tails":
        return f"Pearson or Spearman, {tailed[3 - tails]} t"
    return "Kendall, normal" if test == "kendall" else f"Pearson or Spearman, {tailed[tails]} t"


def tests(checked: Recheck) -> str:
    """Say which coefficient and test the printed p belong to."""
    own, *others = checked.table.tests
    if not own.n_cells:
        return ""
    out = [
        f"{test_name(t.test, checked.tails)} ({_fitting(t)})" for t in others if t.n_fitting < own.n_fitting
    ]
    likely = [f"{test_name(t.test, checked.tails)}" for t in others if t.n_fitting > own.n_fitting]
    text = f"{test_name(own.test, checked.tails)}: {_fitting(own)}."
    if out and own.n_fitting == own.n_cells:
        text += f" Excluded: {listing(out)}."
    if likely:
        text += f" {listing(likely)} fits more cells."
    return text


def _fitting(test: FitOfTest) -> str:
    return (
        f"{count(test.n_fitting)} of {count(test.n_cells)} {plural(test.n_cells, 'cell fits', 'cells fit')}"
    )


def remark(cell: CheckedCell, alpha: float) -> str:
    """Say what a reader should look at in a cell; empty when there is nothing."""
    said = []
    p = cell.printed.p
    if "p does not follow from r" in cell.flags and cell.p_range is not None and p is not None:
        said.append(
            f"p does not follow: r gives {probability(cell.p_range.low)} to {probability(cell.p_range.high)}"
        )
        if cell.slip is not None:
            slip = cell.slip
            said.append(f"{slip.of} may have been {slip.meant}: {_SLIP[slip.kind]}")
        if "fits other tails" in cell.flags:
            said.append("fits the test with the other number of tails")
        if "fits Kendall" in cell.flags:
            said.append("fits Kendall's tau")
    if "p printed as zero" in cell.flags and p is not None:
        said.append(f"p is never {p.text}: write < {threshold(10.0**-p.digits)}")
    line = threshold(alpha)
    if "star without p below alpha" in cell.flags:
        said.append(f"star, but p {_p_is(cell)} is not below {line}")
    if "p below alpha without star" in cell.flags:
        said.append(f"no star, but p {_p_is(cell)} is below {line}")
    return "; ".join(said)


def _p_is(cell: CheckedCell) -> str:
    return p_statement(cell.p) if cell.p is not None else "as printed"


def probability(p: float | None) -> str:
    """Print a recomputed p with four digits, so that it can be held against a printed one."""
    if p is not None and p < 0.00005:
        return "< .0001"
    return correlation(p, 4)


def multiplicity(checked: Recheck) -> str:
    """Say what is left after adjustment, and how many findings chance alone would give."""
    table, alpha = checked.table, threshold(checked.alpha)
    if not counted(checked):
        return ""
    text = (
        f"With {count(table.n_tests)} {plural(table.n_tests, 'test')} at {alpha} and no true correlation, "
        f"{number(checked.alpha * table.n_tests)} would be below the line by chance. "
        f"{count(table.below_alpha)} {plural(table.below_alpha, 'is', 'are')}; Holm keeps {count(table.holm)}, Benjamini-Hochberg {count(table.bh)}."
    )
    if table.family is not None:
        unprinted = table.family - table.n_tests
        text += (
            f" The text implies {count(table.family)} tests, so {count(unprinted)} "
            f"{plural(unprinted, 'is', 'are')} not printed. Over all of them chance gives "
            f"{number(table.expected_false_positives)}; if no unprinted p is small, Holm keeps "
            f"{count(table.holm_family)} and Benjamini-Hochberg {count(table.bh_family)}."
        )
    return text


def detectable(checked: Recheck) -> str:
    """Say which correlations the table could have found."""
    table = checked.table
    if table.smallest_detectable is None or table.n is None:
        return ""
    return (
        f"With N = {count(table.n)} a correlation has to be {correlation(table.smallest_detectable)} or more in "
        f"size to be below {threshold(checked.alpha)}; a smaller one is no finding of absence."
    )


def matrix(checked: Recheck) -> str:
    """Say whether any data could have produced a square table."""
    found = checked.table.matrix
    if found is None:
        return ""
    if found.verdict == "impossible":
        text = (
            "No data could have produced this matrix if every cell rests on the same cases: it is not positive "
            "semidefinite, and no matrix is that rounds to it (proved)."
        )
        if found.slip is not None:
            text += (
                f" It would be possible if the sign of {found.slip} were the other one, and of no other pair."
            )
        return text
    if found.verdict == "undecided":
        return "Whether any data could have produced this matrix could not be decided: it lies on the border."
    text = "Data can have produced this matrix: it is positive semidefinite within rounding."
    if found.n_missing:
        text += f" The {count(found.n_missing)} pairs that are not printed were left free."
    return text


def because(judged: JudgedClaim, alpha: float) -> str:
    """Give the reason for the verdict on a claim."""
    told = [_finding(f, judged, alpha) for f in judged.findings]
    if judged.verdict != "supported":
        # What stands against a claim comes first; cells that bear it out are not repeated.
        fine = {"as claimed", "within the bound"}
        told = [t for t, f in zip(told, judged.findings, strict=True) if f.finding not in fine]
    distinct = list(dict.fromkeys(told))
    more = len(distinct) - 4
    return "; ".join(distinct[:4]) + (f"; and {more} more" if more > 0 else "") + "."


def _finding(found: CellFinding, judged: JudgedClaim, alpha: float) -> str:
    where = f"{found.row} with {found.column}"
    if found.finding == "not printed":
        return _not_printed(found, judged)
    if judged.claim.expect == "different":
        return _difference(found, judged, alpha)
    shown, line, within = _r_and_p(where, found.cell), threshold(alpha), threshold(judged.claim.within)
    return {
        "as claimed": shown,
        "within the bound": f"{shown}, shown to lie within ±{within}",
        "not below the line": f"{shown}, not below {line}",
        "below the line with the other sign": f"{shown}, below {line} with the other sign",
        "below the line": f"{shown}, below {line}",
        "absence not shown": f"{shown}; {_absence(found, within)}",
        "rounding leaves it open": f"{shown}, and rounding leaves open on which side of {line} it lies",
    }.get(found.finding, f"{where}: r and p contradict each other")


def _not_printed(found: CellFinding, judged: JudgedClaim) -> str:
    what = found.lacking or f"{found.row} with {found.column}"
    text = f"{what} is not printed" + (f" (is '{found.meant}' meant?)" if found.meant else "")
    if found.n_needed is not None:
        within = threshold(judged.claim.within)
        text += f", and absence within ±{within} takes N = {count(found.n_needed)}"
    return text


def _difference(found: CellFinding, judged: JudgedClaim, alpha: float) -> str:
    """Give the reason for the verdict on a difference of two cells."""
    (a, b), (c, d) = judged.claim.cells
    both = f"{a} with {b} and {c} with {d}"
    if found.finding == "as claimed":
        return f"The difference of {both} has p below {threshold(alpha)}"
    if found.finding == "no difference":
        return f"The difference of {both} has p of {threshold(alpha)} or more, whatever the third correlation"
    if found.finding == "third correlation not printed":
        between = f"{a} with {c}" if b == d else f"{b} with {d}"
        text = f"A difference is tested with the correlation of {between}, which is not printed"
        if found.from_third is not None:
            text += (
                f"; its p would be below {threshold(alpha)} only from {correlation(found.from_third, 2)} on"
            )
        return text
    return {
        "no shared variable": f"{both} share no variable: four more correlations would be needed",
        "number of cases not known": f"{both}: N is not known, or not the same",
    }.get(found.finding, f"{found.row} with {found.column}: r and p contradict each other")


def _r_and_p(where: str, cell: CheckedCell | None) -> str:
    return f"{where}: r = {correlation(cell.r)}, p {_p_is(cell)}" if cell is not None else where


def _absence(found: CellFinding, within: str) -> str:
    limits = found.cell.bonett_wright if found.cell is not None else None
    compatible = f"compatible with {interval(limits.low, limits.high)}; " if limits is not None else ""
    return f"{compatible}to show that it is within ±{within} takes N = {count(found.n_needed)}"


def limits(checked: Recheck) -> tuple[Phrase, ...]:
    """List what a recheck cannot say."""
    points = [
        (
            "Whether the data are right.",
            "A table can follow from r and N in every cell and rest on wrong data.",
        ),
        (
            "Why something does not fit.",
            "A slip is named only where exactly one simple slip explains a cell. It may still be another one: "
            "pairs left out, another test, a covariate, ties. Ask the authors before you conclude.",
        ),
        ("Pearson or Spearman.", "Both are tested by the same t, so the printed p cannot tell them apart."),
    ]
    if checked.table.family is None:
        points.append(
            (
                "How many tests were made.",
                "The adjustment counts the printed cells; unprinted tests would leave fewer.",
            )
        )
    if checked.table.n_source in ("fits all cells", "fits most cells"):
        points.append(("N.", "It was not given but found from the printed p; check it against the text."))
    return tuple(phrase(Run(head, "strong"), " ", text) for head, text in points)


def methods(checked: Recheck) -> Phrase:
    """Say how the recheck was made."""
    shown = level(1 - checked.alpha)
    return phrase(
        "r and p were taken as rounded: each stands for every value within half a unit of its last printed digit. "
        "p was recomputed from r and N by Student's t with N − 2 degrees of freedom (for Kendall by the normal "
        "approximation without ties), at both ends of the rounding of r; a cell is consistent when the range so "
        "found and that of the printed p overlap. A star is held against the recomputed p, and where rounding "
        f"leaves that open, against the printed one. Intervals ({shown}) are Bonett and Wright's for Spearman; those "
        "of Fisher for Pearson stand in recheck.json. Holm and Benjamini-Hochberg use the p at the printed r."
    )
