"""One speaker a channel: who speaks is told by level, also where a microphone hears the other person too."""

from __future__ import annotations

import numpy as np
import pytest
from tape_fakes import FakeActivity, MadeSound, sound_of

from bordin.errors import TapeError
from bordin.tapes.engines.channels import ChannelDiarizer

TALK = [(0, 0.5, 3.0), (1, 3.5, 6.0), (0, 5.0, 7.5), (1, 8.0, 8.3)]


class Sensitive(FakeActivity):
    """A detector as sensitive as a real one: it also takes the voice from the other microphone for speech."""

    def find(self, sound, tell, channel=None):
        class Louder(MadeSound):
            def __init__(self) -> None:
                self.samples = np.stack([sound.read(0, sound.duration, channel)], 1)
                self.samples = np.clip(self.samples * 50, -1, 1)
                self.most = 0

        return super().find(Louder(), tell, 0)


def diarize(sound: MadeSound, names: tuple[str, ...] = (), tell=lambda _: None):
    diarizer = ChannelDiarizer(names)
    diarizer._activity = Sensitive(least_silence=0.25)  # type: ignore[assignment]
    return diarizer.diarize(sound, speakers=2, tell=tell)


def near(turns, wanted, within=0.12):
    assert [t.speaker for t in turns] == [name for name, _, _ in wanted]
    for t, (_, start, end) in zip(turns, wanted, strict=True):
        assert (t.start, t.end) == (pytest.approx(start, abs=within), pytest.approx(end, abs=within))


WANTED = [("S1", 0.5, 3.0), ("S2", 3.5, 6.0), ("S1", 5.0, 7.5), ("S2", 8.0, 8.3)]


@pytest.mark.parametrize("bleed", [None, -30.0, -20.0, -15.0])
def test_turns_are_found_however_much_reaches_the_other_microphone(bleed):
    near(diarize(MadeSound(sound_of(TALK, 9.0, channels=2, bleed_db=bleed))), WANTED)


def test_without_the_rule_of_levels_the_bleed_would_be_talk(monkeypatch):
    monkeypatch.setattr("bordin.tapes.engines.channels.BLEED_DB", 60.0)
    sound = MadeSound(sound_of([(0, 1.0, 4.0)], 5.0, channels=2, bleed_db=-15.0))
    assert {t.speaker for t in diarize(sound)} == {"S1", "S2"}
    monkeypatch.undo()
    near(diarize(sound), [("S1", 1.0, 4.0)])


def test_turns_bear_the_names_of_the_channels():
    turns = diarize(MadeSound(sound_of(TALK, 9.0, channels=2)), ("client", "therapist"))
    near(turns, [({"S1": "client", "S2": "therapist"}[s], a, b) for s, a, b in WANTED])
    diarizer = ChannelDiarizer(("client", "therapist"))
    assert [diarizer.speaker(0), diarizer.speaker(1)] == ["client", "therapist"]
    assert ChannelDiarizer().speaker(1) == "S2"


def test_short_gaps_are_closed_and_clicks_left_out():
    spoken = [(0, 1.0, 2.0), (0, 2.2, 3.0), (1, 4.0, 4.1)]
    near(diarize(MadeSound(sound_of(spoken, 5.0, channels=2))), [("S1", 1.0, 3.0)])


def test_silence_and_an_end_within_speech():
    assert diarize(MadeSound(sound_of([], 3.0, channels=2))) == ()
    turns = diarize(MadeSound(sound_of([(1, 1.0, 3.0)], 3.0, channels=2)))
    near(turns, [("S2", 1.0, 3.0)])
    assert turns[0].end <= 3.0


def test_a_long_tape_is_read_a_minute_at_a_time():
    sound = MadeSound(sound_of([(0, 1.0, 2.0), (1, 64.0, 66.0)], 70.0, channels=2))
    from bordin.tapes.engines.channels import _levels

    levels = _levels(sound, 1)
    assert sound.most == 60 * 16_000
    assert len(levels) == 3500
    loud = np.flatnonzero(levels > -30) * 0.02
    assert (loud.min(), loud.max()) == (pytest.approx(64.0, abs=0.15), pytest.approx(66.0, abs=0.15))


def test_progress_goes_over_both_channels():
    told: list[float] = []
    diarize(MadeSound(sound_of(TALK, 9.0, channels=2)), tell=told.append)
    assert told == [0.5, 1.0]


@pytest.mark.parametrize(
    ("channels", "names", "told"),
    [
        (1, ("therapist", "client"), r"2 channels are named, but the recording has 1\. Leave out --channels"),
        (2, ("a", "b", "c"), "3 channels are named, but the recording has 2"),
        (1, (), r"needs two channels, and the recording has one\. .*--diarizer onnx"),
    ],
)
def test_another_number_of_channels_is_refused(channels, names, told):
    with pytest.raises(TapeError, match=told):
        diarize(MadeSound(np.zeros((16_000, channels), dtype=np.int16)), names)


def test_facts_hold_names_and_parameters():
    facts = ChannelDiarizer(("a", "b")).facts()
    assert facts.parameters["names"] == ["a", "b"]
    assert facts.parameters["bleed_db"] == 10.0
    assert facts.parameters["threshold"] == 0.5
