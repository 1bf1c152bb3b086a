"""From a catalog entry or a study's own file (a parsed TOML document) to an Instrument.

Everything wrong in an entry is told at once, with file, line, key and the nearest valid name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from bordin.errors import CatalogError, Problem, nearest
from bordin.instruments.instrument import (
    ANSWER_STEPS,
    INFORMANTS,
    PLACES,
    RULES,
    WHOLE_NUMBERS,
    Alert,
    Answers,
    Instrument,
    Item,
    Scale,
    Variant,
)
from bordin.toml_lines import find_line

T = TypeVar("T")

Document = dict[str, Any]

TOP_KEYS = (
    "alerts",
    "answers",
    "bond",
    "bond_candidates",
    "extends",
    "id",
    "informants",
    "items",
    "missing_rule",
    "name",
    "notes",
    "recode",
    "reversed",
    "rights",
    "scales",
    "source",
    "unverified",
    "variant_reason",
    "variants",
    "verified",
    "wording",
)
_NAMES = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


class Entry:
    """One document on its way to an Instrument; collects problems instead of stopping at the first.

    Parameters
    ----------
    document : dict
        The parsed TOML, already merged with the entry that it extends.
    file : str
        Named in errors.
    text : str
        The file's text, to find the line of a key.
    wording : mapping of str to str
        The study's own wording by item key.
    """

    def __init__(self, document: Document, file: str, text: str, wording: Mapping[str, str]) -> None:
        self.document, self.file, self.text, self.wording = document, file, text, wording
        self.problems: list[Problem] = []

    def instrument(self, *, key_required: bool) -> Instrument:
        """Build the instrument; CatalogError with every problem."""
        self._only(self.document, TOP_KEYS, "")
        items = self._items()
        keys = [item.key for item in items]
        answers = self._answers()
        reversed_items = self._references(self.document.get("reversed", []), keys, "reversed")
        variants = self._variants(answers)
        scales = self._scales(items)
        source = self._table(self.document, "source", ("citation", "doi"), "")
        rights = self._table(self.document, "rights", ("wording_may_ship", "statement"), "")
        instrument = Instrument(
            id=self._get(self.document, "id", str, ""),
            name=self._get(self.document, "name", str, ""),
            informants=self._words("informants", INFORMANTS),
            items=items,
            answers=answers,
            reversed_items=frozenset(reversed_items),
            scales=scales,
            missing_rule=self._get(self.document, "missing_rule", str, ""),
            citation=self._get(source, "citation", str, "source"),
            doi=self._get(source, "doi", str, "source", ""),
            wording_may_ship=self._get(rights, "wording_may_ship", bool, "rights"),
            rights=self._get(rights, "statement", str, "rights"),
            verified=self._words("verified"),
            unverified=self._words("unverified"),
            notes=self._words("notes", default=[]),
            recode=self._recode(self.document, "", answers),
            variants=variants,
            variant_reason=self._get(self.document, "variant_reason", str, "", "" if not variants else None),
            alerts=self._alerts(keys),
            bond_candidates=self._references(
                self.document.get("bond_candidates", []), keys, "bond_candidates"
            ),
            bond=self._get(self.document, "bond", str, "", "") or None,
        )
        instrument = self._declare_bond(instrument)
        if self.problems:
            raise CatalogError(self.problems)
        if key_required:
            self._require_key(instrument)
        return instrument

    def _problem(self, message: str, key: str, hint: str | None = None) -> None:
        self.problems.append(
            Problem(message, self.file, find_line(self.text, tuple(key.split("."))), key or None, hint)
        )

    def _only(self, table: Mapping[str, Any], allowed: Iterable[str], where: str) -> None:
        for key in table:
            if key not in allowed:
                self._problem(f"the key '{key}' is not known.", _join(where, key), nearest(key, allowed))

    def _get(
        self, table: Mapping[str, Any], key: str, kind: type[T], where: str, default: T | None = None
    ) -> T:
        """Return a value of the right type; a problem and an empty value when it is not there."""
        path = _join(where, key)
        value = table.get(key, default)
        if value is None:
            self._problem(f"the key '{key}' is missing; it holds {_NAMES[kind]}.", path)
            return kind()
        is_bool = isinstance(value, bool)
        if kind is float and isinstance(value, int) and not is_bool:
            return kind(value)  # type: ignore[call-arg]  # kind is float here
        if not isinstance(value, kind) or (is_bool and kind is not bool):
            self._problem(f"'{key}' is {value!r}, which is not {_NAMES[kind]}.", path)
            return kind()
        return value

    def _table(self, table: Mapping[str, Any], key: str, allowed: Iterable[str], where: str) -> Document:
        inner: Document = self._get(table, key, dict, where)
        self._only(inner, allowed, _join(where, key))
        return inner

    def _words(
        self, key: str, allowed: Iterable[str] | None = None, default: list[str] | None = None
    ) -> tuple[str, ...]:
        words = self._get(self.document, key, list, "", default)
        for word in words:
            if not isinstance(word, str) or (allowed is not None and word not in allowed):
                self._problem(f"{word!r} is not allowed in '{key}'.", key, nearest(str(word), allowed or ()))
        return tuple(map(str, words))

    def _one_of(self, value: str, allowed: Iterable[str], path: str) -> str:
        if value not in allowed:
            self._problem(f"'{value}' is not allowed.", path, nearest(value, allowed))
        return value

    def _numbers(self, table: Mapping[str, Any], key: str, where: str) -> tuple[float, ...]:
        listed = self._get(table, key, list, where, [])
        if not all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in listed):
            self._problem(f"'{key}' holds something that is not a number.", _join(where, key))
            return ()
        return tuple(float(x) for x in listed)

    def _items(self) -> tuple[Item, ...]:
        self.document["items"] = item_tables(self.document.get("items", {}))
        tables = self._get(self.document, "items", dict, "")
        if not tables:
            self._problem("there are no items.", "items", "Write items = 12, or a table [items].")
        items = []
        for key, table in tables.items():
            where = f"items.{key}"
            if not isinstance(table, dict):
                self._problem("an item is a label or a table with label and wording.", where)
                continue
            self._only(table, ("label", "wording"), where)
            wording = self._get(table, "wording", str, where, self.wording.get(key, "")) or None
            items.append(Item(key, self._get(table, "label", str, where), wording))
        for key in self.wording:
            if key not in tables:
                self._problem(
                    f"the wording file has '{key}', which is no item.", "wording", nearest(key, tables)
                )
        return tuple(items)

    def _answers(self) -> Answers:
        allowed = ("low", "high", "kind", "lowest", "highest", "not_applicable", "not_answered")
        table = self._table(self.document, "answers", allowed, "")
        answers = Answers(
            low=self._get(table, "low", float, "answers"),
            high=self._get(table, "high", float, "answers"),
            kind=self._one_of(
                self._get(table, "kind", str, "answers", WHOLE_NUMBERS), ANSWER_STEPS, "answers.kind"
            ),
            lowest=self._get(table, "lowest", str, "answers", ""),
            highest=self._get(table, "highest", str, "answers", ""),
            not_applicable=self._numbers(table, "not_applicable", "answers"),
            not_answered=self._numbers(table, "not_answered", "answers"),
        )
        if not answers.low < answers.high:
            self._problem(f"low ({answers.low:g}) must be less than high ({answers.high:g}).", "answers.low")
        for key in ("not_applicable", "not_answered"):
            for code in getattr(answers, key):
                if answers.low <= code <= answers.high:
                    self._problem(f"{code:g} is an answer and cannot also mean missing.", f"answers.{key}")
        return answers

    def _references(self, listed: object, keys: list[str], path: str) -> tuple[str, ...]:
        """Turn item numbers (from 1) and keys into keys."""
        if listed == "all":
            return tuple(keys)
        if not isinstance(listed, list):
            self._problem("this is a list of item numbers or keys.", path)
            return ()
        found: list[str] = []
        for reference in listed:
            if isinstance(reference, int) and not isinstance(reference, bool) and 1 <= reference <= len(keys):
                key = keys[reference - 1]
            elif reference in keys:
                key = str(reference)
            else:
                self._problem(f"there is no item {reference!r}.", path, nearest(str(reference), keys))
                continue
            if key in found:
                self._problem(f"{key} stands here twice.", path)
            found.append(key)
        return tuple(found)

    def _scales(self, all_items: tuple[Item, ...]) -> tuple[Scale, ...]:
        labels = {item.key: item.label for item in all_items}
        scales = []
        for scale_id, table in self._get(self.document, "scales", dict, "").items():
            where = f"scales.{scale_id}"
            if not isinstance(table, dict):
                self._problem("a scale is a table.", where)
                continue
            self._only(table, ("name", "items", "rule", "max_missing", "place", "size"), where)
            items = self._references(table.get("items", []), list(labels), f"{where}.items")
            # A scale of one item is called like the item, which a study may name.
            own_name = labels[items[0]] if len(items) == 1 else None
            size = self._get(table, "size", int, where, len(items))
            if items and len(items) != size:
                self._problem(f"the scale has {size} items, but {len(items)} are listed.", f"{where}.items")
            if not size:
                self._problem(
                    "the scale has no items.", f"{where}.items", 'Write items = [1, 2] or items = "all".'
                )
            max_missing = self._get(table, "max_missing", int, where, 0)
            if not 0 <= max_missing < max(size, 1):
                self._problem(f"max_missing must be from 0 to {size - 1}.", f"{where}.max_missing")
            place = self._get(table, "place", list, where, [])
            for one in place:
                self._one_of(str(one), PLACES, f"{where}.place")
            scales.append(
                Scale(
                    id=scale_id,
                    name=self._get(table, "name", str, where, own_name),
                    items=items,
                    rule=self._one_of(self._get(table, "rule", str, where), RULES, f"{where}.rule"),
                    max_missing=max_missing,
                    place=tuple(map(str, place)),
                    size=size,
                )
            )
        return tuple(scales)

    def _recode(self, table: Mapping[str, Any], where: str, answers: Answers) -> Mapping[float, float] | None:
        given: Document = self._get(table, "recode", dict, where, {})
        path = _join(where, "recode")
        if not given:
            return None
        try:
            recode = {float(answer): float(value) for answer, value in given.items()}
        except (TypeError, ValueError):
            self._problem("recode maps an answer to a number, for example 1 = 0.", path)
            return None
        needed = {answers.low + i for i in range(round(answers.high - answers.low) + 1)}
        if answers.kind != WHOLE_NUMBERS or set(recode) != needed:
            self._problem(f"recode must name each of the {answers}.", path)
        return MappingProxyType(recode)

    def _variants(self, answers: Answers) -> tuple[Variant, ...]:
        variants = []
        for variant_id, table in self._get(self.document, "variants", dict, "", {}).items():
            where = f"variants.{variant_id}"
            if not isinstance(table, dict):
                self._problem("a variant is a table.", where)
                continue
            self._only(table, ("description", "recode"), where)
            description = self._get(table, "description", str, where)
            variants.append(Variant(variant_id, description, self._recode(table, where, answers)))
        return tuple(variants)

    def _alerts(self, keys: list[str]) -> tuple[Alert, ...]:
        alerts: list[Alert] = []
        for table in self._get(self.document, "alerts", list, "", []):
            if not isinstance(table, dict):
                self._problem("an alert is a table [[alerts]].", "alerts")
                continue
            self._only(table, ("item", "at_least", "message"), "alerts")
            item = self._references([table.get("item")], keys, "alerts.item")
            at_least = self._get(table, "at_least", float, "alerts")
            message = self._get(table, "message", str, "alerts")
            alerts.extend(Alert(key, at_least, message) for key in item)
        return tuple(alerts)

    def _declare_bond(self, instrument: Instrument) -> Instrument:
        """Give the scale of the declared bond item its place."""
        bond = instrument.bond
        if bond is None:
            return instrument
        if bond not in instrument.bond_candidates:
            if not instrument.bond_candidates:
                self._problem(
                    "this instrument leaves no item to be declared as the bond.", "bond", "Remove the key."
                )
            else:
                hint = f"One of {', '.join(instrument.bond_candidates)} can be."
                self._problem(f"'{bond}' cannot be the bond.", "bond", hint)
            return instrument
        scales = tuple(
            replace(scale, place=("bond",)) if scale.items == (bond,) else scale
            for scale in instrument.scales
        )
        return replace(instrument, scales=scales)

    def _require_key(self, instrument: Instrument) -> None:
        """Refuse an instrument whose item key nobody has given yet."""
        open_scales = [scale for scale in instrument.scales if not scale.items]
        if not open_scales and "reversed" in self.document:
            return
        lines = [f'extends = "{self.document.get("extends", instrument.id)}"']
        wanted = []
        if "reversed" not in self.document:
            wanted.append("which items are reversed")
            lines.append("reversed = []  # the numbers of the reversed items")
        for scale in open_scales:
            lines += [f"[scales.{scale.id}]", f"items = []  # the {scale.size} item numbers"]
        if open_scales:
            wanted.append(f"which items belong to {', '.join(scale.id for scale in open_scales)}")
        raise CatalogError(
            Problem(
                f"the entry does not hold {' and '.join(wanted)}, since no source for it could be read.",
                self.file,
                hint="Take the key from your manual and write it into a file of the study, say "
                f"{instrument.id}.toml, then name that file as the instrument:\n" + "\n".join(lines),
            )
        )


def item_tables(items: object) -> object:
    """Write out the short forms of ``items``: a count, and a label in place of a table."""
    if isinstance(items, int) and not isinstance(items, bool):
        return {f"item{n}": {"label": f"item {n}"} for n in range(1, items + 1)}
    if isinstance(items, dict):
        return {key: {"label": item} if isinstance(item, str) else item for key, item in items.items()}
    return items


def merge(base: Document, own: Document) -> Document:
    """Lay a study's own file over the entry that it extends: tables merge, all else is replaced."""
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
