"""Association of questionnaire items with coded dimensions, on plain columns of numbers.

:func:`associate` makes the whole table; the other names are its parts, each of use on its
own. The three coefficients also stand in modules of their name (``spearman``, ``kendall``,
``pearson``). A name is loaded when it is first used, so that importing this package costs
nothing; scipy is loaded by the first statistic that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bordin.association.attenuation import disattenuated
    from bordin.association.bayes import bayes_factor
    from bordin.association.cells import (
        AssociationTable,
        Cell,
        Contrast,
        Partial,
        Sensitivity,
        WithinBetween,
    )
    from bordin.association.coefficient import correlate
    from bordin.association.contrast import compare_overlapping, contrast_correlations
    from bordin.association.detectable import (
        cases_for_correlation,
        cases_for_equivalence,
        power_of_correlation,
        power_of_equivalence,
        smallest_detectable,
        smallest_equivalence,
    )
    from bordin.association.equivalence import rejects_at_least, tost
    from bordin.association.multiplicity import adjust
    from bordin.association.partial import partial_correlation
    from bordin.association.record import as_record, as_rows
    from bordin.association.sensitivity import leave_one_out, sensitivity_of
    from bordin.association.table import associate
    from bordin.association.within_between import split_within_between

_MODULES = {
    "attenuation": ("disattenuated",),
    "bayes": ("bayes_factor",),
    "cells": ("AssociationTable", "Cell", "Contrast", "Partial", "Sensitivity", "WithinBetween"),
    "coefficient": ("correlate",),
    "contrast": ("compare_overlapping", "contrast_correlations"),
    "detectable": (
        "cases_for_correlation",
        "cases_for_equivalence",
        "power_of_correlation",
        "power_of_equivalence",
        "smallest_detectable",
        "smallest_equivalence",
    ),
    "equivalence": ("rejects_at_least", "tost"),
    "multiplicity": ("adjust",),
    "partial": ("partial_correlation",),
    "record": ("as_record", "as_rows"),
    "sensitivity": ("leave_one_out", "sensitivity_of"),
    "table": ("associate",),
    "within_between": ("split_within_between",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AssociationTable",
    "Cell",
    "Contrast",
    "Partial",
    "Sensitivity",
    "WithinBetween",
    "adjust",
    "as_record",
    "as_rows",
    "associate",
    "bayes_factor",
    "cases_for_correlation",
    "cases_for_equivalence",
    "compare_overlapping",
    "contrast_correlations",
    "correlate",
    "disattenuated",
    "leave_one_out",
    "partial_correlation",
    "power_of_correlation",
    "power_of_equivalence",
    "rejects_at_least",
    "sensitivity_of",
    "smallest_detectable",
    "smallest_equivalence",
    "split_within_between",
    "tost",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
