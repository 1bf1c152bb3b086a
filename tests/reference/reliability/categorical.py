"""Make categorical_published.json: python categorical.py (krippendorff, scikit-learn, statsmodels)."""

import json
from importlib.metadata import version
from pathlib import Path

import krippendorff
import numpy as np
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

HERE = Path(__file__).parent
LEVELS = ("nominal", "ordinal", "interval", "ratio")
POINTS = list(range(1, 8))
# Fleiss (1971), table 1: 30 patients, 6 psychiatrists, 5 diagnoses.
FLEISS = json.loads((HERE / "categorical_fleiss_1971.json").read_text())["counts"]


def read(name: str) -> np.ndarray:
    return np.genfromtxt(HERE / f"categorical_{name}.csv", delimiter=",", skip_header=1)


def alphas(table: np.ndarray) -> dict[str, float]:
    return {level: float(krippendorff.alpha(table.T, level_of_measurement=level)) for level in LEVELS}


def pairs(table: np.ndarray) -> dict[str, dict[str, dict[str, float]]]:
    """Cohen's kappa on the scale 1 to 7 (7 is not used), with the variance by Fleiss, Cohen and Everitt."""
    made = {}
    for first, second in ((0, 1), (0, 2), (1, 2)):
        one, other = table[:, first].astype(int), table[:, second].astype(int)
        counts = np.array([[np.sum((one == a) & (other == b)) for b in POINTS] for a in POINTS])
        cell = {}
        for weights, power in (("identity", None), ("linear", 1), ("quadratic", 2)):
            name = None if power is None else weights
            distance = None if power is None else np.abs(np.subtract.outer(POINTS, POINTS)) ** power
            found = cohens_kappa(counts, weights=distance)
            cell[weights] = {
                "sklearn": float(cohen_kappa_score(one, other, weights=name, labels=POINTS)),
                "statsmodels": float(found.kappa),
                "variance": float(found.var_kappa),
            }
        made[f"{first}-{second}"] = cell
    return made


def main() -> None:
    complete = read("ratings_30x3")
    table, _ = aggregate_raters(complete.astype(int))
    made = {
        "versions": {
            name: version(name) for name in ("krippendorff", "scikit-learn", "statsmodels", "numpy")
        },
        "alpha": {
            name: alphas(read(name)) for name in ("krippendorff_12x4", "ratings_30x3", "ratings_30x3_missing")
        },
        "cohen": pairs(complete),
        "fleiss": {"ratings_30x3": float(fleiss_kappa(table)), "fleiss_1971": float(fleiss_kappa(FLEISS))},
        "randolph": {
            "ratings_30x3": float(fleiss_kappa(table, method="rand")),
            "fleiss_1971": float(fleiss_kappa(FLEISS, method="rand")),
        },
        "f1": {
            str(point): float(f1_score(complete[:, 0] == point, complete[:, 1] == point))
            for point in (3, 4, 5)
        },
    }
    (HERE / "categorical_published.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
