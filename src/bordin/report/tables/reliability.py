"""The tables of reliability: of ratings, of scales, and figures about single coders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from string import ascii_lowercase

from bordin.estimate import Estimate
from bordin.reliability.criterion import CONVENTIONS
from bordin.report import facts
from bordin.report.number import MINUS, NOTHING, correlation, count, interval, level, number, percent, span
from bordin.report.tables.model import Row, Table, TableCell, data, head, heading, rowhead
from bordin.report.text import Phrase, Run, listing, phrase, plural, sentence, stat
from bordin.study.results import CoderFigure, DimensionReliability, Results

PERCENT = "percent agreement"
COMPONENTS = ("session", "coder", "residual")
KINDS = ("leniency", "spread", "halo", "drift", "repeat")
_COEFFICIENTS = ("halo", "repeat")
_ALL_DIMENSIONS = "All dimensions"


class _Marks:
    """Letters that lead from a place in a table to what has to be said of it."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def of(self, *texts: str) -> tuple[Run, ...]:
        """Return the letters of some remarks, each remark having one letter in the whole table."""
        for text in texts:
            k = len(self._letters)
            self._letters.setdefault(text, ascii_lowercase[k % 26] * (1 + k // 26))
        letters = " ".join(self._letters[text] for text in texts)
        return (Run(letters, "sup"),) if letters else ()

    def notes(self) -> tuple[Phrase, ...]:
        """Return the remarks, each behind its letter."""
        return tuple(
            phrase(Run(letter, "sup"), f" {sentence(text)}") for text, letter in self._letters.items()
        )


def anchor(k: int, what: str) -> str:
    """Return the id of a place in the table of ratings: value, ci, n, or a component's name."""
    return f"rel-{k}-{what}"


def scale_anchor(k: int, what: str) -> str:
    """Return the id of a place in the table of scales: n, alpha, alpha-ci, omega or omega-ci."""
    return f"sca-{k}-{what}"


def coder_anchor(k: int, what: str) -> str:
    """Return the id of a place in the table of coders, for the k-th figure: value or ci."""
    return f"cod-{k}-{what}"


def one_name(results: Results) -> str | None:
    """Return the name of the coefficient of the scores used, when all dimensions have the same."""
    names = {d.used.estimate.name for d in results.reliability.dimensions}
    return names.pop() if len(names) == 1 else None


def shares(dimension: DimensionReliability) -> dict[str, float]:
    """Return the share of each component in the variance of the ratings; empty when there is none."""
    whole = sum(dimension.components.values())
    return {name: part / whole for name, part in dimension.components.items()} if whole > 0 else {}


def shown(estimate: Estimate) -> str:
    """Print a coefficient: a share of agreeing pairs as a percentage, any other with two digits."""
    return percent(estimate.value) if estimate.name == PERCENT else correlation(estimate.value, 2)


def even(figure: CoderFigure) -> float | None:
    """Return the value of a coder who does as the others; None for a figure that is held against nobody."""
    if figure.kind == "repeat" or (figure.kind == "halo" and figure.estimate.name == "halo"):
        return None
    return 1.0 if figure.kind == "spread" else 0.0


def is_off(figure: CoderFigure) -> bool:
    """Say whether the interval of a figure leaves out the value of a coder who does as the others."""
    found, line = figure.estimate.interval, even(figure)
    return found is not None and line is not None and not found.low <= line <= found.high


def coder_value(figure: CoderFigure) -> str:
    """Print a coder's figure: leniency and spread in the unit of the scale, halo as a correlation."""
    value = figure.estimate.value
    if figure.kind in _COEFFICIENTS:
        return correlation(value, 2)
    return number(value, 3 if figure.kind == "drift" else 2)


def coder_interval(figure: CoderFigure, *, brackets: bool = False) -> str:
    """Print the interval of a coder's figure."""
    found = figure.estimate.interval
    if found is None:
        return NOTHING
    if figure.kind in _COEFFICIENTS:
        return interval(found.low, found.high, brackets=brackets)
    return span(found.low, found.high, even(figure) or 0.0, brackets=brackets)


def levels(estimates: list[Estimate]) -> str:
    """Print the confidence level of some intervals, or "" when there is none."""
    return listing([level(x) for x in sorted({e.interval.level for e in estimates if e.interval})])


def ratings_table(results: Results) -> Table | None:
    """Make the table of dimensions: who coded how much, the reliability of the score used, the variance."""
    dimensions = results.reliability.dimensions
    if not dimensions:
        return None
    name, marks = one_name(results), _Marks()
    common = _common_notes(dimensions)
    parts = any(d.components for d in dimensions)
    at = levels([d.used.estimate for d in dimensions])
    columns: list[str | Phrase] = ["Dimension", "Sessions", "Coded twice", "Coders", name or "Score used"]
    columns += [
        f"{at} interval".strip(),
        *([f"{c.capitalize()} variance" for c in COMPONENTS] if parts else []),
    ]
    rows = tuple(_dimension(d, k, marks, (name is None, parts), common) for k, d in enumerate(dimensions))
    return Table(
        id="reliability-table",
        title="Reliability of the Ratings",
        head=head(*columns),
        groups=(rows,),
        notes=(_ratings_note(results, common, parts=parts), *marks.notes()),
        widths=(2.6, 1, 0.8, 0.9, 1, 1.5, *((1, 1, 1) if parts else ())),
    )


def _notes_of(d: DimensionReliability) -> list[str]:
    """Return the notes on the score used, without the counts that stand in columns of the table."""
    counts = f"{d.used.n_units} of {d.n_sessions} sessions have two or more coders; "
    return [note.removeprefix(counts) for note in d.used.estimate.notes]


def _common_notes(dimensions: tuple[DimensionReliability, ...]) -> tuple[str, ...]:
    """Return what holds for every dimension that has a value, so that it is said once."""
    told = [_notes_of(d) for d in dimensions if d.used.estimate.value is not None]
    return (
        tuple(note for note in dict.fromkeys(told[0]) if all(note in notes for notes in told)) if told else ()
    )


def _dimension(
    d: DimensionReliability, k: int, marks: _Marks, columns: tuple[bool, bool], common: tuple[str, ...]
) -> Row:
    """Make a row; `columns` says whether the coefficient is named here, and whether components are shown."""
    named, parts = columns
    used = d.used.estimate
    remarks = [*d.notes, *(n for n in _notes_of(d) if n not in common)]
    if used.undefined:
        remarks.append(f"undefined: {used.undefined}")
    part = shares(d)
    return (
        rowhead(phrase(d.label, *marks.of(*remarks)), used.name if named else ""),
        data(count(d.n_sessions)),
        data(count(d.used.n_units), id=anchor(k, "n")),
        data(count(len(d.coders))),
        TableCell(phrase(shown(used)), "estimate", id=anchor(k, "value")),
        data(facts.interval_text(used.interval), id=anchor(k, "ci")),
        *([data(percent(part.get(c)), id=anchor(k, c)) for c in COMPONENTS] if parts else []),
    )


def _ratings_note(results: Results, common: tuple[str, ...], *, parts: bool) -> Phrase:
    dimensions = results.reliability.dimensions
    name = one_name(results)
    whys = list(dict.fromkeys(d.why for d in dimensions if d.why))
    said = ["Coded twice: by two or more coders.", *(sentence(n) for n in common)]
    said.append(f"{name or 'Score used'}: reliability of the score that enters the association table.")
    if len(whys) == 1:
        said.append(sentence(whys[0]))
    else:
        said += [f"{d.label}: {sentence(d.why)}" for d in dimensions if d.why]
    methods = listing(
        list(dict.fromkeys(d.used.estimate.method for d in dimensions if d.used.estimate.method))
    )
    kinds = list(dict.fromkeys(i.method for d in dimensions if (i := d.used.estimate.interval)))
    if methods:
        said.append(f"Estimator: {methods}{f'; interval: {listing(kinds)}' if kinds else ''}.")
    if parts:
        said.append(
            "Variance: share of what sessions, coders and the rest make in the variance of the ratings."
        )
    return phrase(Run("Note.", "stat"), " ", " ".join(said))


def coefficients_table(results: Results) -> Table | None:
    """Make the table of further coefficients on the same ratings, a column a kind; None without any."""
    dimensions = results.reliability.dimensions
    names = other_names(dimensions)
    if not names:
        return None
    marks = _Marks()
    rows = []
    for d in dimensions:
        found = {r.estimate.name: r.estimate for r in d.others}
        rows.append((rowhead(d.label), *(data(_with_interval(found.get(n), marks)) for n in names)))
    estimates = [r.estimate for d in dimensions for r in d.others]
    at = levels(estimates)
    said = [
        f" In brackets: {at} intervals." if at else "",
        " These are of different kinds and have no average.",
    ]
    for name in names:
        kinds = dict.fromkeys(e.interval.method for e in estimates if e.name == name and e.interval)
        methods = listing(list(dict.fromkeys(e.method for e in estimates if e.name == name and e.method)))
        told = "; interval: ".join(t for t in (methods, listing(list(kinds))) if t)
        said.append(f" {sentence(f'{name}: {told}').replace(' - ', f' {MINUS} ')}" if told else "")
    return Table(
        id="coefficients-table",
        title="Further Coefficients of the Same Ratings",
        head=head("Dimension", *[n[:1].upper() + n[1:] for n in names]),
        groups=(tuple(rows),),
        notes=(phrase(Run("Note.", "stat"), *said), *marks.notes()),
        widths=(1.7, *(1.35 for _ in names)),
        wide=len(names) > 6,
    )


def other_names(dimensions: Sequence[DimensionReliability]) -> list[str]:
    """Name the coefficients beside the one used; one that is the used one everywhere stands there already."""
    used = {d.used.estimate.name for d in dimensions}
    names = dict.fromkeys(r.estimate.name for d in dimensions for r in d.others)
    return [name for name in names if used != {name}]


def _with_interval(estimate: Estimate | None, marks: _Marks) -> Phrase:
    if estimate is None:
        return phrase(NOTHING)
    if estimate.undefined:
        return phrase(NOTHING, *marks.of(f"undefined: {estimate.undefined}"))
    found = estimate.interval
    if found is None:
        return phrase(shown(estimate))
    if estimate.name == PERCENT:
        return phrase(f"{shown(estimate)} [{percent(found.low)}, {percent(found.high)}]")
    return phrase(f"{shown(estimate)} {interval(found.low, found.high)}")


def scales_table(results: Results) -> Table | None:
    """Make the table of questionnaire scales: alpha and omega with intervals."""
    scales = results.reliability.scales
    if not scales:
        return None
    marks = _Marks()
    rows = []
    for k, s in enumerate(scales):
        remarks = [f"{e.name} undefined: {e.undefined}" for e in (s.alpha, s.omega) if e.undefined]
        remarks += dict.fromkeys((*s.alpha.notes, *s.omega.notes))
        cells = [data(count(s.n_items)), data(count(s.alpha.n), id=scale_anchor(k, "n"))]
        for name, e in (("alpha", s.alpha), ("omega", s.omega)):
            cells.append(TableCell(phrase(shown(e)), "estimate", id=scale_anchor(k, name)))
            cells.append(data(facts.interval_text(e.interval), id=scale_anchor(k, f"{name}-ci")))
        rows.append((rowhead(phrase(s.label, *marks.of(*remarks))), *cells))
    both = [e for s in scales for e in (s.alpha, s.omega)]
    at = f"{levels(both)} interval".strip()
    kinds = dict.fromkeys(f"{e.name}: {e.interval.method}" for e in both if e.interval)
    note = f" Internal consistency in this sample. Intervals: {'; '.join(kinds)}." if kinds else ""
    return Table(
        id="scales-table",
        title="Reliability of the Scales",
        head=head("Scale", "Items", phrase(stat("n")), phrase(stat("α")), at, phrase(stat("ω")), at),
        groups=(tuple(rows),),
        notes=((phrase(Run("Note.", "stat"), note),) if note else ()) + marks.notes(),
        widths=(3, 0.8, 0.8, 0.9, 1.4, 0.9, 1.4),
    )


def coders_table(results: Results) -> Table | None:
    """Make the table of single coders: leniency, spread, halo and drift by dimension."""
    figures = results.reliability.coders
    if not figures:
        return None
    names = list(dict.fromkeys(f.estimate.name for kind in KINDS for f in figures if f.kind == kind))
    marks = _Marks()
    groups = []
    for coder in dict.fromkeys(f.coder for f in figures):
        rows: list[Row] = [heading(coder, 2 * len(names) + 1)]
        for variable in dict.fromkeys(f.variable for f in figures if f.coder == coder):
            at: dict[str, list[int]] = {name: [] for name in names}
            for k, f in enumerate(figures):
                if (f.coder, f.variable) == (coder, variable):
                    at[f.estimate.name].append(k)
            # A coder of two coding systems has two figures over all dimensions: a line each.
            for places in zip_longest(*at.values()):
                cells = [c for k in places for c in _figure_cells(figures, k, marks)]
                rows.append((rowhead(dimension_label(results, variable)), *cells))
        groups.append(tuple(rows))
    at_level = f"{levels([f.estimate for f in figures])} interval".strip()
    return Table(
        id="coders-table",
        title="Single Coders",
        head=head("Coder", *[text for name in names for text in (name[:1].upper() + name[1:], at_level)]),
        groups=tuple(groups),
        notes=(_coders_note(figures, names), *marks.notes()),
        widths=(2.2, *(w for _ in names for w in (0.9, 1.3))),
    )


def training_table(results: Results) -> Table | None:
    """Make the table of coders in training: each against the gold standard, with both conventions."""
    judged = results.reliability.training
    if not judged:
        return None
    marks = _Marks()
    groups = []
    for coder in dict.fromkeys(c.coder for c in judged):
        rows: list[Row] = [heading(coder, 7)]
        for k, c in enumerate(judged):
            if c.coder == coder:
                e = c.reliability.estimate
                read = [r.value if r.low == r.high else f"{r.low} to {r.high}" for r in c.readings] or [
                    "",
                    "",
                ]
                said = (c.reason,) if c.reason and e.interval is None else ()
                rows.append(
                    (
                        rowhead(dimension_label(results, c.dimension)),
                        data(count(c.reliability.n_units), id=training_anchor(k, "n")),
                        data(phrase(shown(e), *marks.of(*said)), id=training_anchor(k, "value")),
                        data(facts.interval_text(e.interval), id=training_anchor(k, "ci")),
                        data("yes" if c.passed else "not yet"),
                        *(data(text) for text in read),
                    )
                )
        groups.append(tuple(rows))
    lines = ", ".join(correlation(c, 2) for c in dict.fromkeys(c.criterion for c in judged))
    at = f"{levels([c.reliability.estimate for c in judged])} interval".strip()
    conventions = [name for name, *_ in CONVENTIONS]
    return Table(
        id="training-table",
        title="Training to Criterion",
        head=head("Coder", "Tapes", "ICC(A,1)", at, "Reached", *conventions),
        groups=tuple(groups),
        notes=(
            phrase(
                Run("Note.", "stat"),
                f" Each coder against the gold standard, on whole sessions. Reached: the lower limit is {lines} "
                "or more. The last columns say what the interval spans in the words of two conventions.",
            ),
            *marks.notes(),
        ),
        widths=(2.6, 0.7, 1.0, 1.4, 1.0, 2.0, 2.0),
    )


def training_anchor(k: int, what: str) -> str:
    """Return the id of a place in the table of training: n, value or ci."""
    return f"tra-{k}-{what}"


def dimension_label(results: Results, variable: str) -> str:
    """Return the name of a dimension; an empty one means all of them together."""
    names = {d.variable: d.label for d in results.reliability.dimensions}
    return names.get(variable) or (facts.label(results, variable) if variable else _ALL_DIMENSIONS)


def _figure_cells(
    figures: tuple[CoderFigure, ...], k: int | None, marks: _Marks
) -> tuple[TableCell, TableCell]:
    if k is None:
        return data(""), data("")
    f = figures[k]
    undefined = (f"undefined: {f.estimate.undefined}",) if f.estimate.undefined else ()
    value = phrase(coder_value(f), *marks.of(*undefined, *f.estimate.notes))
    return data(value, id=coder_anchor(k, "value")), data(coder_interval(f), id=coder_anchor(k, "ci"))


def _coders_note(figures: tuple[CoderFigure, ...], names: list[str]) -> Phrase:
    said = []
    for name in names:
        of = [f for f in figures if f.estimate.name == name]
        methods = listing(list(dict.fromkeys(f.estimate.method for f in of if f.estimate.method)))
        line = even(of[0])
        alike = "" if line is None else f"{line:g} when the coder does as the others"
        told = ", ".join(t for t in (methods, alike) if t)
        said.append(sentence(f"{name}: {told}") if told else "")
    n = sorted({f.estimate.n for f in figures if f.estimate.value is not None})
    if n:
        many = count(n[0]) if n[0] == n[-1] else f"{count(n[0])} to {count(n[-1])}"
        said.append(f"Values rest on {many} {plural(n[-1], 'session')}.")
    return phrase(Run("Note.", "stat"), " ", " ".join(s for s in said if s))
