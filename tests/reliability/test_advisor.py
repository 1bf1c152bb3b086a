"""Which form belongs to which protocol."""

from __future__ import annotations

import pytest

from bordin.errors import AnalysisError
from bordin.reliability.advisor import advise


@pytest.mark.parametrize(
    ("combine", "options", "form", "shrout_fleiss", "spss"),
    [
        ("designated", {}, "ICC(A,1)", "ICC(2,1)", "two-way random, absolute agreement, single measures"),
        ("mean", {}, "ICC(A,k)", "ICC(2,k)", "two-way random, absolute agreement, average measures"),
        (
            "mean",
            {"use": "relative", "same_coders": True, "coders": "fixed"},
            "ICC(C,k)",
            "ICC(3,k)",
            "two-way mixed, consistency, average measures",
        ),
        (
            "designated",
            {"use": "relative", "same_coders": True},
            "ICC(C,1)",
            "ICC(3,1)",
            "two-way random, consistency, single measures",
        ),
        (
            "designated",
            {"use": "relative"},
            "ICC(A,1)",
            "ICC(2,1)",
            "two-way random, absolute agreement, single measures",
        ),
        ("median", {"identified": False}, "ICC(k)", "ICC(1,k)", "one-way random, average measures"),
        ("consensus", {}, "ICC(A,1)", "ICC(2,1)", "two-way random, absolute agreement, single measures"),
    ],
)
def test_form_and_names(
    combine: str, options: dict[str, object], form: str, shrout_fleiss: str, spss: str
) -> None:
    advice = advise(combine, **options)  # type: ignore[arg-type]
    assert (advice.form, advice.shrout_fleiss, advice.spss) == (form, shrout_fleiss, spss)
    assert advice.reason.endswith(f": {form}.")
    assert advice.reason.count(".") == 1


def test_the_reason_is_a_sentence() -> None:
    assert advise("designated", use="relative").reason == (
        "The score of a session is one coder's rating, so the form for a single coder counts, and only the order "
        "of sessions is used, but coders differ from session to session, so their levels count as error: ICC(A,1)."
    )


def test_words_are_checked() -> None:
    with pytest.raises(AnalysisError, match="combine: 'average' is not known"):
        advise("average")
    with pytest.raises(AnalysisError, match="Did you mean 'relative'"):
        advise("mean", use="relativ")
