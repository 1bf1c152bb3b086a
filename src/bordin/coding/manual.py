"""A manual's page: the text, with the anchors of the catalog file set in, so that no two copies drift."""

from __future__ import annotations

import re

from bordin.coding.dimension import Dimension, show
from bordin.coding.system import CodingSystem
from bordin.errors import Problem, nearest

PLACE = re.compile(r"\{\{\s*([a-z_]+)(?::\s*([A-Za-z0-9_]+))?\s*\}\}")


def fill(text: str, system: CodingSystem, file: str, problems: list[Problem]) -> str:
    """Set version, anchors and reasons into a manual.

    Parameters
    ----------
    text : str
        Markdown with ``{{version}}``, ``{{reasons}}``, ``{{definition:<dimension>}}`` and
        ``{{anchors:<dimension>}}``.
    system : CodingSystem
    file : str
        Name of the manual, for messages.
    problems : list of Problem
        Unknown places are added to it.

    Returns
    -------
    str
    """
    dimensions = {d.id: d for d in system.dimensions}

    def replace(match: re.Match[str]) -> str:
        word, name = match.group(1), match.group(2)
        if word == "version" and name is None:
            return system.manual_version
        if word == "reasons" and name is None:
            return "\n".join(f"- **{a.name}**: {a.definition}" for a in system.absences)
        if word == "anchors" and name in dimensions:
            return _anchors(dimensions[name])
        if word == "definition" and name in dimensions:
            return dimensions[name].definition
        known = "version, reasons, definition:<dimension>, anchors:<dimension>"
        hint = nearest(name, dimensions) if name else f"Known: {known}."
        line = text.count("\n", 0, match.start()) + 1
        problems.append(Problem(f"{match.group(0)} is not a known place.", file=file, line=line, hint=hint))
        return match.group(0)

    return PLACE.sub(replace, text)


def _anchors(dimension: Dimension) -> str:
    rows = [f"| {show(anchor.point)} | {anchor.text} |" for anchor in dimension.anchors]
    return "\n".join(["| Point | What was heard |", "|---|---|", *rows])
