"""Correlation with the levels of a grouping (such as therapists) taken out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bordin.association.cells import Partial
from bordin.association.distributions import p_of_correlation
from bordin.association.fisher import check_coefficient
from bordin.association.kendall import tau_within
from bordin.association.pairs import Array, Codes, Values, as_floats, midranks, product_moment
from bordin.errors import AnalysisError

# Below this number of levels the variance between them cannot be estimated with any use.
FEW_LEVELS = 6


def partial_correlation(
    x: Values,
    y: Values,
    control: Sequence[object] | Codes,
    *,
    coefficient: str = "spearman",
    names: tuple[str, str, str] = ("x", "y", "control"),
) -> Partial:
    """Correlate what is left of x and y when the levels of a control are taken out.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing.
    control : sequence of shape (n,)
        Level of each case (text or number), None where missing.
    coefficient : str
        Spearman: midranks of the complete cases are regressed on one dummy per level but
        one, and the residuals correlated. Pearson: the same with the values. Kendall:
        tau-b over pairs of cases of the same level, with the normal test of the summed
        score (`df` is then for the record only).
    names : tuple of str
        Names of x, y and the control.

    Returns
    -------
    Partial
        df is n - 2 less the number of dummies; undefined when none is left or when a
        variable does not vary within the levels.

    Raises
    ------
    AnalysisError
        When the columns differ in length or the coefficient is not known.

    Notes
    -----
    With few levels a random effect cannot be estimated; fixed levels are what remains.
    Equal to the t test of x in a linear model of y on x and the levels. Validated against
    R 4.2.2 `lm` and `cor.test`: fixture ``estimators_grouped.json``.
    """
    check_coefficient(coefficient)
    xs, ys, codes = as_floats(x), as_floats(y), level_codes(control)
    if not len(xs) == len(ys) == len(codes):
        raise AnalysisError(f"Columns of unequal length: {len(xs)}, {len(ys)}, {len(codes)} rows.")
    kept = ~np.isnan(xs) & ~np.isnan(ys) & (codes >= 0)
    xs, ys, codes = xs[kept], ys[kept], codes[kept]
    n, dummies = len(xs), len(np.unique(codes)) - 1
    df = n - 2 - dummies
    if df < 1:
        reason = f"{n} cases in {dummies + 1} levels of {names[2]} leave no degrees of freedom"
        return Partial(None, None, max(df, 0), n, reason)
    for column, name in ((xs, names[0]), (ys, names[1])):
        if not deviations(column, codes).any():
            return Partial(None, None, df, n, f"no variance in {name} within {names[2]}")
    if coefficient == "kendall":
        return Partial(*tau_within(xs, ys, codes), df, n)
    if coefficient == "spearman":
        xs, ys = midranks(xs), midranks(ys)
    r = product_moment(deviations(xs, codes), deviations(ys, codes))
    return Partial(r, p_of_correlation(r, df), df, n)


def level_codes(levels: Sequence[object] | Codes) -> Codes:
    """Number the levels of a grouping in order of appearance; -1 where it is missing.

    None, NaN and blank text count as missing; text is compared without blanks at its ends.
    """
    known: dict[object, int] = {}
    codes = np.full(len(levels), -1, dtype=np.int64)
    for row, level in enumerate(levels):
        label = level.strip() if isinstance(level, str) else level
        if not is_missing(label) and label != "":
            codes[row] = known.setdefault(label, len(known))
    return codes


def is_missing(value: object) -> bool:
    """Tell whether a value is None, NaN or a data frame's mark of absence."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def deviations(values: Array, codes: Codes) -> Array:
    """Deviations of complete values from the mean of their level; exactly 0 where a level does not vary."""
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    # Taking a level's first value off before averaging keeps constant levels free of rounding errors.
    shifted = values - values[first][which]
    means = np.bincount(which, weights=shifted) / np.bincount(which)
    left: Array = shifted - means[which]
    return left
