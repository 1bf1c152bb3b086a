"""Every entry is complete and honest; a study's own file extends or refuses with place and reason."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from bordin.errors import CatalogError
from bordin.instruments import load, names
from bordin.instruments.instrument import PLACES, RULES

ENTRIES = (
    "arm-5",
    "calpas-24",
    "calpas-5",
    "care",
    "chalder-fatigue",
    "core-10",
    "core-om",
    "gad-7",
    "haq-ii",
    "phq-9",
    "rand-36-physical-functioning",
    "srs",
    "wai-36",
    "wai-o-s",
    "wai-s",
    "wai-sr",
)


def own_file(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(CatalogError) as caught:
        load(path)
    return [str(problem) for problem in caught.value.problems]


def test_names_lists_the_whole_catalog() -> None:
    assert names() == ENTRIES


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_says_what_is_known_of_it(name: str) -> None:
    entry = load(name, key_required=False)
    assert entry.id == name
    assert entry.name
    assert entry.citation
    assert entry.rights
    assert entry.missing_rule
    assert entry.verified
    assert entry.unverified
    assert entry.informants
    assert len({item.key for item in entry.items}) == len(entry.items)
    assert all(scale.rule in RULES and set(scale.place) <= set(PLACES) for scale in entry.scales)
    assert entry.reversed_items <= set(entry.keys)


@pytest.mark.parametrize("name", ENTRIES)
def test_no_wording_ships(name: str) -> None:
    entry = load(name, key_required=False)
    assert all(item.wording is None for item in entry.items)
    assert all(len(item.label) <= 30 for item in entry.items)
    text = (resources.files("bordin.instruments") / "catalog" / f"{name}.toml").read_text(encoding="utf-8")
    assert "wording = " not in text.replace("wording_may_ship", "")


@pytest.mark.parametrize(
    ("name", "items", "low", "high", "scales", "reversed_count"),
    [
        ("calpas-5", 5, 1, 7, 6, 0),
        ("wai-36", 36, 1, 7, 4, 14),
        ("wai-s", 12, 1, 7, 4, 2),
        ("wai-sr", 12, 1, 5, 4, 0),
        ("wai-o-s", 12, 1, 7, 4, 2),
        ("haq-ii", 19, 1, 6, 1, 5),
        ("arm-5", 5, 1, 7, 1, 1),
        ("srs", 4, 0, 10, 5, 0),
        ("phq-9", 9, 0, 3, 1, 0),
        ("gad-7", 7, 0, 3, 1, 0),
        ("core-10", 10, 0, 4, 1, 2),
        ("core-om", 34, 0, 4, 6, 8),
        ("chalder-fatigue", 11, 0, 3, 3, 0),
        ("rand-36-physical-functioning", 10, 1, 3, 1, 0),
        ("care", 10, 1, 5, 1, 0),
    ],
)
def test_structure(name: str, items: int, low: float, high: float, scales: int, reversed_count: int) -> None:
    entry = load(name)
    assert len(entry.items) == items
    assert (entry.answers.low, entry.answers.high) == (low, high)
    assert len(entry.scales) == scales
    assert len(entry.reversed_items) == reversed_count


@pytest.mark.parametrize(
    ("name", "scale", "variant", "expected"),
    [
        ("calpas-5", "q2", None, (1, 7)),
        ("wai-36", "total", None, (36, 252)),
        ("wai-36", "bond", None, (12, 84)),
        ("wai-sr", "goal", None, (1, 5)),
        ("haq-ii", "total", None, (19, 114)),
        ("srs", "total", None, (0, 40)),
        ("phq-9", "total", None, (0, 27)),
        ("gad-7", "total", None, (0, 21)),
        ("core-10", "total", None, (0, 40)),
        ("chalder-fatigue", "total", "likert", (0, 33)),
        ("chalder-fatigue", "total", "bimodal", (0, 11)),
        ("rand-36-physical-functioning", "physical_functioning", None, (0, 100)),
        ("care", "total", None, (10, 50)),
    ],
)
def test_range_of_a_scale(name: str, scale: str, variant: str | None, expected: tuple[float, float]) -> None:
    assert load(name).range_of(scale, variant) == expected


@pytest.mark.parametrize(("name", "size"), [("wai-36", 12), ("wai-s", 4), ("wai-sr", 4), ("wai-o-s", 4)])
def test_goals_tasks_and_bond_share_out_the_items(name: str, size: int) -> None:
    entry = load(name)
    parts = [entry.scale(scale) for scale in ("goal", "task", "bond")]
    assert [part.size for part in parts] == [size] * 3
    assert [part.place for part in parts] == [("goals",), ("tasks",), ("bond",)]
    assert sorted(key for part in parts for key in part.items) == sorted(entry.keys)


def test_core_om_domains_share_out_the_items() -> None:
    entry = load("core-om")
    domains = ("wellbeing", "problems", "functioning", "risk")
    assert [entry.scale(domain).size for domain in domains] == [4, 12, 12, 6]
    assert sorted(key for domain in domains for key in entry.scale(domain).items) == sorted(entry.keys)
    assert set(entry.scale("non_risk").items) == set(entry.keys) - set(entry.scale("risk").items)
    allowed = {scale.id: scale.max_missing for scale in entry.scales}
    assert allowed == {
        "wellbeing": 0,
        "problems": 1,
        "functioning": 1,
        "risk": 0,
        "non_risk": 3,
        "total": 3,
    }


def test_unknown_name_gives_the_nearest() -> None:
    with pytest.raises(CatalogError, match=r"no instrument 'wai-sh'.*Did you mean 'wai-s"):
        load("wai-sh")


def test_unknown_item_and_scale_give_the_nearest() -> None:
    entry = load("wai-sr")
    with pytest.raises(CatalogError, match=r"no item 'item13'. Did you mean 'item"):
        entry.item("item13")
    with pytest.raises(CatalogError, match=r"no scale 'goals'. Did you mean 'goal'"):
        entry.scale("goals")
    assert entry.item("item12").label == "item 12"


def test_variant_is_never_guessed() -> None:
    entry = load("chalder-fatigue")
    with pytest.raises(CatalogError, match=r"2 ways; none was chosen. The two give different results"):
        entry.choose_variant(None)
    with pytest.raises(CatalogError, match="Did you mean 'bimodal'"):
        entry.choose_variant("bimodel")
    with pytest.raises(CatalogError, match="has no variants"):
        load("phq-9").choose_variant("likert")
    chosen = entry.choose_variant("bimodal")
    assert chosen is not None
    assert chosen.recode == {0: 0, 1: 0, 2: 1, 3: 1}


def test_own_file_names_items_and_declares_the_bond(tmp_path: Path) -> None:
    own_file(tmp_path, 'q1 = "Our licensed text."\n', "wording.toml")
    path = own_file(
        tmp_path,
        'extends = "calpas-5"\nid = "our-calpas"\nbond = "q5"\nwording = "wording.toml"\n'
        '[items]\nq1 = "Confidence"\nq5 = { label = "Bond" }\n',
    )
    own = load(path)
    assert own.id == "our-calpas"
    assert own.bond == "q5"
    assert own.scale("q5").place == ("bond",)
    assert own.scale("q5").name == "Bond"
    assert own.scale("q1").place == ()
    assert own.item("q1").label == "Confidence"
    assert own.item("q1").wording == "Our licensed text."
    assert own.item("q2").label == "Agreed treatment goals"
    assert load("calpas-5").bond is None


def test_only_the_open_items_can_be_the_bond(tmp_path: Path) -> None:
    path = own_file(tmp_path, 'extends = "calpas-5"\n\nbond = "q2"\n')
    assert problems(path) == ["own.toml:3, bond: 'q2' cannot be the bond. One of q1, q5 can be."]
    path = own_file(tmp_path, 'extends = "phq-9"\nbond = "item1"\n')
    assert problems(path) == [
        "own.toml:2, bond: this instrument leaves no item to be declared as the bond. Remove the key."
    ]


def test_key_that_nobody_gave_yet_is_asked_for() -> None:
    with pytest.raises(CatalogError) as caught:
        load("calpas-24")
    told = str(caught.value)
    assert "which items are reversed and which items belong to PWC, PC, WSC, TUI" in told
    assert 'extends = "calpas-24"' in told
    assert "[scales.PWC]\nitems = []  # the 6 item numbers" in told
    assert load("calpas-24", key_required=False).scale("PWC").size == 6


KEY = "".join(
    f"[scales.{scale}]\nitems = {list(range(first, first + 6))}\n"
    for scale, first in (("PWC", 1), ("PC", 7), ("WSC", 13), ("TUI", 19))
)


def test_own_file_supplies_the_key(tmp_path: Path) -> None:
    own = load(own_file(tmp_path, f'extends = "calpas-24"\nreversed = [2]\n{KEY}'))
    assert own.scale("PC").items == ("item7", "item8", "item9", "item10", "item11", "item12")
    assert own.scale("WSC").place == ("goals", "tasks")
    assert own.reversed_items == {"item2"}
    assert own.scale("total").size == 24


def test_key_without_the_reversed_items_is_not_enough(tmp_path: Path) -> None:
    (told,) = problems(own_file(tmp_path, f'extends = "calpas-24"\n{KEY}'))
    assert "does not hold which items are reversed, since" in told


def test_key_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    text = f'extends = "calpas-24"\nreversed = []\n{KEY}'.replace("[1, 2, 3, 4, 5, 6]", "[1, 2, 3, 4, 5]")
    assert problems(own_file(tmp_path, text)) == [
        "own.toml:4, scales.PWC.items: the scale has 6 items, but 5 are listed."
    ]


def test_own_file_changes_the_missing_rule_only_there(tmp_path: Path) -> None:
    own = load(own_file(tmp_path, 'extends = "wai-sr"\n[scales.total]\nmax_missing = 2\n'))
    assert [scale.max_missing for scale in own.scales] == [0, 0, 0, 2]


COMPLETE = """id = "mood"
name = "Mood"
informants = ["patient"]
items = 3
reversed = [2]
missing_rule = "none"
verified = ["made for this test"]
unverified = []
[answers]
low = 0
high = 4
[scales.total]
name = "Total"
items = "all"
rule = "sum"
[source]
citation = "us"
[rights]
wording_may_ship = true
statement = "ours"
"""


def test_an_instrument_of_ones_own_needs_no_catalog(tmp_path: Path) -> None:
    own = load(own_file(tmp_path, COMPLETE))
    assert own.keys == ("item1", "item2", "item3")
    assert own.range_of("total") == (0, 12)
    assert own.reversed_items == {"item2"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("items = 3", "itmes = 3", "own.toml:4, itmes: the key 'itmes' is not known. Did you mean 'items'?"),
        ("items = 3", "items = 0", "own.toml:4, items: there are no items."),
        ("low = 0", "low = 4", "own.toml:10, answers.low: low (4) must be less than high (4)."),
        ("low = 0", 'low = "a"', "own.toml:10, answers.low: 'low' is 'a', which is not a number."),
        ("low = 0", "low = true", "own.toml:10, answers.low: 'low' is True, which is not a number."),
        ("high = 4", 'high = 4\nkind = "halfs"', "own.toml:12, answers.kind: 'halfs' is not allowed."),
        ("high = 4", "high = 4\nnot_applicable = [4]", "4 is an answer and cannot also mean missing."),
        (
            "high = 4",
            'high = 4\nnot_answered = ["x"]',
            "'not_answered' holds something that is not a number.",
        ),
        ('rule = "sum"', 'rule = "total"', "own.toml:15, scales.total.rule: 'total' is not allowed."),
        ('items = "all"', "items = [1, 9]", "own.toml:14, scales.total.items: there is no item 9."),
        ('items = "all"', "items = [1, 1]", "own.toml:14, scales.total.items: item1 stands here twice."),
        (
            'items = "all"',
            "items = 3",
            "own.toml:14, scales.total.items: this is a list of item numbers or keys.",
        ),
        ('items = "all"', "", "own.toml:12, scales.total.items: the scale has no items."),
        ('rule = "sum"', 'rule = "sum"\nmax_missing = 3', "max_missing must be from 0 to 2."),
        ('rule = "sum"', 'rule = "sum"\nplace = ["goal"]', "'goal' is not allowed. Did you mean 'goals'?"),
        ('["patient"]', '["client"]', "own.toml:3, informants: 'client' is not allowed in 'informants'."),
        (
            'citation = "us"',
            "",
            "own.toml:16, source.citation: the key 'citation' is missing; it holds a text.",
        ),
        ('["made for this test"]', "7", "own.toml:7, verified: 'verified' is 7, which is not a list."),
        (
            "reversed = [2]",
            "reversed = [2]\nrecode = { 0 = 0 }",
            "recode must name each of the whole numbers",
        ),
        ("reversed = [2]", 'reversed = [2]\nrecode = { a = "b" }', "recode maps an answer to a number"),
        ("reversed = [2]", "reversed = [7]", "own.toml:5, reversed: there is no item 7."),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    found = problems(own_file(tmp_path, COMPLETE.replace(old, new, 1)))
    assert any(told in problem for problem in found), found


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = (
        COMPLETE.replace("low = 0", "low = 9").replace('rule = "sum"', 'rule = "x"').replace("name", "nam", 1)
    )
    assert len(problems(own_file(tmp_path, text))) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extends = ", "the TOML cannot be read"),
        ("extends = 3", "'extends' is 3, which is not the name of a catalog entry"),
        ('extends = "wai-srr"', "no instrument 'wai-srr' in the catalog. Did you mean 'wai-sr'?"),
        ('extends = "calpas-5"\nwording = 3', "'wording' is the name of a TOML file"),
        ('extends = "calpas-5"\nwording = "none.toml"', "the file cannot be read. Did you mean 'own.toml'?"),
        ('extends = "calpas-5"\n[items]\nq9 = 4', "an item is a label or a table with label and wording"),
    ],
)
def test_an_own_file_that_cannot_be_used(tmp_path: Path, text: str, told: str) -> None:
    (found,) = problems(own_file(tmp_path, text))
    assert told in found


def test_wording_of_an_item_that_is_not_there(tmp_path: Path) -> None:
    own_file(tmp_path, 'q6 = "text"\n', "w.toml")
    (found,) = problems(own_file(tmp_path, 'extends = "calpas-5"\nwording = "w.toml"\n'))
    assert "the wording file has 'q6', which is no item. Known: q1, q2, q3, q4, q5." in found
    own_file(tmp_path, "q1 = 7\n", "w.toml")
    (found,) = problems(tmp_path / "own.toml")
    assert found == "w.toml, q1: the wording of 'q1' is not a text."


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="cannot be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "junk.toml").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(CatalogError, match="is not a UTF-8 text file"):
        load(str(tmp_path / "junk.toml"))


def test_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xef\xbb\xbf" + COMPLETE.encode())
    assert load(tmp_path / "own.toml").id == "mood"
