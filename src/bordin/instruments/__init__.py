"""Questionnaires as data: their structure, their scoring, and nothing of their wording."""

from bordin.instruments.catalog import load, names
from bordin.instruments.scoring import item_values, score, score_columns

__all__ = ["item_values", "load", "names", "score", "score_columns"]
