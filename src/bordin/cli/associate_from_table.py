"""``bordin associate --from-table``: a published table and its N become intervals and effect sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bordin.association.cells import AssociationTable
from bordin.errors import AnalysisError
from bordin.study.effects import EFFECT_COLUMNS, Origin, effect_rows, effects_table
from bordin.study.files import write_csv
from bordin.study.printed_table import read_printed_table


@dataclass(frozen=True)
class FromTable:
    """What the command line says of a published table.

    Attributes
    ----------
    n : int or None
    coefficient, interval : str
    sesoi : float or None
    level, alpha : float
    instrument, informant, session : str
    """

    n: int | None
    coefficient: str
    interval: str
    sesoi: float | None
    level: float
    alpha: float
    instrument: str = ""
    informant: str = ""
    session: str = ""


def read_effects(path: Path, choices: FromTable, out: Path | None) -> AssociationTable:
    """Read a published table, and write its effects when asked.

    Parameters
    ----------
    path : Path
    choices : FromTable
    out : Path or None
        CSV file with a row an effect.
    """
    table = effects_table(
        read_printed_table(path),
        n=choices.n,
        coefficient=choices.coefficient,
        interval=choices.interval,
        sesoi=choices.sesoi,
        level=choices.level,
        alpha=choices.alpha,
    )
    if out is not None:
        if out.resolve() == path.resolve():
            raise AnalysisError(f"{out} is the published table; the effects need a file of their own.")
        origin = Origin(path.stem, choices.instrument, choices.informant, choices.session)
        rows = effect_rows(table, origin)
        write_csv(out, EFFECT_COLUMNS, [list(row.values()) for row in rows])
    return table


def refuse(given: dict[str, object], why: str) -> None:
    """Raise AnalysisError when an option is given that has no meaning here."""
    wrong = [f"--{name}" for name, value in given.items() if value not in (None, "")]
    if wrong:
        raise AnalysisError(f"{', '.join(wrong)}: {why}")
