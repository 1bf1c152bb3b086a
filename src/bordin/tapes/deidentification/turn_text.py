"""The text of one turn, with the way back from letters to words."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from bordin.tapes.shapes import PLACEHOLDER, Turn

# Stands for a placeholder that is there already: no letter, no digit, no sign of any pattern.
HIDDEN = "\N{BLACK VERTICAL RECTANGLE}"
_PIECE = re.compile(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W_]+)*")
_SIGNS = str.maketrans(
    {
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{EN DASH}": "-",
        "\N{NO-BREAK SPACE}": " ",
    }
)
_SENTENCE_END = (".", "?", "!", "…", ":", '."', '?"', '!"')


@dataclass(frozen=True)
class Piece:
    """A run of letters and digits in a word: ``Anna-Maria`` has two.

    Attributes
    ----------
    text : str
    word : int
        Index of its word in the turn.
    opens : bool
        Whether a sentence begins with it.
    """

    text: str
    word: int
    opens: bool


@dataclass(frozen=True)
class TurnText:
    """A turn's words in one line.

    Attributes
    ----------
    text : str
        Words with one blank between them; a placeholder is one sign that no pattern matches.
    starts : tuple of int
        Where each word begins in it.
    """

    text: str
    starts: tuple[int, ...]

    def words(self, start: int, end: int) -> tuple[int, int]:
        """Return the first and last word that the letters ``[start, end)`` touch."""
        return bisect_right(self.starts, start) - 1, bisect_right(self.starts, max(start, end - 1)) - 1


def turn_text(turn: Turn) -> TurnText:
    """Return the text of a turn. Typographic signs are made plain; the number of letters stays."""
    words = [HIDDEN if PLACEHOLDER in w.marks else w.text.translate(_SIGNS) for w in turn.words]
    starts, at = [], 0
    for word in words:
        starts.append(at)
        at += len(word) + 1
    return TurnText(" ".join(words), tuple(starts))


def pieces(turn: Turn) -> tuple[Piece | None, ...]:
    """Return the runs of letters and digits of a turn; None where a placeholder stands, which no name crosses."""
    found: list[Piece | None] = []
    opens = True
    for index, word in enumerate(turn.words):
        if PLACEHOLDER in word.marks:
            found.append(None)
        else:
            for run in _PIECE.finditer(word.text):
                found.append(Piece(run[0], index, opens))
                opens = False
        opens = word.text.endswith(_SENTENCE_END) or (opens and not word.text[:1].isalnum())
    return tuple(found)
