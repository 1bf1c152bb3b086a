"""Word error: the fewest words that have to be changed, taken out or put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bordin.errors import Problem, TapeError
from bordin.tapes.accuracy.intervals import IntArray

# One number orders the alignments: errors, then substitutions, then words of another speaker.
_SUBSTITUTION = 1 << 20
_ERROR = 1 << 40
ByteArray = npt.NDArray[np.uint8]
MOST_WORDS = 50_000


@dataclass(frozen=True)
class WordError:
    """Counts of words.

    Attributes
    ----------
    words : int
        Words of the reference: the denominator.
    substitutions, deletions, insertions : int
        Words heard as another one, lost, and invented.
    """

    words: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def errors(self) -> int:
        """All three kinds together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """The word error rate; None where the reference has no words. It may exceed 1."""
        return self.errors / self.words if self.words else None


def align(
    hypothesis: Sequence[str],
    reference: Sequence[str],
    hypothesis_speakers: Sequence[str | None] | None = None,
    reference_speakers: Sequence[str] | None = None,
) -> IntArray:
    """Align two rows of words with the fewest errors.

    Often several alignments have the fewest errors. Of these one with the fewest substitutions is
    taken (so with the most words that are right), and of these one with the fewest pairs of words
    from different speakers. So the counts do not hang on the way in which the search is done.

    Parameters
    ----------
    hypothesis, reference : sequence of str
        Words, already normalized; equal words are equal strings.
    hypothesis_speakers, reference_speakers : sequence of str, optional
        Who says each word, in the labels of the reference.

    Returns
    -------
    ndarray of int (k, 2)
        A row a step: place of the word in the hypothesis and in the reference; -1 where there is
        none (a deletion or an insertion).

    Raises
    ------
    TapeError
        When a row has more than 50,000 words.

    References
    ----------
    Wagner and Fischer (1974), doi:10.1145/321796.321811.
    """
    for whose, row in (("hypothesis", hypothesis), ("reference", reference)):
        if len(row) > MOST_WORDS:
            raise TapeError(
                Problem(
                    f"{whose}: {len(row)} words are too many to align; at most {MOST_WORDS} are.",
                    hint="Measure tape by tape, or a corrected sample of each.",
                )
            )
    heard, said = _numbered(hypothesis, reference)
    by, of = _numbered(hypothesis_speakers or (), reference_speakers or ())
    if not (len(by) == len(heard) and len(of) == len(said)):
        by, of = np.zeros(len(heard), dtype=int), np.zeros(len(said), dtype=int)
    diagonal, deletion = _moves(heard, said, by, of)
    return _walked_back(diagonal, deletion, len(heard), len(said))


def word_error(hypothesis: Sequence[str], reference: Sequence[str]) -> WordError:
    """Count the word errors between two rows of words.

    Parameters
    ----------
    hypothesis, reference : sequence of str
        Words, already normalized (:func:`bordin.tapes.accuracy.normalize.normalize`).

    Returns
    -------
    WordError

    Raises
    ------
    TapeError
        When a row has more than 50,000 words.

    References
    ----------
    Wagner and Fischer (1974), doi:10.1145/321796.321811.

    Notes
    -----
    Validated against jiwer 4.0.0 (errors of all kinds) and meeteval 0.4.3 ``siso`` on
    ``accuracy_words.json``. Among alignments with the fewest errors programs choose differently:
    the sum is the same everywhere, its parts are not.
    """
    steps = align(hypothesis, reference)
    both = (steps >= 0).all(axis=1)
    wrong = sum(hypothesis[h] != reference[r] for h, r in steps[both].tolist())
    return WordError(
        words=len(reference),
        substitutions=wrong,
        deletions=int(np.count_nonzero(steps[:, 0] < 0)),
        insertions=int(np.count_nonzero(steps[:, 1] < 0)),
    )


def _numbered(first: Sequence[str | None], second: Sequence[str | None]) -> tuple[IntArray, IntArray]:
    """Give equal strings equal numbers."""
    number: dict[str | None, int] = {}
    rows = [[number.setdefault(word, len(number)) for word in row] for row in (first, second)]
    return np.array(rows[0], dtype=int), np.array(rows[1], dtype=int)


def _moves(
    heard: IntArray, said: IntArray, by: IntArray, of: IntArray
) -> tuple[list[ByteArray], list[ByteArray]]:
    """Return, a row a word of the reference, the last step of the best way to each place, as packed bits.

    Two bits a place: 25 MB for 10,000 by 10,000 words, which take about a second.
    """
    n = len(heard)
    inserted = np.arange(n + 1, dtype=np.int64) * _ERROR
    best = inserted.copy()
    other_speaker = {speaker: by != speaker for speaker in np.unique(of).tolist()}
    diagonals, deletions = [], []
    step = np.empty(n, dtype=np.int64)
    for word, speaker in zip(said.tolist(), of.tolist(), strict=True):
        np.multiply(heard != word, _ERROR + _SUBSTITUTION, out=step)
        step += other_speaker[speaker]
        step += best[:-1]
        deleted = best + _ERROR
        reached = deleted.copy()
        np.minimum(reached[1:], step, out=reached[1:])
        # An insertion costs the same at every place: the best way along the row is a running minimum.
        reached -= inserted
        np.minimum.accumulate(reached, out=reached)
        reached += inserted
        diagonals.append(np.packbits(reached[1:] == step))
        deletions.append(np.packbits(reached == deleted))
        best = reached
    return diagonals, deletions


def _walked_back(diagonals: list[ByteArray], deletions: list[ByteArray], n: int, m: int) -> IntArray:
    """Walk from the end to the start along the best steps."""
    steps: list[tuple[int, int]] = []
    h, r = n, m
    while h or r:
        if h and r and _bit(diagonals[r - 1], h - 1):
            h, r = h - 1, r - 1
            steps.append((h, r))
        elif r and _bit(deletions[r - 1], h):
            r -= 1
            steps.append((-1, r))
        else:
            h -= 1
            steps.append((h, -1))
    return np.array(steps[::-1], dtype=int).reshape(-1, 2)


def _bit(packed: ByteArray, place: int) -> int:
    return int(packed[place >> 3]) >> (7 - (place & 7)) & 1
