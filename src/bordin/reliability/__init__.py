"""Reliability of coders and of scales, for designs as they are: cells missing, coders who come and go.

:func:`agree` gives every coefficient that fits; the other names are its parts, each of use on its own. Four
functions stand in modules of their own name: ``icc.icc``, ``percent_agreement.percent_agreement``,
``variance_components.variance_components`` and ``d_study.d_study``. A name is loaded when it is first used, so
that importing this package costs nothing; scipy is loaded by the first statistic that needs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bordin.reliability.advisor import Advice, advise
    from bordin.reliability.agreement import Agreement, agree, as_record, coded_by_dimension
    from bordin.reliability.consistency import (
        ItemStatistic,
        OneFactorFit,
        cronbach_alpha,
        item_statistics,
        mcdonald_omega,
        one_factor_fit,
    )
    from bordin.reliability.criterion import (
        Criterion,
        Reading,
        criteria_of,
        judge,
        readings_of,
        train_to_criterion,
    )
    from bordin.reliability.d_study import Plan, Point, sessions_for_width
    from bordin.reliability.design import Design, design_of
    from bordin.reliability.gwet import brennan_prediger, gwet_ac
    from bordin.reliability.icc import FORMS, forms_of_components, icc_forms
    from bordin.reliability.kappa import cohen_kappa, conger_kappa, fleiss_kappa
    from bordin.reliability.krippendorff import krippendorff_alpha
    from bordin.reliability.monitoring import (
        BlandAltman,
        CoderFigure,
        Monitoring,
        bland_altman,
        monitor_coders,
        restricted_range,
    )
    from bordin.reliability.rating_rows import RatingBlock, rating_block
    from bordin.reliability.shapes import Reliability
    from bordin.reliability.specific import specific_agreement
    from bordin.reliability.units import CodedUnits, events, from_rows, seconds
    from bordin.reliability.variance_components import (
        VarianceComponents,
        coder_share,
        effective_coders,
        score_reliability,
    )
    from bordin.reliability.weights import weight_matrix

_MODULES = {
    "advisor": ("Advice", "advise"),
    "agreement": ("Agreement", "agree", "as_record", "coded_by_dimension"),
    "consistency": (
        "ItemStatistic",
        "OneFactorFit",
        "cronbach_alpha",
        "item_statistics",
        "mcdonald_omega",
        "one_factor_fit",
    ),
    "criterion": ("Criterion", "Reading", "criteria_of", "judge", "readings_of", "train_to_criterion"),
    "d_study": ("Plan", "Point", "sessions_for_width"),
    "design": ("Design", "design_of"),
    "gwet": ("brennan_prediger", "gwet_ac"),
    "icc": ("FORMS", "forms_of_components", "icc_forms"),
    "kappa": ("cohen_kappa", "conger_kappa", "fleiss_kappa"),
    "krippendorff": ("krippendorff_alpha",),
    "monitoring": (
        "BlandAltman",
        "CoderFigure",
        "Monitoring",
        "bland_altman",
        "monitor_coders",
        "restricted_range",
    ),
    "rating_rows": ("RatingBlock", "rating_block"),
    "shapes": ("Reliability",),
    "specific": ("specific_agreement",),
    "units": ("CodedUnits", "events", "from_rows", "seconds"),
    "variance_components": ("VarianceComponents", "coder_share", "effective_coders", "score_reliability"),
    "weights": ("weight_matrix",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "FORMS",
    "Advice",
    "Agreement",
    "BlandAltman",
    "CodedUnits",
    "CoderFigure",
    "Criterion",
    "Design",
    "ItemStatistic",
    "Monitoring",
    "OneFactorFit",
    "Plan",
    "Point",
    "RatingBlock",
    "Reading",
    "Reliability",
    "VarianceComponents",
    "advise",
    "agree",
    "as_record",
    "bland_altman",
    "brennan_prediger",
    "coded_by_dimension",
    "coder_share",
    "cohen_kappa",
    "conger_kappa",
    "criteria_of",
    "cronbach_alpha",
    "design_of",
    "effective_coders",
    "events",
    "fleiss_kappa",
    "forms_of_components",
    "from_rows",
    "gwet_ac",
    "icc_forms",
    "item_statistics",
    "judge",
    "krippendorff_alpha",
    "mcdonald_omega",
    "monitor_coders",
    "one_factor_fit",
    "rating_block",
    "readings_of",
    "restricted_range",
    "score_reliability",
    "seconds",
    "sessions_for_width",
    "specific_agreement",
    "train_to_criterion",
    "weight_matrix",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
