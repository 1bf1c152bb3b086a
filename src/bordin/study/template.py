"""A new study folder: a commented protocol and empty data files with their headings."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from bordin import instruments
from bordin.coding import catalog as coding
from bordin.errors import Problem, ProtocolError
from bordin.study.files import write_csv
from bordin.study.protocol import json_schema


def new_study(
    folder: Path, *, instrument: str = "wai-sr", system: str = "socialization-7"
) -> tuple[Path, ...]:
    """Write a new study folder.

    Parameters
    ----------
    folder : Path
        It must not exist, or be empty.
    instrument, system : str
        Catalog entries that the protocol starts from.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    ProtocolError
        When the folder holds something already.
    CatalogError
        When an entry is not known.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProtocolError(
            Problem(
                "this folder is not empty, and nothing is overwritten.",
                file=str(folder),
                hint="Choose a new name.",
            )
        )
    chosen, coded = instruments.load(instrument), coding.load(system)
    coding_id = system.split("-", 1)[0]
    rows = [f'"alliance.{s.id}"' for s in chosen.scales]
    names = [v.id for v in coded.variables()]
    template = (files("bordin.study") / "new_study" / "study.toml").read_text(encoding="utf-8")
    for mark, value in {
        "{items}": ", ".join(chosen.keys)
        if len(chosen.keys) < 8
        else f"{chosen.keys[0]} to {chosen.keys[-1]}",
        "{instrument}": instrument,
        "{coding}": system,
        "{coding_id}": coding_id,
        "{rows}": ", ".join(rows),
        "{first_row}": rows[0],
        "{first_dimension}": names[0],
    }.items():
        template = template.replace(mark, value)
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    written = [folder / "study.toml", folder / "study.schema.json"]
    written[0].write_text(template, encoding="utf-8")
    written[1].write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
    for name, headings in {
        "participants.csv": ("participant", "arm", "therapist"),
        "sessions.csv": ("session", "participant", "number", "tape", "tape_note"),
        "responses.csv": ("participant", "session", *chosen.keys),
        "ratings.csv": ("session", "coder", "dimension", "value", "reason"),
    }.items():
        write_csv(data / name, headings, [])
        written.append(data / name)
    return tuple(written)
