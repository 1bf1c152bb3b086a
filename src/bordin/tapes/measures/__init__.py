"""Process measures: who speaks how much, how long and how soon, counted from the turns of a tape."""

from bordin.tapes.measures.definitions import (
    DEFINITIONS,
    ROLES,
    Measure,
    Rules,
    definition_of,
    label_of,
    measure_names,
    reference_table,
)
from bordin.tapes.measures.taking import Measured, Undefined, measure, take_measures

__all__ = [
    "DEFINITIONS",
    "ROLES",
    "Measure",
    "Measured",
    "Rules",
    "Undefined",
    "definition_of",
    "label_of",
    "measure",
    "measure_names",
    "reference_table",
    "take_measures",
]
