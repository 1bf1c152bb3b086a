"""The sentences of the report, written from what was done and found."""

from __future__ import annotations

from bordin.report.sentences.findings import conclusion, findings
from bordin.report.sentences.limits import limits
from bordin.report.sentences.methods import lock_sentence, methods
from bordin.report.sentences.reliability import reliability_findings, reliability_methods

__all__ = [
    "conclusion",
    "findings",
    "limits",
    "lock_sentence",
    "methods",
    "reliability_findings",
    "reliability_methods",
]
