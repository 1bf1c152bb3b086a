"""Proposals put together, decided, and applied: placeholders, what stays, and applying twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.deidentification import (
    KINDS,
    PLACEHOLDERS,
    Decision,
    Proposal,
    apply,
    by_hand,
    dictionary_from_text,
    propose,
    remaining,
)
from bordin.tapes.deidentification.shapes import identity
from bordin.tapes.shapes import (
    LOW_CONFIDENCE,
    PLACEHOLDER,
    UNCERTAIN_SPEAKER,
    EngineFacts,
    Transcript,
    Turn,
    Word,
)

NAMES = dictionary_from_text(
    """text,kind,replacement
Anna Kowalska,person,
Berta,person,
Carla,person,[sister]
Green Lane Surgery,organization,
"""
)
LINES = (
    "I told Anna's mother, and (Anna Kowalska) too.",
    "Call “Berta” on 07700 900123! Or Carla.",
    "We met at the Green Lane Surgery on the 3rd of March 1975, Anna.",
)


def decide(proposals: tuple[Proposal, ...], accepted: bool = True) -> tuple[Decision, ...]:
    return tuple(Decision(p.id, accepted) for p in proposals)


def words(transcript: Transcript, one: Proposal) -> str:
    return " ".join(w.text for w in transcript.turns[one.turn].words[one.first : one.last + 1])


def test_placeholders_keep_punctuation_and_endings(talk) -> None:
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    done = apply(transcript, proposals, decide(proposals))
    assert [t.text for t in done.turns] == [
        "I told [name]'s mother, and ([name]) too.",
        "Call “[name]” on [phone]! Or [sister].",
        "We met at the [organization] on the [date], [name].",
    ]
    numbered = apply(transcript, proposals, decide(proposals), numbered=True)
    assert [t.text for t in numbered.turns] == [
        "I told [person 1]'s mother, and ([person 1]) too.",
        "Call “[person 2]” on [phone]! Or [sister].",
        "We met at the [organization] on the [date], [person 1].",
    ]


def test_times_and_other_words_stay(talk) -> None:
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    done = apply(transcript, proposals, decide(proposals))
    assert [(t.speaker, t.start, t.end) for t in done.turns] == [
        (t.speaker, t.start, t.end) for t in transcript.turns
    ]
    kept = {w for w in transcript.words if w in done.words}
    assert kept == {w for w in done.words if PLACEHOLDER not in w.marks}
    phone = next(w for w in done.words if "[phone]" in w.text)
    before = transcript.turns[1].words
    assert (phone.start, phone.end) == (before[3].start, before[4].end)
    assert phone.probability is None
    assert phone.marks == (PLACEHOLDER,)
    assert (done.duration, done.notice) == (transcript.duration, transcript.notice)


def test_nothing_is_replaced_without_a_decision(talk) -> None:
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    assert len(proposals) == 9
    done = apply(transcript, proposals, ())
    assert done.turns == transcript.turns
    assert done.warnings == ("Nobody has decided about 9 proposals: this is no de-identified copy yet.",)
    kept = apply(transcript, proposals, decide(proposals, accepted=False))
    assert kept == transcript


def test_what_remains_is_counted(talk) -> None:
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    some = decide(proposals[:2]) + decide(proposals[2:3], accepted=False)
    assert remaining(proposals, some) == proposals[3:]
    assert remaining(proposals, decide(proposals)) == ()
    done = apply(transcript, proposals, some)
    assert done.warnings == (
        "2 places were replaced by placeholders, as a person decided.",
        f"Nobody has decided about {len(proposals) - 3} proposals: this is no de-identified copy yet.",
    )


def test_applying_twice_changes_nothing(talk) -> None:
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    for numbered in (False, True):
        done = apply(transcript, proposals, decide(proposals), numbered=numbered)
        assert apply(done, proposals, decide(proposals), numbered=numbered) == done
        # What is hidden is not proposed again.
        assert propose(done, NAMES) == ()


def test_a_transcript_that_changed_is_refused(talk) -> None:
    transcript = talk(*LINES)
    proposals = propose(transcript, NAMES)
    other = talk(LINES[0].replace("I told", "I just told"), *LINES[1:])
    with pytest.raises(TapeError, match="turn 0, words 2 to 2: other words stand there than were proposed"):
        apply(other, proposals, decide(proposals))
    half = apply(transcript, proposals, decide(proposals[:1]))
    with pytest.raises(TapeError, match="apply to the transcript that was reviewed"):
        apply(half, proposals, decide(proposals))


def test_a_person_decides_another_kind(talk) -> None:
    transcript = talk("so Berta came")
    (one,) = propose(transcript, NAMES)
    done = apply(transcript, (one,), (Decision(one.id, True, "place"),))
    assert done.turns[0].text == "so [place] came"
    with pytest.raises(TapeError, match="Did you mean 'place'"):
        apply(transcript, (one,), (Decision(one.id, True, "plce"),))


def test_a_person_adds_words(talk) -> None:
    transcript = talk("my neighbor the baker in Bordingham, you know")
    added = by_hand(transcript, 0, 2, 5, "other")
    assert (added.source, added.confidence, added.start, added.end) == ("person", 1.0, 1.0, 2.9)
    done = apply(transcript, (added,), (Decision(added.id, True),))
    assert done.turns[0].text == "my neighbor [other], you know"
    with pytest.raises(TapeError, match="turn 0 has 8 words, counted from 0, and no words 7 to 9"):
        by_hand(transcript, 0, 7, 9, "other")
    with pytest.raises(TapeError, match="there is no turn 3"):
        by_hand(transcript, 3, 0, 0, "other")
    with pytest.raises(TapeError, match="the kind is none of"):
        by_hand(transcript, 0, 0, 0, "pet")
    with pytest.raises(TapeError, match="a placeholder stands there already"):
        by_hand(done, 0, 1, 2, "other")


def test_overlapping_proposals_become_one_placeholder(talk) -> None:
    transcript = talk("at 12 Green Lane Surgery today")
    proposals = propose(transcript, NAMES)
    assert sorted((p.kind, p.first, p.last) for p in proposals) == [("address", 1, 3), ("organization", 2, 4)]
    done = apply(transcript, proposals, decide(proposals))
    assert [w.text for w in done.words] == ["at", "[address]", "today"]
    # Rejecting one does not lose the other.
    one = next(p for p in proposals if p.kind == "organization")
    kept = [Decision(p.id, p is one) for p in proposals]
    assert apply(transcript, proposals, kept).turns[0].text == "at 12 [organization] today"


def test_a_proposal_inside_an_accepted_one_is_decided_with_it(talk) -> None:
    transcript = talk("so Anna Berta Kowalska came")
    whole = by_hand(transcript, 0, 1, 3, "person")
    proposals = (*propose(transcript, NAMES), whole)
    assert len(proposals) == 4
    assert remaining(proposals, (Decision(whole.id, True),)) == ()
    assert len(remaining(proposals, (Decision(whole.id, False),))) == 3


def test_contradicting_and_strange_decisions(talk) -> None:
    transcript = talk("so Berta came")
    (one,) = propose(transcript, NAMES)
    with pytest.raises(TapeError, match="two decisions contradict each other"):
        apply(transcript, (one,), (Decision(one.id, True), Decision(one.id, False)))
    with pytest.raises(TapeError, match="a decision is about a proposal that is not among those given"):
        apply(transcript, (one,), (Decision("x", True),))


def test_one_place_is_proposed_once_with_all_reasons(talk) -> None:
    names = dictionary_from_text("text,kind,replacement\n/07700 \\d{6}/,phone,[his number]\n")
    (one,) = propose(talk("call 07700 900123"), names)
    assert one.reason == "a pattern of the dictionary (row 2); phone number"
    assert one.replacement == "[his number]"


def test_extra_proposals_are_taken_and_checked(talk) -> None:
    transcript = talk("so Dora came")
    dora = by_hand(transcript, 0, 1, 1, "person")
    assert propose(transcript, extra=lambda _: [dora]) == (dora,)
    with pytest.raises(TapeError, match="other words stand there"):
        propose(transcript, extra=lambda _: [replace(dora, first=0, last=0)])


def test_the_doubt_about_the_speaker_stays_and_that_about_the_word_goes() -> None:
    word = Word("Berta", 0.0, 0.4, 0.2, (LOW_CONFIDENCE, UNCERTAIN_SPEAKER))
    transcript = Transcript((Turn("S1", 0.0, 0.4, (word,)),), 1.0)
    (one,) = propose(transcript, NAMES)
    assert apply(transcript, (one,), decide((one,))).words == (
        Word("[name]", 0.0, 0.4, None, (UNCERTAIN_SPEAKER, PLACEHOLDER)),
    )


def test_words_without_times_stay_without(talk) -> None:
    transcript = talk("so Berta came", timed=False)
    (one,) = propose(transcript, NAMES)
    assert (one.start, one.end) == (None, None)
    assert apply(transcript, (one,), decide((one,))).words[1] == Word(
        "[name]", None, None, None, (PLACEHOLDER,)
    )


def test_a_glossary_and_warnings_lose_what_was_hidden(talk) -> None:
    engine = EngineFacts(
        "recognition", "fake", parameters={"glossary": ["boom and bust", "Dr. Berta"], "beam": 5}
    )
    transcript = replace(talk("so Berta's here"), engines=(engine,), warnings=("berta was loud", "short"))
    (one,) = propose(transcript, NAMES)
    done = apply(transcript, (one,), decide((one,)))
    assert done.engines[0].parameters == {"glossary": ["boom and bust", "[removed]"], "beam": 5}
    assert done.warnings[:2] == ("[removed]", "short")
    assert transcript.engines[0].parameters["glossary"] == ["boom and bust", "Dr. Berta"]


def test_numbers_follow_the_row_or_the_spelling(talk) -> None:
    transcript = talk("so Dora and Anna and dora's and Kowalska and Berta")
    added = [by_hand(transcript, 0, n, n, "person") for n in (1, 5)]
    proposals = (*propose(transcript, NAMES), *added)
    done = apply(transcript, proposals, decide(proposals), numbered=True)
    assert done.turns[0].text == (
        "so [person 1] and [person 2] and [person 1]'s and [person 2] and [person 3]"
    )


def test_an_id_is_made_of_place_and_words(talk) -> None:
    transcript = talk("so Berta came")
    (one,) = propose(transcript, NAMES)
    assert one.id == identity(transcript, 0, 1, 1) == propose(talk("so Berta left"), NAMES)[0].id
    assert one.id != propose(talk("so so Berta came"), NAMES)[0].id
    assert one.id != propose(talk("so berta came"), NAMES)[0].id


def test_each_kind_has_a_placeholder() -> None:
    assert tuple(PLACEHOLDERS) == KINDS
    assert len(set(PLACEHOLDERS.values())) == len(KINDS) == 12


@given(st.data())
def test_any_decisions_leave_all_other_words_in_order(data: st.DataObject) -> None:
    vocabulary = ["Anna", "Kowalska", "Berta", "Carla,", "and", "so", "Green", "Lane", "Surgery.", "came"]
    lines = data.draw(st.lists(st.lists(st.sampled_from(vocabulary), min_size=1, max_size=12), max_size=4))
    turns = tuple(
        Turn(
            f"S{i % 2}",
            float(i),
            i + 1.0,
            tuple(Word(w, i + k / 20, i + (k + 1) / 20) for k, w in enumerate(line)),
        )
        for i, line in enumerate(lines)
    )
    transcript = Transcript(turns, 10.0)
    proposals = propose(transcript, NAMES)
    decisions = tuple(
        Decision(p.id, choice)
        for p in proposals
        if (choice := data.draw(st.sampled_from([True, False, None]))) is not None
    )
    done = apply(transcript, proposals, decisions)
    gone = {
        (p.turn, k)
        for p in proposals
        if any(d.proposal == p.id and d.accepted for d in decisions)
        for k in range(p.first, p.last + 1)
    }
    for index, (before, after) in enumerate(zip(transcript.turns, done.turns, strict=True)):
        kept = [w for k, w in enumerate(before.words) if (index, k) not in gone]
        assert kept == [w for w in after.words if PLACEHOLDER not in w.marks]
        assert (before.start, before.end, before.speaker) == (after.start, after.end, after.speaker)
    assert apply(done, proposals, decisions) == done or not gone
