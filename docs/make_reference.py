"""Write docs/reference/ from the code: ``python docs/make_reference.py`` (or ``make docs``).

A test compares the pages with what this makes, so a verb, protocol key, catalog entry or result
column cannot stay undocumented: a name without a description ends the run with its name.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import re
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import typer.models

import bordin.association
from bordin import errors, estimate, instruments, missing
from bordin.association import as_record, associate, cells
from bordin.cli import GROUPS, VERBS
from bordin.coding import catalog as coding
from bordin.instruments.score import AlertRaised, BadCell, Fault, Score, ScoreTable
from bordin.reliability.shapes import Reliability
from bordin.report import flat
from bordin.report.flat import csv_tables
from bordin.store.server_file import ServerFile
from bordin.study import results
from bordin.study.analysis import analyse
from bordin.study.protocol import json_schema
from bordin.study.reading import read_records
from bordin.study.study import load_study
from bordin.tapes.stages import transcribe
from bordin.tapes.vault.drafts import TapeExists, TapeForgotten
from bordin.tapes.vault.locks import WrongLock
from bordin.tapes.vault.tape_folder import TapeHeld

DOCS = Path(__file__).parent
EXAMPLE = DOCS.parent / "examples" / "socialization"
SOURCE = DOCS.parent / "src" / "bordin"
WORDS: Mapping[str, Mapping[str, str]] = tomllib.loads((DOCS / "words.toml").read_text(encoding="utf-8"))
MADE = "<!-- Made by docs/make_reference.py: change the code or docs/words.toml, then run make docs. -->"


# Modules for work on tapes, and the names of each that are public; all of ``__all__`` where none stand here.
TAPES: Mapping[str, tuple[str, ...]] = {
    "bordin.tapes.one_recording": ("process_recording", "Made"),
    "bordin.tapes.engines.choose": ("Wish", "choose"),
    "bordin.tapes.stages": ("transcribe", "Engines", "InMemory"),
    "bordin.tapes.shapes": ("Transcript", "Turn", "Word", "Stretch", "EngineFacts"),
    "bordin.tapes.formats": (),
    "bordin.tapes.accuracy.evaluation": ("evaluate", "evaluate_all", "Evaluation"),
    "bordin.tapes.measures": (),
    "bordin.tapes.deidentification": (),
    "bordin.tapes.vault.opening": ("create_vault", "create_unsealed", "open_vault"),
    "bordin.tapes.vault.vault": ("Vault", "Tape"),
}

_undocumented: list[str] = []


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (DOCS / "reference" / name).write_text(text, encoding="utf-8")
        print(f"docs/reference/{name}")


def pages() -> dict[str, str]:
    """Return the text of every generated page by its file name."""
    made = {
        "verbs.md": verbs(),
        "protocol.md": protocol(),
        "catalog.md": catalog(),
        "results.md": result_columns(),
        "errors.md": error_kinds(),
        "python.md": python(),
        "server-file.md": server_file(),
        "facts.md": facts_of_record(),
        "exports.md": exports(),
        "keys.md": keys(),
    }
    texts = {name: f"{MADE}\n\n" + "\n".join(lines).rstrip() + "\n" for name, lines in made.items()}
    if _undocumented:
        raise SystemExit(
            "No description, neither in a docstring nor in docs/words.toml:\n" + "\n".join(_undocumented)
        )
    return texts


# ---------------------------------------------------------------- verbs


def verbs() -> Iterator[str]:
    """Yield the page of the command line."""
    yield "# Verbs"
    yield from (
        "",
        "`bordin VERB --help` prints the same. Exit status: 0 done; 1 done, but the data hold faults",
    )
    yield "that are listed; 2 not done."
    yield from ("", *_overview())
    for verb, summary in VERBS.items():
        command = import_module(f"bordin.cli.{verb.replace(' ', '.')}").command
        yield from ("", f"## bordin {verb}", "", summary, "")
        parameters = list(_hints(command))
        rows = [_parameter(p, hint) for p, hint in parameters]
        usage = ["bordin", verb, *(_usage(p, h) for p, h in parameters if _is_argument(h))]
        if not all(_is_argument(h) for _, h in parameters):
            usage.append("[OPTIONS]")
        yield from ("```", " ".join(usage), "```", "")
        yield from table(("argument or option", "default", "meaning"), rows)


def _overview() -> Iterator[str]:
    """Yield a list of all verbs, group by group, each with a link to its section."""
    for group, summary in {"": "Studies and data.", **GROUPS}.items():
        inside = [v for v in VERBS if v.partition(" ")[0 if " " in v else 1] == group]
        links = ", ".join(f"[{v.rpartition(' ')[2]}](#bordin-{v.replace(' ', '-')})" for v in inside)
        yield f"- {f'`bordin {group}`. ' if group else ''}{summary.rstrip('.')}: {links}"


def _is_argument(hint: Any) -> bool:
    return isinstance(typing.get_args(hint)[1], typer.models.ArgumentInfo)


def _usage(parameter: inspect.Parameter, hint: Any) -> str:
    """Write an argument as a usage line does: dots where several may stand, brackets where none need to."""
    kind, info = typing.get_args(hint)
    name = (info.metavar or parameter.name).upper() + ("..." if _takes_several(kind) else "")
    return name if parameter.default is inspect.Parameter.empty else f"[{name}]"


def _takes_several(kind: Any) -> bool:
    return any(typing.get_origin(k) is list for k in (kind, *typing.get_args(kind)))


def _hints(command: Any) -> Iterator[tuple[inspect.Parameter, Any]]:
    hints = typing.get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        yield parameter, hints[name]


def _parameter(parameter: inspect.Parameter, hint: Any) -> tuple[str, str, str]:
    kind, info = typing.get_args(hint)
    default = parameter.default
    if isinstance(info, typer.models.ArgumentInfo):
        name = (info.metavar or parameter.name).lower() + ("..." if _takes_several(kind) else "")
    else:
        dashed = parameter.name.replace("_", "-")
        plain = f"--{dashed}/--no-{dashed}" if kind is bool else f"--{dashed}"
        name = (info.param_decls or (plain,))[0] if not str(info.default).startswith("--") else info.default
    if default is inspect.Parameter.empty:
        shown = "needed"
    elif isinstance(default, bool):
        shown = "yes" if default else "no"
    else:
        shown = f"`{default}`" if default not in (None, "") else ""
    if not info.help:
        _undocumented.append(f"option {name}")
    return f"`{name}`", shown, info.help or ""


# ---------------------------------------------------------------- protocol


def protocol() -> Iterator[str]:
    """Yield the page of protocol keys, from the JSON Schema."""
    schema = json_schema()
    yield "# Protocol keys"
    yield from (
        "",
        "What `study.toml` may hold. Any other key is refused with its line and the nearest valid name.",
    )
    yield "`bordin schema` prints the same as JSON Schema, for editors; `bordin new` writes a commented example."
    yield from ("", "`[name]` is a table that stands once, `[[name]]` one that may be repeated.")
    yield from ("", "## Top level", "")
    yield from table(
        ("key", "value", "default", "meaning"), [_key("format", schema["properties"]["format"], schema)]
    )
    for name, part in schema["properties"].items():
        if name != "format":
            yield from _part(name, part, schema)


def _part(path: str, part: dict[str, Any], schema: dict[str, Any]) -> Iterator[str]:
    reference, heading = _reference(part), f"[{path}]"
    if part.get("type") == "array":
        reference, heading = _reference(part["items"]), f"[[{path}]]"
    elif "additionalProperties" in part:
        reference, heading = _reference(part["additionalProperties"]), f"[{path}]"
        if reference is None:
            yield from (
                "",
                f"## `{heading}`",
                "",
                part["description"],
                "",
                'One line a name: `"name" = "text"`.',
            )
            return
        heading = f'[{path}."variable"]'
    definition = schema["$defs"][reference]
    nested = {k: v for k, v in definition["properties"].items() if _is_table(v)}
    needed = definition.get("required", ())
    yield from (
        "",
        f"## `{heading}`",
        "",
        _first_sentence(definition["description"]).partition(": `[")[0].rstrip(".") + ".",
    )
    rows = [_key(k, v, schema, k in needed) for k, v in definition["properties"].items() if k not in nested]
    if rows:
        yield from ("", *table(("key", "value", "default", "meaning"), rows))
    for name, inner in nested.items():
        yield from _part(f"{path}.{name}", inner, schema)


def _reference(part: dict[str, Any]) -> str | None:
    for candidate in (part, *part.get("anyOf", ()), *part.get("allOf", ())):
        if "$ref" in candidate:
            return str(candidate["$ref"]).rpartition("/")[2]
    return None


def _is_table(part: dict[str, Any]) -> bool:
    return _reference(part) is not None or (
        part.get("type") == "array" and _reference(part["items"]) is not None
    )


def _key(name: str, part: dict[str, Any], schema: dict[str, Any], needed: bool = False) -> tuple[str, ...]:
    if "description" not in part and name != "format":
        _undocumented.append(f"protocol key {name}")
    default = part.get("default")
    shown = "needed" if needed else f"`{_toml(default)}`" if default not in (None, "", [], {}) else ""
    return f"`{name}`", _values(part), shown, part.get("description", "Version of the file format.")


def _values(part: dict[str, Any]) -> str:
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(_values(p) for p in part["anyOf"] if p.get("type") != "null"))
    if "enum" in part:
        return ", ".join(f"`{_toml(v)}`" for v in part["enum"])
    if "const" in part:
        return f"`{_toml(part['const'])}`"
    kind = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    if part.get("type") == "array":
        return "list of " + _values(part["items"]).replace("text", "texts")
    if part.get("type") == "object":
        return (
            'table of names, `{ ours = "theirs" }`'
            if _values(part["additionalProperties"]) == "text"
            else "table"
        )
    limits = [
        f"{word} {part[key]}"
        for key, word in (
            ("exclusiveMinimum", "above"),
            ("minimum", "from"),
            ("exclusiveMaximum", "below"),
            ("maximum", "up to"),
        )
        if key in part
    ]
    return " ".join([kind[part["type"]], *limits])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, str) else str(value)


# ---------------------------------------------------------------- catalog


def catalog() -> Iterator[str]:
    """Yield the page of instruments and coding systems."""
    yield "# Catalog"
    yield from (
        "",
        "Structure and scoring only: no wording of any item ships. `bordin catalog NAME` prints one entry.",
    )
    yield "What stands under *not verified* was not read in a source: check it in your manual before you rely on it."
    yield from (
        "",
        'A study\'s own file may extend an entry: `extends = "calpas-5"`. See '
        "[Order of work](../explanation/blinding-and-locking.md) for why variants must be declared.",
    )
    yield from ("", "## Instruments")
    for name in instruments.names():
        yield from _instrument(name)
    yield from ("", "## Coding systems")
    for name in coding.names():
        yield from _system(name)


def _instrument(name: str) -> Iterator[str]:
    i = instruments.load(name, key_required=False)
    turned = ", ".join(k for k in i.keys if k in i.reversed_items)
    yield from ("", f"### {name}", "", f"{i.name}. {len(i.items)} items, {i.answers}.", "")
    rows = [
        (
            f"`{s.id}`",
            s.name,
            s.rule,
            ", ".join(s.items) or "from your own file",
            " and ".join(s.place),
            str(s.max_missing),
        )
        for s in i.scales
    ]
    yield from table(("scale", "name", "score", "items", "in Bordin's model", "may be missing"), rows)
    yield ""
    yield from facts(
        {
            "Informants": ", ".join(i.informants),
            "Reversed items": turned or "none",
            "Variants, one must be chosen": "; ".join(f"`{v.id}`: {v.description}" for v in i.variants),
            "Missing items": i.missing_rule,
            "Alerts": "; ".join(f"{a.item} from {a.at_least:g} on: {a.message}" for a in i.alerts),
            "Notes": " ".join(i.notes),
            "Verified": "; ".join(i.verified),
            "Not verified": "; ".join(i.unverified),
            "Source": " ".join(filter(None, [i.citation, f"doi:{i.doi}" if i.doi else ""])),
            "Rights": i.rights,
        }
    )


def _system(name: str) -> Iterator[str]:
    s = coding.load(name)
    yield from ("", f"### {name}", "", f"{s.name}, version {s.manual_version}. {s.summary}", "")
    if s.dimensions:
        rows = [(f"`{d.id}`", d.name, f"{d.low:g} to {d.high:g}, steps of {d.step:g}") for d in s.dimensions]
        yield from (*table(("dimension", "name", "scale"), rows), "")
    codes = [(f"`{c.id}`", c.name, t.name) for t in s.code_types for c in t.codes]
    if codes:
        yield from (*table(("code", "name", "type"), codes), "")
    if s.derived:
        rows = [(f"`{d.id}`", d.name, f"`{d.formula.text}`", d.empty) for d in s.derived]
        yield from (*table(("derived score", "name", "formula", "no value when"), rows), "")
    yield from facts(
        {
            "Unit": f"{s.unit.kind}, {s.target}",
            "Thresholds": "; ".join(f"`{t.id}`: {t.name} ({t.condition.text})" for t in s.thresholds),
            "Reasons for no value": "; ".join(f"{a.name} ({a.kind})" for a in s.absences),
            "Manual": f"`bordin catalog {name} --manual`" if s.manual else "none: a structure only",
            "Verified": "; ".join(s.verified),
            "Not verified": "; ".join(s.unverified),
            "Source": s.source,
            "Rights": s.rights,
        }
    )


# ---------------------------------------------------------------- results


def result_columns() -> Iterator[str]:
    """Yield the page of result files, their columns and keys."""
    made = analyse(study := load_study(EXAMPLE), read_records(study))
    tables = csv_tables(made)
    yield "# Result columns"
    yield from ("", WORDS["text"]["results"])
    yield from ("", "## Files in reports/", "", *table(("file", "content"), list(WORDS["files"].items())))
    known = _descriptions(estimate.Estimate, estimate.Interval, cells.Cell, cells.Sensitivity)
    shapes = {
        "cells.csv": known,
        "hypotheses.csv": _descriptions(results.CellTest),
        "variables.csv": _descriptions(results.Variable),
        "contrasts.csv": _descriptions(cells.Contrast),
    }
    for name, described in shapes.items():
        yield from ("", f"## {name}", "", WORDS["tables"][name], "")
        yield from table(("column", "meaning"), _described(tables[name][0], described, name))
    yield from (
        "",
        "Values of `because`: " + ", ".join(f"`{b}`" for b in typing.get_args(results.Because)) + ".",
    )
    for name, heading in (
        ("reliability.csv", flat.RELIABILITY_COLUMNS),
        ("scales.csv", flat.SCALE_COLUMNS),
        ("coders.csv", flat.CODER_COLUMNS),
    ):
        yield from ("", f"## {name}", "", WORDS["tables"][name], "")
        yield from table(("column", "meaning"), _described(heading, {}, name))
    yield from ("", "## analysis_data.csv", "", WORDS["tables"]["analysis_data.csv"])
    yield from ("", "## results.json", "", WORDS["tables"]["results.json"], "")
    yield from table(("key", "meaning"), _described(flat.as_record(made), {}, "results.json"))
    for shape in (
        results.FlowStep,
        results.Variable,
        results.FamilyResult,
        results.HypothesisResult,
        results.CellTest,
        results.CodingFacts,
        results.ReliabilityResults,
        results.DimensionReliability,
        results.ScaleReliability,
        results.CoderFigure,
        Reliability,
        results.LockStatus,
        results.Deviation,
        results.Provenance,
        results.FileHash,
    ):
        yield from _shape(shape, without={"contrast"})
    yield from _association_json()
    yield from ("", "## JSON of bordin score", "", WORDS["tables"]["score"], "")
    yield from table(
        ("key", "meaning"),
        _described(_fields(ScoreTable), _descriptions(ScoreTable), "score", without={"scales"}),
    )
    for part in (Score, BadCell, AlertRaised):
        yield from _shape(part)
    yield from ("", "Kinds of bad cell: " + ", ".join(f"`{f}`" for f in Fault) + ".")


def _association_json() -> Iterator[str]:
    column = [1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 8.0, 7.0]
    data = {"a": column, "b": column[::-1], "c": [*column[4:], *column[:4]], "who": list("pqrspqrs")}
    record = as_record(associate(data, ["a", "b"], ["c"], cluster="who", against="a", permutations=0))
    yield from ("", "## JSON of bordin associate", "", WORDS["tables"]["associate"], "")
    yield from table(
        ("key", "meaning"), _described(record, _descriptions(cells.AssociationTable), "associate")
    )
    first = typing.cast(list[dict[str, object]], record["cells"])[0]
    known = _descriptions(estimate.Estimate, estimate.Interval, cells.Cell)
    yield from ("", "### A cell", "", *table(("key", "meaning"), _described(first, known, "cell")))
    contrast = typing.cast(list[dict[str, object]], record["contrasts"])[0]
    yield from ("", "### A contrast", "")
    yield from table(("key", "meaning"), _described(contrast, _descriptions(cells.Contrast), "contrasts.csv"))
    for shape in (
        estimate.Estimate,
        estimate.Interval,
        cells.Partial,
        cells.Sensitivity,
        cells.WithinBetween,
    ):
        yield from _shape(shape)


def _shape(shape: type, without: Iterable[str] = ()) -> Iterator[str]:
    doc = inspect.getdoc(shape) or ""
    yield from ("", f"### {shape.__name__}", "", _plain(_first_sentence(doc)), "")
    names = [n for n in _fields(shape) if n not in set(without)]
    yield from table(("key", "meaning"), _described(names, _descriptions(shape), shape.__name__))


def _fields(shape: type) -> list[str]:
    if dataclasses.is_dataclass(shape):
        return [f.name for f in dataclasses.fields(shape) if not f.name.startswith("_")]
    return list(shape._fields)  # type: ignore[attr-defined]  # a NamedTuple


def _described(
    names: Iterable[str], known: Mapping[str, str], where: str, without: Iterable[str] = ()
) -> list[tuple[str, str]]:
    """Pair names with descriptions: of words.toml for this place, of the docstring, of words.toml for all.

    A docstring's line about several names at once is taken last.
    """
    special, shared = WORDS.get(where, {}), WORDS["shared"]
    rows = []
    for name in names:
        if name in set(without):
            continue
        text = special.get(name) or known.get(name) or shared.get(name) or known.get(f"*{name}", "")
        if not text:
            _undocumented.append(f"{where}: {name}")
        rows.append((f"`{name}`", _plain(text)))
    return rows


def _descriptions(*shapes: type) -> dict[str, str]:
    """Read the Attributes section of numpydoc docstrings; ``*`` before a name that shares its line."""
    found: dict[str, str] = {}
    for shape in shapes:
        _, _, section = (inspect.getdoc(shape) or "").partition("Attributes\n----------\n")
        for entry in re.split(r"\n(?=\S)", section):
            head, _, body = entry.partition("\n")
            names = head.partition(" : ")[0].split(", ")
            for name in names:
                if body.strip():
                    found.setdefault(f"*{name}" if len(names) > 1 else name, " ".join(body.split()))
    return found


# ---------------------------------------------------------------- errors and Python


def error_kinds() -> Iterator[str]:
    """Yield the page of errors."""
    yield "# Errors"
    yield from ("", WORDS["text"]["errors"], "")
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, errors.BordinError)]
    yield from table(
        ("kind", "meaning"), [(f"`{k.__name__}`", _first_sentence(inspect.getdoc(k) or "")) for k in kinds]
    )
    yield from ("", WORDS["text"]["tape_errors"], "")
    yield from table(
        ("kind", "where", "meaning"),
        [
            (f"`{k.__name__}`", f"`{k.__module__}`", _first_sentence(inspect.getdoc(k) or ""))
            for k in (WrongLock, TapeHeld, TapeExists, TapeForgotten)
        ],
    )
    yield from ("", "## A problem", "", "Each error holds one or more problems, as `error.problems`.", "")
    yield from table(
        ("field", "meaning"), _described(_fields(errors.Problem), _descriptions(errors.Problem), "Problem")
    )
    yield from (
        "",
        "## Kinds of missing",
        "",
        "In JSON, CSV and the report missing values are told apart.",
        "",
    )
    yield from table(("kind", "meaning"), _described([str(m) for m in missing.Missing], {}, "missing"))


def python() -> Iterator[str]:
    """Yield the page of public functions."""
    yield "# Python"
    yield from ("", WORDS["text"]["python"])
    for module in (bordin.association, instruments):
        yield from ("", f"## {module.__name__}", "", (inspect.getdoc(module) or "").partition("\n\n")[0], "")
        yield from _public(module, tuple(module.__all__))
    yield from ("", "## bordin.tapes", "", WORDS["text"]["tapes"])
    for path, names in TAPES.items():
        module = import_module(path)
        yield from ("", f"### {path}", "", _first_sentence(inspect.getdoc(module) or ""), "")
        yield from _public(module, names or tuple(module.__all__))
    for function in (associate, transcribe):
        yield from ("", f"## {function.__name__}", "")
        yield from ("```text", f"{function.__name__}{_signature(function)}", "```", "")
        yield from (inspect.getdoc(function) or "").join(("```text\n", "\n```")).splitlines()


def _public(module: ModuleType, names: Sequence[str]) -> list[str]:
    """Return the table of what a module offers; a constant has its description in words.toml."""
    rows = []
    for name in names:
        thing, told = getattr(module, name), WORDS["constants"].get(name)
        if told is None and not callable(thing):
            _undocumented.append(f"{module.__name__}: {name}")
        rows.append((f"`{name}`", told or _plain(_first_sentence(inspect.getdoc(thing) or ""))))
    return table(("name", "what it does"), rows)


def _signature(function: Any) -> str:
    parameters = inspect.signature(function).parameters.values()
    shown = [p.name if p.default is p.empty else f"{p.name}={_default(p.default)}" for p in parameters]
    return "(" + ", ".join(shown) + ")"


def _default(value: Any) -> str:
    # A function would show its address, which is another one each time.
    return "..." if callable(value) else repr(value)


# ---------------------------------------------------------------- workbench, read as text: it needs no Django here


def server_file() -> Iterator[str]:
    """Yield the page of the keys of workbench/server.toml."""
    yield "# Keys of the server file"
    yield from ("", WORDS["text"]["server_file"], "")
    schema = ServerFile.model_json_schema()
    rows = [_key(name, part, schema) for name, part in schema["properties"].items()]
    yield from table(("key", "value", "default", "meaning"), rows)


def facts_of_record() -> Iterator[str]:
    """Yield the page of the kinds of facts, and of what a fact holds."""
    yield "# Facts of the record"
    yield from ("", WORDS["text"]["facts"], "", "## Kinds", "")
    kinds = ast.literal_eval(_assigned(_parsed("store/record.py"), "KINDS"))
    yield from table(("kind", "what happened"), [(f"`{kind}`", f"{said}.") for kind, said in kinds.items()])
    yield from ("", "## What a fact holds", "", WORDS["text"]["fact_columns"], "")
    columns = ast.literal_eval(_assigned(_parsed("store/record.py"), "COLUMNS"))
    names = ["seq", "at", "actor", "kind", *columns, "before", "hash"]
    yield from table(("column", "meaning"), _described(names, {}, "fact"))


def exports() -> Iterator[str]:
    """Yield the page of the files that ``bordin export`` writes."""
    yield "# Files of an export"
    yield from ("", WORDS["text"]["exports"], "")
    files = dict(_extra_files(_function("store/exporting.py", "_write_more")))
    yield from table(
        ("file", "content"), [(f"`{n}`" if "." in n else n, t) for n, t in WORDS["exported"].items()]
    )
    for name, columns in files.items():
        if name not in WORDS["exported"]:
            _undocumented.append(f"file of an export: {name}")
        yield from ("", f"## {name}", "", *table(("column", "meaning"), _described(columns, {}, "export")))
    yield from ("", "## export.json", "")
    record = _assigned(_function("store/exporting.py", "_write_manifest"), "record")
    written = [ast.literal_eval(k) for k in typing.cast(ast.Dict, record).keys if k is not None]
    yield from table(("key", "meaning"), _described(written, {}, "export.json"))
    yield from ("", "## SPSS", "", WORDS["text"]["export_spss"], "")
    codes = typing.cast(ast.Dict, _assigned(_parsed("store/exporting_spss.py"), "CODES"))
    kinds = [typing.cast(ast.Attribute, k).attr for k in codes.keys]
    rows = [
        (f"{ast.literal_eval(v):g}", str(missing.Missing[k]))
        for k, v in zip(kinds, codes.values, strict=True)
    ]
    yield from table(("value", "meaning"), rows)


def _extra_files(function: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each file that stands beside those of the protocol, with its columns."""
    shared: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if isinstance(node.value, ast.Tuple):
                shared[node.targets[0].id] = ast.literal_eval(node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                yield ast.literal_eval(typing.cast(ast.expr, key)), _heading(value, shared)
    for node in ast.walk(function):
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if (
            isinstance(node, ast.Assign)
            and isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
        ):
            yield str(target.slice.value), _heading(node.value, shared)


def _heading(value: ast.expr, shared: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    first = typing.cast(ast.Tuple, value).elts[0]
    return shared[first.id] if isinstance(first, ast.Name) else ast.literal_eval(first)


def keys() -> Iterator[str]:
    """Yield the page of the keys of the rating screen."""
    yield "# Keys of the rating screen"
    yield from ("", WORDS["text"]["keys"])
    script = (SOURCE / "workbench/static/workbench/keys.js").read_text(encoding="utf-8")
    sheet = (SOURCE / "workbench/templates/workbench/_key_sheet.html").read_text(encoding="utf-8")
    block = re.search(r"const USUAL = \{(.*?)\};", script, re.DOTALL)
    usual = {
        action: re.findall(r'"([^"]+)"', listed)
        for action, listed in re.findall(r"(\w+): \[(.*?)\](?=,|\s*$)", block[1] if block else "")
    }
    for part, body in re.findall(
        r'<caption>{% translate "(.*?)" %}</caption>(.*?)</table>', sheet, re.DOTALL
    ):
        named = re.findall(r'<tr data-action="(\w+)"><th scope="row">{% translate "(.*?)" %}', body)
        if named:
            yield from ("", f"## {part}", "")
            rows = [(said, ", ".join(map(_pressed, usual.pop(action)))) for action, said in named]
            yield from table(("what it does", "keys"), rows)
    _undocumented.extend(f"key of the rating screen: {action}" for action in usual)
    yield from ("", WORDS["text"]["keys_dimensions"])


def _pressed(key: str) -> str:
    """Write a key as it stands on a keyboard."""
    arrows = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc"}
    parts = [arrows.get(p, p.upper() if len(p) == 1 else p) for p in key.split("+")]
    return " ".join(f"`{p}`" for p in parts)


def _parsed(path: str) -> ast.Module:
    return ast.parse((SOURCE / path).read_text(encoding="utf-8"))


def _function(path: str, name: str) -> ast.FunctionDef:
    return next(n for n in ast.walk(_parsed(path)) if isinstance(n, ast.FunctionDef) and n.name == name)


def _assigned(tree: ast.AST, name: str) -> ast.expr:
    """Return what is assigned to a name in some source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == name:
                return node.value
    raise SystemExit(f"{name} is not assigned any more: docs/make_reference.py reads it")


# ---------------------------------------------------------------- Markdown


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; columns without any text are left out."""
    kept = [i for i in range(len(heading)) if i == 0 or any(row[i] for row in rows)]
    lines = [heading, ["---"] * len(heading), *rows]
    return ["| " + " | ".join(_cell(line[i]) for i in kept) + " |" for line in lines]


def facts(named: Mapping[str, str]) -> Iterator[str]:
    """Yield a list of named facts; empty ones are left out."""
    for name, text in named.items():
        if text:
            yield f"- **{name}**: {text}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _plain(text: str) -> str:
    """Turn the marks of a docstring into Markdown."""
    text = re.sub(r":(?:class|func|mod|meth):`~?([\w.]+\.)?(\w+)`", r"`\2`", text)
    return text.replace("``", "`")


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return _plain(paragraph)


if __name__ == "__main__":
    main()
