"""Which intraclass correlation belongs to a study, from what its protocol says, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from bordin.errors import AnalysisError, nearest
from bordin.reliability.icc import FORMS

COMBINATIONS = ("designated", "mean", "median", "consensus")
USES = ("absolute", "relative")
CODERS = ("random", "fixed")


@dataclass(frozen=True)
class Advice:
    """The form to report and why.

    Attributes
    ----------
    form : str
        By McGraw and Wong, for example ``"ICC(A,1)"``.
    shrout_fleiss, spss : str
        Its other names.
    reason : str
        One sentence.
    """

    form: str
    shrout_fleiss: str
    spss: str
    reason: str


def advise(
    combine: str,
    *,
    coders: str = "random",
    use: str = "absolute",
    same_coders: bool = False,
    identified: bool = True,
) -> Advice:
    """Pick the intraclass correlation that says how reliable the scores of a study are.

    Parameters
    ----------
    combine : str
        How several ratings of a session become its score: ``"designated"``, ``"mean"``, ``"median"`` or
        ``"consensus"``.
    coders : str
        ``"random"`` when the coders stand for others who could have coded, ``"fixed"`` when only these count.
    use : str
        ``"absolute"`` when the values themselves count (cut-offs, comparison over studies), ``"relative"``
        when only their order over sessions does (correlations).
    same_coders : bool
        Whether the same coders scored every session.
    identified : bool
        Whether it is known who gave which rating.

    Returns
    -------
    Advice

    Raises
    ------
    AnalysisError
        When a word is not known.

    References
    ----------
    McGraw and Wong (1996), doi:10.1037/1082-989X.1.1.30; ten Hove, Jorgensen and van der Ark (2024),
    doi:10.1037/met0000516.
    """
    for name, word, allowed in (
        ("combine", combine, COMBINATIONS),
        ("coders", coders, CODERS),
        ("use", use, USES),
    ):
        if word not in allowed:
            raise AnalysisError(f"{name}: '{word}' is not known. {nearest(word, allowed)}")
    mean = combine in ("mean", "median")
    model, why = _model(coders, use, same_coders, identified)
    form = next(form for form in FORMS.values() if form.model == model and form.mean == mean)
    spss = form.spss
    if model != "one-way":
        kind = "mixed" if coders == "fixed" else "random"
        spss = f"two-way {kind}, {spss.partition(', ')[2]}"
    return Advice(form.name, form.shrout_fleiss, spss, f"{_score(combine)}, and {why}: {form.name}.")


def _score(combine: str) -> str:
    """Say whose reliability is asked for."""
    return {
        "designated": "The score of a session is one coder's rating, so the form for a single coder counts",
        "mean": "The score of a session is the mean of its coders, so the form for a mean of k counts",
        "median": "The score of a session is the median of its coders, for which the form for a mean of k stands",
        "consensus": "The score of a session is a consensus, whose reliability the ratings before it show at "
        "least as that of a single coder",
    }[combine]


def _model(coders: str, use: str, same_coders: bool, identified: bool) -> tuple[str, str]:
    """Choose one-way, agreement or consistency, and say why."""
    if not identified:
        return "one-way", "it is not known who gave which rating, so coders cannot be told from error"
    if use == "absolute":
        who = "coders stand for others like them" if coders == "random" else "only these coders count"
        return "agreement", f"the values themselves are used and {who}, so their levels count as error"
    if same_coders:
        return (
            "consistency",
            "only the order of sessions is used and the same coders scored all of them, so their levels cancel",
        )
    return (
        "agreement",
        "only the order of sessions is used, but coders differ from session to session, so their levels count "
        "as error",
    )
