"""From a transcript to tiers and back."""

from __future__ import annotations

import pytest

from bordin.errors import TapeError
from bordin.tapes.formats import Mark, Tier, Tiers, as_tiers, as_transcript
from bordin.tapes.formats.tiers import POINTS, layers_of, speaker_tiers
from bordin.tapes.shapes import UNCERTAIN_SPEAKER, Transcript, Turn, Word


def test_marks_of_a_layer_never_overlap() -> None:
    marks = [Mark("a", 0.0, 2.0), Mark("b", 1.0, 3.0), Mark("c", 2.0, 4.0), Mark("d", 1.5, 1.75)]
    assert [[m.text for m in layer] for layer in layers_of(marks)] == [["a", "c"], ["b"], ["d"]]
    assert layers_of([]) == []


def test_words_stay_inside_their_turn() -> None:
    words = (
        Word("a", 0.5, 1.5),
        Word("b", 1.4, 1.6, None, (UNCERTAIN_SPEAKER,)),
        Word("c", 1.55, 1.6),
        Word("d", 1.9, 9.0),
    )
    tiers = as_tiers(Transcript((Turn("S1", 1.0, 2.0, words),), 3.0))
    assert [(m.text, m.start, m.end) for m in tiers.named("S1 words")[0].marks] == [
        ("a", 1.0, 1.5),
        ("b", 1.5, 1.6),
        ("d", 1.9, 2.0),
    ]
    assert [(m.text, m.start, m.end) for m in tiers.named("S1 marks")[0].marks] == [
        ("uncertain speaker", 1.5, 1.6)
    ]
    back = as_transcript(tiers)
    assert back.turns[0].text == "a b c d"
    assert back.words[1] == Word("b", 1.5, 1.6, None, (UNCERTAIN_SPEAKER,))
    assert back.words[2] == Word("c")
    assert as_tiers(Transcript((Turn("S1", 1.0, 2.0, words),), 3.0), words=False).named("S1 words") == ()


def test_which_tiers_hold_speakers() -> None:
    told = Tier("A", (Mark("x", 0.0, 1.0),), participant="P1")
    other = Tier("scene", (Mark("y", 0.0, 1.0),))
    clicks = Tier("clicks", (Mark("z", 0.5, 0.5),), POINTS)
    assert speaker_tiers(Tiers((told, other, clicks))) == {"A": "P1"}
    assert speaker_tiers(Tiers((other, clicks))) == {"scene": "scene"}
    assert as_transcript(Tiers((told, other)), speakers={"scene": "S1"}).speakers == ("S1",)
    with pytest.raises(TapeError, match=r"there is no tier 'scen'\. Did you mean 'scene'"):
        as_transcript(Tiers((told, other)), speakers={"scen": "S1"})
    with pytest.raises(TapeError, match="no tier holds a turn"):
        as_transcript(Tiers((clicks,)))
    with pytest.raises(TapeError, match="a mark of tier 'A' has no times"):
        as_transcript(Tiers((Tier("A", (Mark("x", None, None),)),)))


def test_a_speaker_called_as_anothers_tier_is_refused() -> None:
    talk = Transcript((Turn("S1", 0.0, 1.0, (Word("a", 0.0, 0.5),)), Turn("S1 words", 0.0, 1.0)), 1.0)
    with pytest.raises(TapeError, match="'S1 words' is called as the tier of another one"):
        as_tiers(talk)
