"""Names in the protocol's tables for the workbench, held against the study's files and instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bordin.errors import DataError, nearest
from bordin.instruments.instrument import Instrument
from bordin.study.files import data_path, read_table
from bordin.study.protocol import Protocol
from bordin.study.protocol_workbench import FormAlert
from bordin.toml_lines import Path as KeyPath

Tell = Callable[[KeyPath, str, str | None, str | None], None]

USUAL_COLUMNS = frozenset({"arm", "therapist", "number"})
NOT_LEVELS = frozenset({"participant", "session"})


def check_workbench_names(
    folder: Path, protocol: Protocol, instruments: Mapping[str, Instrument], tell: Tell
) -> None:
    """Tell each name of ``[allocation]``, ``[blinding]`` and ``[[forms]]`` that stands for nothing.

    Parameters
    ----------
    folder : Path
        Study folder.
    protocol : Protocol
    instruments : mapping of str to Instrument
        Those that could be loaded.
    tell : callable
        Given key, message, hint and the text in the file that is meant.
    """
    _columns(folder, protocol, tell)
    calibration = protocol.allocation.calibration if protocol.allocation is not None else ()
    for name in protocol.training.practice:
        if name in calibration:
            message = f"{name!r} is a calibration session too; after practice it is known."
            tell(("training", "practice"), message, "Take it out of one of the two.", name)
    declared = {u.id for u in protocol.instruments}
    for i, form in enumerate(protocol.forms):
        key: KeyPath = ("forms", i)
        if form.instrument not in declared:
            message = f"there is no instrument {form.instrument!r} in [[instruments]]."
            tell((*key, "instrument"), message, nearest(form.instrument, declared), None)
            continue
        rules = instruments.get(form.instrument)  # None where it could not be loaded, which was told
        if rules is None:
            continue
        for alert in form.alerts:
            _alert(form.instrument, rules, alert, (*key, "alerts"), tell)


def _alert(name: str, rules: Instrument, alert: FormAlert, key: KeyPath, tell: Tell) -> None:
    answers = rules.answers
    if alert.item not in rules.keys:
        message = f"{name} has no item {alert.item!r}."
        tell(key, message, nearest(alert.item, rules.keys), alert.item)
    elif not answers.low <= alert.at_least <= answers.high:
        message = f"{alert.at_least:g} is no answer: {answers}."
        tell(key, message, "Give the answer from which on the lead is told.", alert.item)


def _columns(folder: Path, protocol: Protocol, tell: Tell) -> None:
    """Tell columns that neither the participants nor the sessions file has."""
    asked: list[tuple[KeyPath, str]] = [(("blinding", "guess"), name) for name in protocol.blinding.guess]
    if protocol.allocation is not None:
        asked += [(("allocation", "balance"), name) for name in protocol.allocation.balance]
    if not asked:
        return
    known = _known_columns(folder, protocol)
    for key, name in asked:
        if name in NOT_LEVELS:
            tell(
                key, f"{name!r} has no levels that several sessions share.", nearest("", USUAL_COLUMNS), name
            )
        elif known is not None and name not in known:
            message = f"neither the participants nor the sessions file has a column {name!r}."
            tell(key, message, nearest(name, known - NOT_LEVELS), name)


def _known_columns(folder: Path, protocol: Protocol) -> set[str] | None:
    """Return the columns of both files under our names; None where one is not there or cannot be read yet."""
    found = set(USUAL_COLUMNS)
    for f in (protocol.data.participants, protocol.data.sessions):
        if f is None:
            continue
        path = data_path(folder, f.file)
        if not path.exists():
            return None
        try:
            table = read_table(path, sheet=f.sheet, delimiter=f.delimiter, decimal=f.decimal)
            found |= set(table.rename({theirs: ours for ours, theirs in f.columns.items()}).names)
        except DataError:
            return None  # It is told when the data are read.
    return found
