"""Short listening turns ("mm hmm", "right"): recognizers lose them first, and alliance research needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bordin.tapes.accuracy.intervals import IntArray
from bordin.tapes.accuracy.normalize import ANY_LANGUAGE, texts
from bordin.tapes.accuracy.spoken import Spoken, by_start
from bordin.tapes.shapes import Stretch, Turn

MOST_WORDS = 2
LONGEST_SECONDS = 1.0
# Times of words are estimates.
TOLERANCE = 0.25


@dataclass(frozen=True)
class Backchannels:
    """Counts of the reference's turns of one or two words that are shorter than a second.

    Attributes
    ----------
    as_words : int
        The right speaker has words there that belong to no other turn.
    as_vocalization : int
        Not so, but the right speaker has a turn without words there.
    lost : int
        Neither.
    """

    as_words: int = 0
    as_vocalization: int = 0
    lost: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.as_words + self.as_vocalization + self.lost

    def __add__(self, other: Backchannels) -> Backchannels:
        return Backchannels(
            self.as_words + other.as_words,
            self.as_vocalization + other.as_vocalization,
            self.lost + other.lost,
        )


def count_backchannels(
    hypothesis: Sequence[Turn],
    reference: Sequence[Turn],
    *,
    heard: Sequence[Spoken],
    said: Sequence[Spoken],
    steps: IntArray,
    mapping: Mapping[str, str],
    scored: Sequence[Stretch] | None = None,
) -> Backchannels:
    """Count which backchannels of the reference are left in the hypothesis.

    A word of the hypothesis stands for a backchannel when the right speaker says it within 0.25 s of
    it and when it is not aligned with a word of another turn of that speaker, nor with the same word of
    anybody's other turn. Which word it is does not matter.

    Parameters
    ----------
    hypothesis, reference : sequence of Turn
    heard, said : sequence of Spoken
        The words of both (:func:`bordin.tapes.accuracy.spoken.spoken_words`).
    steps : ndarray of int (k, 2)
        Their alignment (:func:`bordin.tapes.accuracy.word_error.align`).
    mapping : mapping of str to str
        Speaker of the hypothesis to speaker of the reference.
    scored : sequence of Stretch, optional
        A backchannel counts when its middle lies in one of them.

    Returns
    -------
    Backchannels
    """
    n_words: dict[int, int] = {}
    for word in said:
        n_words[word.turn] = n_words.get(word.turn, 0) + 1
    belongs = {
        h: said[r].turn
        for h, r in steps.tolist()
        if h >= 0
        and r >= 0
        and (heard[h].text == said[r].text or mapping.get(heard[h].speaker) == said[r].speaker)
    }
    sounds = [t for t in hypothesis if not texts([w.text for w in t.words], ANY_LANGUAGE)]
    as_words = as_vocalization = lost = 0
    for place, turn in enumerate(by_start(reference)):
        if not 1 <= n_words.get(place, 0) <= MOST_WORDS or not turn.seconds < LONGEST_SECONDS:
            continue
        middle = (turn.start + turn.end) / 2
        if scored is not None and not any(s.start <= middle < s.end for s in scored):
            continue
        if any(
            mapping.get(word.speaker) == turn.speaker
            and belongs.get(h, place) == place
            and word.start < turn.end + TOLERANCE
            and turn.start - TOLERANCE < word.end
            for h, word in enumerate(heard)
        ):
            as_words += 1
        elif any(
            mapping.get(t.speaker) == turn.speaker and t.start < turn.end and turn.start < t.end
            for t in sounds
        ):
            as_vocalization += 1
        else:
            lost += 1
    return Backchannels(as_words, as_vocalization, lost)
