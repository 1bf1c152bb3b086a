"""Recognition by faster-whisper with a model that is made up: what it is told, and what becomes of its words.

`Whisper` imitates faster_whisper.WhisperModel: it opens a folder, takes joined speech and returns pieces of
text as they come, with words whose first letter is a blank unless they go on with the word before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.errors import TapeError
from bordin.tapes.engines.faster_whisper import FasterWhisper, joined_speech, loops_marked, on_tape
from bordin.tapes.shapes import LOW_CONFIDENCE, REPEATED, SAMPLE_RATE, Stretch, Word

Said = tuple[str, float, float, float]


class Whisper:
    """Says what `pieces` holds: for each piece its words and how far gzip shortens it."""

    pieces: ClassVar[list[tuple[list[Said], float]]] = []
    language = "de"
    made: ClassVar[list[tuple[tuple[Any, ...], dict[str, Any]]]] = []
    heard: ClassVar[list[tuple[np.ndarray, dict[str, Any]]]] = []

    def __init__(self, *given: Any, **more: Any) -> None:
        self.made.append((given, more))

    def transcribe(
        self, samples: np.ndarray, **options: Any
    ) -> tuple[Iterator[SimpleNamespace], SimpleNamespace]:
        assert samples.ndim == 1
        assert len(samples) > 0
        self.heard.append((samples, options))
        told = (
            SimpleNamespace(
                words=[SimpleNamespace(word=w, start=a, end=b, probability=p) for w, a, b, p in words],
                compression_ratio=ratio,
            )
            for words, ratio in self.pieces
        )
        return told, SimpleNamespace(language=options["language"] or self.language)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FasterWhisper:
    """Return an engine over the made-up model; `Whisper` notes what it is asked."""
    package, runtime = ModuleType("faster_whisper"), ModuleType("ctranslate2")
    package.WhisperModel = Whisper  # type: ignore[attr-defined]
    runtime.seeds = []  # type: ignore[attr-defined]
    runtime.set_random_seed = runtime.seeds.append  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", package)
    monkeypatch.setitem(sys.modules, "ctranslate2", runtime)
    for name in ("pieces", "made", "heard"):
        monkeypatch.setattr(Whisper, name, [])
    (tmp_path / "model.bin").write_bytes(b"")
    return FasterWhisper(tmp_path, name="made-up", threads=3)


def hear(
    engine: FasterWhisper, *words: Said, ratio: float = 1.0, speech: tuple[Stretch, ...] = ()
) -> list[Word]:
    Whisper.pieces = [(list(words), ratio)]
    speech = speech or (Stretch(0.0, 100.0),)
    samples = np.zeros(round((speech[-1].end - speech[0].start) * SAMPLE_RATE), dtype=np.float32)
    return list(engine.hear(samples, speech[0].start, speech).words)


def test_words_are_heard_with_times_and_chances(engine):
    found = hear(engine, (" I", 0.1, 0.3, 0.99), (" see.", 0.4, 0.8, 0.7))
    assert found == [Word("I", 0.1, 0.3, 0.99), Word("see.", 0.4, 0.8, 0.7)]


def test_the_model_is_opened_once_from_its_folder_and_from_nowhere_else(engine, tmp_path):
    hear(engine, (" a", 0, 1, 1))
    hear(engine, (" a", 0, 1, 1))
    [(given_, more)] = Whisper.made
    assert given_ == (str(tmp_path),)
    assert more == {"device": "cpu", "compute_type": "int8", "cpu_threads": 3, "local_files_only": True}


def test_nothing_doubtful_is_dropped_and_parts_do_not_lean_on_each_other(engine):
    hear(engine, (" a", 0, 1, 1))
    [(_, options)] = Whisper.heard
    assert options["no_speech_threshold"] is None
    assert options["condition_on_previous_text"] is False
    assert options["word_timestamps"] is True
    assert options["hotwords"] is None
    assert "vad_filter" not in options
    assert sys.modules["ctranslate2"].seeds == [1]


def test_the_glossary_is_told(engine, tmp_path):
    own = FasterWhisper(tmp_path, glossary=("boom and bust", "Bordin"))
    hear(own, (" a", 0, 1, 1))
    assert Whisper.heard[0][1]["hotwords"] == "boom and bust Bordin"
    assert own.facts().parameters["glossary"] == ["boom and bust", "Bordin"]


def test_the_language_is_found_once_and_kept(engine):
    Whisper.pieces = [([(" ja", 0, 1, 1)], 1.0)]
    samples, speech = np.zeros(SAMPLE_RATE, dtype=np.float32), [Stretch(0, 1)]
    assert engine.hear(samples, 0.0, speech).language == "de"
    Whisper.language = "nl"
    assert engine.hear(samples, 0.0, speech).language == "de"
    Whisper.language = "de"
    assert [options["language"] for _, options in Whisper.heard] == [None, "de"]


def test_words_heard_in_two_pieces_are_joined(engine):
    found = hear(
        engine,
        (" ten", 0.1, 0.3, 0.9),
        ("-minute", 0.3, 0.6, 0.4),
        (" walk", 0.7, 0.9, 0.95),
        ("s", 0.9, 1.0, 0.9),
        (" ", 1.0, 1.1, 0.1),
        (" home", 1.1, 1.4, 0.9),
    )
    assert [(w.text, w.start, w.end, w.probability) for w in found] == [
        ("ten-minute", 0.1, 0.6, 0.4),
        ("walks", 0.7, 1.0, 0.9),
        ("home", 1.1, 1.4, 0.9),
    ]
    assert [w.marks for w in found] == [(LOW_CONFIDENCE,), (), ()]


def test_a_piece_of_text_may_begin_without_a_blank_or_be_empty(engine):
    Whisper.pieces = [([("Yes", 0, 1, 0.9)], 1.0), ([], 1.0), ([(" no", 1, 2, 0.9)], 1.0)]
    heard = engine.hear(np.zeros(3 * SAMPLE_RATE, dtype=np.float32), 0.0, [Stretch(0, 3)])
    assert [w.text for w in heard.words] == ["Yes", "no"]


def test_unsure_words_are_marked_and_kept(engine):
    found = hear(engine, (" sure", 0, 1, 0.5), (" unsure", 1, 2, 0.49))
    assert [(w.text, w.marks) for w in found] == [("sure", ()), ("unsure", (LOW_CONFIDENCE,))]


def test_a_loop_is_marked_and_kept(engine):
    text = "and then I said " * 3 + "well"
    found = hear(engine, *((f" {w}", i / 2, i / 2 + 0.4, 0.9) for i, w in enumerate(text.split())))
    assert len(found) == 13
    assert [REPEATED in w.marks for w in found] == [True] * 12 + [False]
    dense = hear(engine, (" odd", 0, 1, 0.9), (" text", 1, 2, 0.9), ratio=2.5)
    assert [w.marks for w in dense] == [(REPEATED,)] * 2


def test_times_lead_back_over_the_silence_that_was_left_out(engine):
    speech = (Stretch(100.0, 101.0), Stretch(110.0, 112.0))
    found = hear(
        engine,
        (" first", 0.2, 0.6, 0.9),
        (" across", 0.9, 1.4, 0.9),
        (" next", 1.5, 2.0, 0.9),
        (" last", 2.6, 3.4, 0.9),
        speech=speech,
    )
    assert len(Whisper.heard[0][0]) == 3 * SAMPLE_RATE
    times = [(w.text, round(w.start or 0, 3), round(w.end or 0, 3)) for w in found]
    # A word across the seam lies in the stretch that holds its middle; none reaches past the speech.
    assert times == [
        ("first", 100.2, 100.6),
        ("across", 110.0, 110.4),
        ("next", 110.5, 111.0),
        ("last", 111.6, 112.0),
    ]


def test_no_speech_needs_no_model(engine):
    assert engine.hear(np.zeros(0, dtype=np.float32), 0.0, []).words == ()
    assert Whisper.made == []


def test_speech_shorter_than_a_sample_is_not_heard(engine):
    heard = engine.hear(np.zeros(0, dtype=np.float32), 300.0, [Stretch(300.0, 300.00001)])
    assert (heard.words, heard.language) == ((), "")
    assert Whisper.heard == []


def test_a_folder_without_a_model_is_refused(engine, tmp_path):
    (tmp_path / "model.bin").unlink()
    with pytest.raises(
        TapeError, match=r"holds no model.bin\. Give the folder .*bordin model add whisper-base"
    ):
        hear(engine, (" a", 0, 1, 1))
    assert Whisper.made == []


def test_an_unknown_language_is_refused_with_the_next_step(engine, tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise ValueError("'xq' is not a valid language code (accepted language codes: af, am, ...)")

    monkeypatch.setattr(Whisper, "transcribe", refuse)
    with pytest.raises(TapeError, match="'xq' is no language that this model knows"):
        hear(FasterWhisper(tmp_path, language="xq"), (" a", 0, 1, 1))
    # Another fault stays what it is.
    with pytest.raises(ValueError, match="not a valid language"):
        hear(FasterWhisper(tmp_path), (" a", 0, 1, 1))


def test_facts_hold_all_that_words_rest_on(engine, tmp_path):
    facts = FasterWhisper(tmp_path, name="base", hashes={"model.bin": "1"}, language="en").facts()
    assert (facts.stage, facts.engine, facts.model) == (
        "recognition",
        "faster-whisper base",
        {"model.bin": "1"},
    )
    assert facts.parameters == {"beam": 5, "language": "en", "glossary": []}
    assert "ctranslate2" in facts.version
    assert str(tmp_path) not in repr(facts)


# ---------------------------------------------------------------- loops


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("no no no no", ""),
        ("No, no no no. No!", "No, no no no. No!"),
        ("you know you know you know it", "you know you know you know"),
        ("you know you know it", ""),
        ("it was that it was that it was That. so", "it was that it was that it was That."),
        ("a b c d e a b c d e a b c d e", ""),
        ("", ""),
    ],
)
def test_what_counts_as_a_loop(text, marked):
    words = [Word(w) for w in text.split()]
    found = loops_marked(words)
    assert [w.text for w in found] == text.split()
    assert " ".join(w.text for w in found if REPEATED in w.marks) == marked


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=30))
def test_marking_loops_loses_no_word(texts):
    assert [w.text for w in loops_marked([Word(t) for t in texts])] == texts


# ---------------------------------------------------------------- joined speech

speech_of = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40)), min_size=1, max_size=6)


@given(speech_of, st.integers(0, 50), st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_a_sample_is_found_again_at_its_place_on_the_tape(gaps, first, shares):
    speech, at = [], first / 10
    begin = at
    for gap, length in gaps:
        speech.append(Stretch(at + gap / 10, at + (gap + length) / 10))
        at = speech[-1].end
    samples = np.arange(round((at - begin) * SAMPLE_RATE), dtype=np.float32)
    joined, places = joined_speech(samples, begin, speech)
    assert len(joined) / SAMPLE_RATE == pytest.approx(sum(s.seconds for s in speech), abs=1e-3)
    low, high = sorted(s * len(joined) / SAMPLE_RATE for s in shares)
    [word] = on_tape([Word("x", low, high)], places)
    assert word.start is not None
    assert word.end is not None
    assert word.start <= word.end
    assert any(s.start - 1e-6 <= word.start and word.end <= s.end + 1e-6 for s in speech)
    middle = (low + high) / 2
    sample = joined[min(int(middle * SAMPLE_RATE), len(joined) - 1)]
    if high - low < 1e-9:
        assert word.start == pytest.approx(begin + sample / SAMPLE_RATE, abs=2 / SAMPLE_RATE)
