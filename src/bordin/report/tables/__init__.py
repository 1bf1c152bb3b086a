"""The tables of the report, made once from the results and rendered by every writer."""

from __future__ import annotations

from bordin.report.tables.association import association_tables
from bordin.report.tables.contrasts import contrasts_table
from bordin.report.tables.hypotheses import families_table, tests_table, verdict_table
from bordin.report.tables.model import Table, TableCell
from bordin.report.tables.reliability import (
    coders_table,
    coefficients_table,
    ratings_table,
    scales_table,
    training_table,
)
from bordin.report.tables.sensitivity import evidence_table, values_table
from bordin.report.tables.variables import flow_table, variables_table

__all__ = [
    "Table",
    "TableCell",
    "association_tables",
    "coders_table",
    "coefficients_table",
    "contrasts_table",
    "evidence_table",
    "families_table",
    "flow_table",
    "ratings_table",
    "scales_table",
    "tests_table",
    "training_table",
    "values_table",
    "variables_table",
    "verdict_table",
]
