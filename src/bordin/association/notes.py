"""What a reader has to know beside an association table, in words."""

from __future__ import annotations

import numpy as np

from bordin.association.columns import Columns
from bordin.association.options import Options
from bordin.association.pairs import Codes
from bordin.association.partial import FEW_LEVELS

FEW_COMPLETE = 0.6


def table_notes(
    options: Options, columns: Columns, sessions: Columns | None, n_complete: int, n_cases: int
) -> tuple[str, ...]:
    """Write the notes of a table.

    Parameters
    ----------
    options : Options
    columns : Columns
        The rows that the cells are about.
    sessions : Columns or None
        The rows before they were reduced to means, where rows repeat.
    n_complete, n_cases : int
        Cases complete over the whole table; cases with some row and some column variable.

    Returns
    -------
    tuple of str
    """
    notes = list(columns.notes)
    if n_complete < FEW_COMPLETE * n_cases:
        notes.append(
            f"only {n_complete} of {n_cases} cases are complete over the whole table; "
            "every cell uses its own complete pairs, so cells rest on different cases"
        )
    if sessions is not None and sessions.cluster is not None:
        notes.append(_about_cluster(options, sessions, sessions.cluster))
    if columns.control is not None:
        notes.append(_about_control(str(options.control), columns.control))
    if options.coefficient == "spearman":
        notes.append("the Bayes factor is that of a Pearson correlation, taken of the ranks")
    if options.coefficient == "kendall":
        notes.append("no Bayes factor is given for tau")
        if options.against is not None:
            notes.append("tests of a difference are not derived for tau; its bootstrap interval is")
    return tuple(notes)


def _about_cluster(options: Options, sessions: Columns, codes: Codes) -> str:
    n_rows = int(np.count_nonzero(sessions.having(options.variables, np.logical_or)))
    return (
        f"rows repeat within {options.cluster} ({n_rows} rows of {int(codes.max()) + 1}); a test that counts "
        f"rows as independent would be wrong, so every cell is about the means by {options.cluster}. "
        "The parts within and between, and the pooled value without a p, stand beside it"
    )


def _about_control(control: str, codes: Codes) -> str:
    levels = len(np.unique(codes[codes >= 0]))
    dummies = f"the levels of {control} were taken out as fixed ({max(levels - 1, 0)} dummy variables)"
    if levels < FEW_LEVELS:
        return f"{control} has {levels} levels, too few for a random effect; {dummies}"
    return f"{control} has {levels} levels; {dummies}"
