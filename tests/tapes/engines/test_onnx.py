"""The default diarizer on made-up sound, with a made-up segmentation model and made-up embeddings.

`Segmentation` imitates pyannote's segmentation-3.0: 10 s in, 589 frames of log-probabilities of seven classes
out, voices numbered within the window alone. `Extractor` imitates sherpa-onnx: the tone of a stretch, with some
noise, is its vector. What they say rests on the sound alone.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tape_fakes import HERTZ, MadeSound, Spoken, sound_of

from bordin.tapes.accuracy.diarization_error import diarization_error
from bordin.tapes.engines import onnx
from bordin.tapes.engines.onnx import OnnxDiarizer
from bordin.tapes.shapes import Turn

FRAMES, SHIFT, FIELD, RATE = 589, 270, 991, 16_000
CLASSES = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)]


def amplitude(samples: np.ndarray, hertz: float) -> np.ndarray:
    wave = np.exp(-2j * np.pi * hertz * np.arange(samples.shape[-1]) / RATE)
    return 2 * np.abs(samples @ wave) / samples.shape[-1]


class Segmentation:
    """Hears tones as voices.

    With `deaf` it takes both for one, as it does with two people who sound alike. Tone 2 it hears only where
    it lies in `hears_second` of the window, in seconds.
    """

    deaf = False
    hears_second = (0.0, 10.0)

    def __init__(self, *given: object, **more: object) -> None:
        Segmentation.made = (given, more)

    def get_inputs(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(name="input_values")]

    def run(self, outputs: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
        [samples] = given["input_values"]
        assert samples.shape == (1, 10 * RATE)
        assert samples.dtype == np.float32
        places = np.arange(FRAMES)[:, None] * SHIFT + np.arange(FIELD)[None, :]
        fields = samples[0][places]
        speaks = np.stack([amplitude(fields, h) > 0.1 for h in HERTZ], axis=1)
        times = (places[:, 0] + FIELD / 2) / RATE
        speaks[:, 1] &= (times >= self.hears_second[0]) & (times < self.hears_second[1])
        if self.deaf:
            speaks = np.stack([speaks.any(axis=1), np.zeros(FRAMES, dtype=bool)], axis=1)
        # A local voice has the number of its turn within the window, counted from the back: numbers tell nothing.
        first = [int(np.argmax(speaks[:, k])) if speaks[:, k].any() else FRAMES for k in range(2)]
        active = np.zeros((FRAMES, 3), dtype=int)
        for number, k in enumerate(np.argsort(first, kind="stable")):
            active[:, 2 - number] = speaks[:, k]
        chosen = np.array([CLASSES.index(tuple(a)) for a in active.tolist()])
        chances = np.full((FRAMES, 7), 0.01 / 6)
        chances[np.arange(FRAMES), chosen] = 0.99
        return [np.log(chances).astype(np.float32)[None]]


class Extractor:
    """Takes the tone of a stretch for its voice."""

    noise = 0.1

    def __init__(self, settings: SimpleNamespace) -> None:
        self.settings = settings

    def create_stream(self) -> SimpleNamespace:
        stream = SimpleNamespace(samples=None, ended=False)
        stream.accept_waveform = lambda rate, samples: setattr(stream, "samples", (rate, samples))
        stream.input_finished = lambda: setattr(stream, "ended", True)
        return stream

    def compute(self, stream: SimpleNamespace) -> list[float]:
        rate, samples = stream.samples
        assert (rate, stream.ended) == (RATE, True)
        tones = [float(amplitude(np.asarray(samples, dtype=float), h)) for h in HERTZ]
        chance = np.random.default_rng(len(samples)).normal(0, self.noise, 14)
        return [*(np.array(tones) / 0.3), *chance.tolist()]


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, sherpa = ModuleType("onnxruntime"), ModuleType("sherpa_onnx")
    runtime.SessionOptions = SimpleNamespace  # type: ignore[attr-defined]
    runtime.InferenceSession = Segmentation  # type: ignore[attr-defined]
    sherpa.SpeakerEmbeddingExtractorConfig = SimpleNamespace  # type: ignore[attr-defined]
    sherpa.SpeakerEmbeddingExtractor = Extractor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    monkeypatch.setitem(sys.modules, "sherpa_onnx", sherpa)
    monkeypatch.setattr(Segmentation, "deaf", False)
    monkeypatch.setattr(Segmentation, "hears_second", (0.0, 10.0))


def found(spoken: Spoken, seconds: float, speakers: int = 2) -> tuple[Turn, ...]:
    diarizer = OnnxDiarizer("segmentation.onnx", "embedding.onnx")
    return diarizer.diarize(MadeSound(sound_of(spoken, seconds)), speakers=speakers, tell=lambda _: None)


def near(turns: tuple[Turn, ...], spoken: Spoken, within: float = 0.06) -> None:
    """Check that turns are those spoken, in the order of their start."""
    wanted = [(f"S{who + 1}", start, end) for who, start, end in spoken]
    assert [t.speaker for t in turns] == [w for w, _, _ in wanted]
    for t, (_, start, end) in zip(turns, wanted, strict=True):
        assert (t.start, t.end) == (pytest.approx(start, abs=within), pytest.approx(end, abs=within))


TALK = [(0, 0.5, 6.0), (1, 6.5, 9.0), (0, 9.6, 14.0), (1, 13.2, 19.0), (0, 19.5, 23.0)]


def test_known_turns_are_found_with_their_overlap():
    turns = found(TALK, 24.0)
    near(turns, TALK)
    score = diarization_error([Turn(f"S{w + 1}", a, b) for w, a, b in TALK], turns)
    assert score.confusion == 0.0


@pytest.mark.parametrize("seconds", [3.0, 10.0, 10.1, 12.4])
def test_tapes_of_any_length(seconds):
    near(found([(0, 0.5, seconds - 0.5)], seconds, 1), [(0, 0.5, seconds - 0.5)])


def test_talk_from_the_first_to_the_last_sample():
    turns = found([(0, 0.0, 12.0)], 12.0, 1)
    assert [(t.speaker, t.start) for t in turns] == [("S1", 0.0)]
    assert turns[0].end == pytest.approx(12.0, abs=0.06)
    assert turns[0].end <= 12.0


def test_silence_has_no_turns():
    assert found([], 12.0) == ()
    assert found([], 0.4) == ()


def test_a_number_is_found_out_or_kept():
    assert {t.speaker for t in found(TALK, 24.0, 0)} == {"S1", "S2"}
    assert {t.speaker for t in found(TALK, 24.0, 1)} == {"S1"}


def test_sounds_too_short_to_tell_apart_are_one_speaker():
    turns = found([(0, 1.0, 1.3), (1, 5.0, 5.3)], 8.0)
    assert [t.speaker for t in turns] == ["S1", "S1"]


def test_two_people_who_sound_alike_are_told_apart_by_what_they_say_alone(monkeypatch):
    """The trap: the segmentation model takes both for one voice, in every window."""
    monkeypatch.setattr(Segmentation, "deaf", True)
    spoken = [(0, 0.5, 5.0), (1, 5.5, 9.0), (0, 9.5, 13.5), (1, 14.0, 18.0), (0, 18.5, 22.0)]
    near(found(spoken, 23.0), spoken, within=0.15)


def test_a_faint_answer_within_the_others_talk_is_kept(monkeypatch):
    answer = (1, 13.55, 13.95)
    spoken = [(0, 0.5, 20.0), (1, 21.0, 25.0), (0, 25.5, 29.0)]
    sound = [spoken[0], answer, *spoken[1:]]
    near(found(sound, 30.0), sound, within=0.1)
    # Of the four windows that hold it one hears it: too few votes, were it not for the talk around it.
    monkeypatch.setattr(Segmentation, "hears_second", (5.0, 7.5))
    heard = found(sound, 30.0)
    assert any(t.speaker == "S2" and 13 < t.start < 14 and t.seconds < 0.7 for t in heard)
    monkeypatch.setattr(onnx, "FAINT", 1.1)
    assert not any(t.speaker == "S2" and 13 < t.start < 14 for t in found(sound, 30.0))


def test_a_faint_sound_in_silence_is_not_kept(monkeypatch):
    monkeypatch.setattr(Segmentation, "hears_second", (5.0, 7.5))
    alone = [(0, 0.5, 10.0), (1, 13.55, 13.95), (0, 16.0, 20.0), (1, 21.0, 25.0)]
    assert not any(13 < t.start < 14 for t in found(alone, 30.0))


def test_short_gaps_are_closed_and_clicks_left_out():
    near(found([(0, 0.5, 3.0), (0, 3.2, 6.0)], 7.0, 1), [(0, 0.5, 6.0)])
    near(found([(0, 0.5, 3.0), (0, 3.5, 6.0)], 7.0, 1), [(0, 0.5, 3.0), (0, 3.5, 6.0)])
    near(found([(0, 0.5, 3.0), (0, 5.0, 5.05)], 7.0, 1), [(0, 0.5, 3.0)])


def test_the_same_sound_gives_the_same_turns():
    assert found(TALK, 24.0) == found(TALK, 24.0)


def test_progress_and_memory():
    told: list[float] = []
    sound = MadeSound(sound_of(TALK, 24.0))
    OnnxDiarizer("s", "e").diarize(sound, speakers=2, tell=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert sound.most == 10 * RATE


def test_the_models_are_opened_with_the_threads_given_and_on_the_processor(monkeypatch):
    OnnxDiarizer("seg.onnx", "e", threads=3)._load()
    (file, options), more = Segmentation.made
    assert file == "seg.onnx"
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 1)
    assert more == {"providers": ["CPUExecutionProvider"]}


def test_facts_name_models_by_hash_and_not_by_place():
    facts = OnnxDiarizer(
        "/home/x/a.onnx", "/home/x/b.onnx", hashes={"seg/model.onnx": "1", "e/m.onnx": "2"}
    ).facts()
    assert (facts.stage, facts.engine) == ("diarization", "onnx")
    assert facts.model == {"seg/model.onnx": "1", "e/m.onnx": "2"}
    assert "/home" not in repr(facts)
    assert "onnxruntime" in facts.version
