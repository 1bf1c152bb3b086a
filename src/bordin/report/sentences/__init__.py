"""The sentences of the report, written from what was done and found."""

from __future__ import annotations

from bordin.report.sentences.findings import conclusion, findings
from bordin.report.sentences.limits import limits
from bordin.report.sentences.methods import lock_sentence, methods

__all__ = ["conclusion", "findings", "limits", "lock_sentence", "methods"]
