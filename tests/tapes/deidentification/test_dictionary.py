"""The study's file of names: what it may hold, and errors that repeat no name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import TapeError
from bordin.tapes.deidentification import dictionary_from_text, read_dictionary
from bordin.tapes.deidentification.dictionary import Entry

GOOD = """text,kind,replacement,participant
Anna Kowalska|Ania,person,[sister],P01
"Green Lane Surgery, main house",organization,,
# a remark,,,

/CASE-\\d{4}/,identifier,[case],
Bordingham,PLACE,,P02
"""


def test_rows_are_read() -> None:
    made = dictionary_from_text(GOOD)
    assert made.entries == (
        Entry(("Anna Kowalska", "Ania"), "person", "[sister]", "P01", 2),
        Entry(("Green Lane Surgery, main house",), "organization", None, None, 3),
        Entry(("Bordingham",), "place", None, "P02", 7),
    )
    (pattern,) = made.patterns
    assert (pattern.expression.pattern, pattern.kind, pattern.replacement, pattern.line) == (
        r"CASE-\d{4}",
        "identifier",
        "[case]",
        6,
    )


def test_a_participants_rows_and_those_of_all() -> None:
    assert [e.line for e in dictionary_from_text(GOOD).for_participant("P01").entries] == [2, 3]
    assert [e.line for e in dictionary_from_text(GOOD).for_participant("P09").entries] == [3]
    assert len(dictionary_from_text(GOOD).for_participant("P09").patterns) == 1


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_and_a_byte_order_mark(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "names.csv"
    file.write_bytes(("\ufeffKind;Text\r\nperson;Zoë\r\n".replace(";", delimiter)).encode())
    assert read_dictionary(file).entries == (Entry(("Zoë",), "person", line=2),)


def test_all_faults_are_named_at_once_and_no_name_is_repeated() -> None:
    bad = "text,kind\nAnna,persn\nBerta,\n,place\nX,person\nCarla,place,more\n/(a+)+b/,other\n"
    with pytest.raises(TapeError) as caught:
        dictionary_from_text(bad, "names.csv")
    assert [(p.file, p.line) for p in caught.value.problems] == [("names.csv", n) for n in range(2, 8)]
    text = str(caught.value)
    assert "Did you mean 'person'?" in text
    assert "the text is empty" in text
    assert "fewer than two letters" in text
    assert "the row has 3 cells, the heading 2" in text
    assert "a repeat without a limit (+)" in text
    assert not any(name in text for name in ("Anna", "Berta", "Carla"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the heading has no column 'text' and 'kind'"),
        ("text\nAnna\n", "the heading has no column 'kind'"),
        ("Anna,person\nBerta,person\n", "column 1 is none of text, kind, replacement, participant"),
        ("text,kind,replacment\n", "Did you mean 'replacement'?"),
        ("text,kind,text\n", "there are two columns 'text'"),
        ('text,kind\n"Anna,person\n', "this is no CSV file"),
        ("text,kind\na b c d e f g h i,person\n", "more than 8 words"),
    ],
)
def test_a_file_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(TapeError) as caught:
        dictionary_from_text(text)
    assert message in str(caught.value)
    assert "Anna" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TapeError, match=r"names\.csv: there is no such file") as caught:
        read_dictionary(tmp_path / "names.csv")
    assert str(tmp_path) not in str(caught.value)
    (tmp_path / "old.csv").write_bytes("text,kind\nZoë,person\n".encode("cp1252"))
    with pytest.raises(TapeError, match=r"old\.csv:2: a letter is not in UTF-8\. Save the file as CSV UTF-8"):
        read_dictionary(tmp_path / "old.csv")
