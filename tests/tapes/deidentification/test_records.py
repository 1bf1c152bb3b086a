"""Decisions in a file: they come back for the same transcript only, and hold none of the words."""

from __future__ import annotations

import json

import pytest

from bordin.errors import TapeError
from bordin.tapes.deidentification import (
    Decision,
    Dictionary,
    apply,
    as_record,
    by_hand,
    dictionary_from_text,
    from_record,
    new_key,
    propose,
    together,
)

NAMES = dictionary_from_text("text,kind\nAnna,person\nBerta,person\nBordingham,place\n")
LINES = ("I told Anna in Bordingham", "and Berta told Anna, the baker")
KEY = b"0123456789abcdef0123456789abcdef"


def made(talk):
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    baker = by_hand(transcript, 1, 4, 5, "other", reason="the baker of the village")
    proposals = (*proposals, baker)
    decisions = (
        Decision(proposals[0].id, True),
        Decision(proposals[1].id, False),
        Decision(proposals[2].id, True, "other"),
        Decision(baker.id, True),
    )
    return transcript, proposals, decisions, as_record(decisions, proposals, transcript, key=KEY)


def test_they_come_back(talk) -> None:
    transcript, proposals, decisions, record = made(talk)
    review = from_record(json.loads(json.dumps(record)), transcript, key=KEY)
    assert [(d.proposal, d.accepted) for d in review.decisions] == [
        (d.proposal, d.accepted) for d in decisions
    ]
    assert [d.kind for d in review.decisions] == ["person", "place", "other", "other"]
    assert review.dropped == 0
    fresh = together(propose(transcript, NAMES), review)
    assert len(fresh) == len(proposals)
    assert apply(transcript, fresh, review.decisions).turns == apply(transcript, proposals, decisions).turns


def test_the_file_holds_no_words_and_no_ids(talk) -> None:
    _, proposals, _, record = made(talk)
    text = json.dumps(record)
    for word in ("anna", "berta", "bordingham", "baker", "village", "told"):
        assert word not in text.lower()
    assert not any(p.id in text for p in proposals)
    assert set(record) == {"form", "key", "fingerprint", "decisions"}
    assert set(record["decisions"][0]) == {"turn", "first", "last", "kind", "source", "accepted", "hash"}
    # The same name has another hash in another place, and under another key.
    hashes = [d["hash"] for d in record["decisions"]]
    assert len(set(hashes)) == len(hashes) == 4


def test_hashes_depend_on_the_key(talk) -> None:
    transcript, proposals, decisions, record = made(talk)
    other = as_record(decisions, proposals, transcript, key=new_key())
    assert record["fingerprint"] != other["fingerprint"]
    assert not {d["hash"] for d in record["decisions"]} & {d["hash"] for d in other["decisions"]}
    assert as_record(decisions, proposals, transcript, key=KEY) == record


def test_a_changed_transcript_is_refused_with_the_next_step(talk) -> None:
    _, _, _, record = made(talk)
    changed = talk(LINES[0], LINES[1].replace("and", "but"))
    with pytest.raises(
        TapeError, match=r"d\.json: the transcript changed since .* \(keep_unchanged\), propose again"
    ):
        from_record(record, changed, key=KEY, file="d.json")
    kept = from_record(record, changed, key=KEY, keep_unchanged=True)
    assert (len(kept.decisions), kept.dropped) == (4, 0)
    moved = from_record(record, talk(LINES[0], "so " + LINES[1]), key=KEY, keep_unchanged=True)
    assert (len(moved.decisions), moved.dropped) == (2, 2)


def test_roles_and_times_may_change(talk) -> None:
    transcript, _, decisions, record = made(talk)
    renamed = transcript.renamed({"client": "patient"})
    assert len(from_record(record, renamed, key=KEY).decisions) == len(decisions)
    assert len(from_record(record, talk(*LINES, timed=False), key=KEY).decisions) == len(decisions)


def test_decisions_outlive_the_dictionary(talk) -> None:
    transcript, _, _, record = made(talk)
    review = from_record(record, transcript, key=KEY)
    fresh = together(propose(transcript, Dictionary()), review)
    assert [t.text for t in apply(transcript, fresh, review.decisions).turns] == [
        "I told [name] in Bordingham",
        "and [other] told Anna, [other]",
    ]


def test_keys(talk) -> None:
    transcript, proposals, decisions, record = made(talk)
    assert len(new_key()) == 32
    assert new_key() != new_key()
    with pytest.raises(TapeError, match="written with another key"):
        from_record(record, transcript, key=new_key())
    with pytest.raises(TapeError, match="fewer than 16 bytes"):
        as_record(decisions, proposals, transcript, key=b"short")
    with pytest.raises(TapeError, match="fewer than 16 bytes"):
        from_record(record, transcript, key=b"")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": "other"}, "this is no file of decisions"),
        ({"decisions": None}, "'decisions' is no list"),
        ({"decisions": [{}]}, "decision 1 is not complete"),
        ({"decisions": ["x"]}, "decision 1 is not complete"),
        ({"decisions": [{"turn": True}]}, "decision 1 is not complete"),
    ],
)
def test_damaged_files(talk, change: dict[str, object], message: str) -> None:
    transcript, _, _, record = made(talk)
    with pytest.raises(TapeError, match=message):
        from_record({**record, **change}, transcript, key=KEY)


@pytest.mark.parametrize("change", [{"turn": 7}, {"first": 0}, {"hash": "0" * 64}, {"last": 99}])
def test_an_altered_decision_is_noticed(talk, change: dict[str, object]) -> None:
    transcript, _, _, record = made(talk)
    record["decisions"][0] |= change
    with pytest.raises(TapeError, match="decision 1 does not fit its own transcript: the file was altered"):
        from_record(record, transcript, key=KEY)
