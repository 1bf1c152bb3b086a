"""The four kinds of missing value, kept apart everywhere in the package."""

from __future__ import annotations

from enum import StrEnum


class Missing(StrEnum):
    """Why a value is not there.

    The kinds stay distinct because they lead to different treatment: an item that was
    not answered may be prorated, one that does not apply may not be asked of this
    participant at all, and a stretch of tape that was not recorded can never be coded.
    """

    NOT_ANSWERED = "not answered"
    NOT_APPLICABLE = "not applicable"
    NOT_CODABLE = "not codable"
    NOT_RECORDED = "not recorded"
