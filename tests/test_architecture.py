"""The shape of the package is what ARCHITECTURE.md says, and small enough to be read."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "bordin"
MODULES = sorted(PACKAGE.rglob("*.py"))
CAPS = {"modules": 500, "functions": 60, "parameters": 8}
FORBIDDEN = {"utils", "util", "core", "common", "helpers", "helper", "misc", "services", "models", "base"}


def place(path: Path) -> str:
    return path.relative_to(ROOT / "src").as_posix()


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{place(path)}::{node.name}", node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code from the def on: the docstring is documentation, and does not count."""
    assert function.end_lineno is not None
    first = function.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if is_doc else 0
    return function.end_lineno - function.lineno + 1 - docstring


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return len([n for n in names if n not in {"self", "cls"}])


def over_the_caps() -> dict[str, dict[str, int]]:
    sizes: dict[str, dict[str, int]] = {
        "modules": {place(p): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES},
        "functions": {},
        "parameters": {},
    }
    for path in MODULES:
        for name, node in functions(path):
            for what, size in (("functions", length(node)), ("parameters", parameters(node))):
                sizes[what][name] = max(size, sizes[what].get(name, 0))
    return {what: {n: s for n, s in found.items() if s > CAPS[what]} for what, found in sizes.items()}


@pytest.mark.parametrize("what", CAPS)
def test_caps_hold_but_for_the_listed_exceptions(what: str) -> None:
    listed = tomllib.loads((ROOT / "tests" / "caps.toml").read_text(encoding="utf-8"))[what]
    found = over_the_caps()[what]
    assert {n: s for n, s in found.items() if n not in listed} == {}, f"more than {CAPS[what]} ({what})"
    assert [n for n in listed if n not in found] == [], "these exceptions are no longer needed: take them out"
    assert [n for n, reason in listed.items() if len(reason) < 15] == [], "an exception needs a reason"


def test_the_layer_figure_is_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [layers] = [c["layers"] for c in contracts["contracts"] if c["type"] == "layers"]
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    [figure] = re.findall(r"```layers\n(.*?)```", text, flags=re.DOTALL)
    drawn = [re.split(r"\s{3,}", line.strip())[0] for line in figure.strip().splitlines()]
    assert drawn == layers


def test_what_a_person_gives_is_never_asserted() -> None:
    found = [
        f"{place(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [place(p) for p in PACKAGE.rglob("*") if p.stem.lower() in FORBIDDEN]
    assert found == []


def test_statistics_do_not_import_scipy_stats_or_scipy_at_the_top() -> None:
    found = []
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{a.name}" for a in node.names]
            for name in names:
                if name.startswith("scipy.stats") or (name.startswith("scipy") and id(node) in top):
                    found.append(f"{place(path)}:{node.lineno} {name}")
    assert found == []


def test_nothing_that_a_report_is_made_of_names_an_outside_address() -> None:
    allowed = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/1999/xhtml"}
    address = re.compile(r"https?://[^\s\"'<>)]+|\burl\((?!#)[^)]*\)")
    found = []
    for path in (PACKAGE / "report").rglob("*"):
        if path.suffix in {".py", ".html", ".css", ".svg", ".typ", ".j2"}:
            named = set(address.findall(path.read_text(encoding="utf-8"))) - allowed
            found += [f"{place(path)}: {n}" for n in named if not n.startswith("http://schemas.")]
    assert found == []
