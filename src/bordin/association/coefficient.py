"""One door to the three coefficients by name."""

from __future__ import annotations

from bordin.association.fisher import check_coefficient
from bordin.association.kendall import kendall
from bordin.association.pairs import Correlation, Values
from bordin.association.pearson import pearson
from bordin.association.spearman import spearman

_BY_NAME = {"spearman": spearman, "kendall": kendall, "pearson": pearson}


def correlate(
    x: Values,
    y: Values,
    *,
    coefficient: str = "spearman",
    level: float = 0.95,
    interval: str = "default",
    names: tuple[str, str] = ("x", "y"),
) -> Correlation:
    """Correlate two columns by a coefficient's name.

    Parameters
    ----------
    x, y : array-like of shape (n,)
        Values, None or NaN where missing.
    coefficient : str
        ``"spearman"``, ``"kendall"`` or ``"pearson"``.
    level, interval, names
        As in :func:`spearman`, :func:`kendall` and :func:`pearson`.

    Returns
    -------
    Correlation

    Raises
    ------
    AnalysisError
        When the coefficient or the interval is not known, or the values are no numbers.
    """
    function = _BY_NAME[check_coefficient(coefficient)]
    return function(x, y, level=level, interval=interval, names=names)
