"""What counts as the same word: case, punctuation, hyphens, and in English also numbers.

The rules stand here and nowhere else. They are applied to both transcripts alike, before any word
is compared, and they know no spelling errors, no contractions and no synonyms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bordin.tapes.accuracy.english_numbers import read_number

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u0060\u00b4\uff07\u2032", "'"))
_LETTERS_WITH_DOTS = re.compile(r"\b[^\W\d_](?:\.[^\W\d_])+\b\.?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_LONGEST_BRACKET = 8

# One spelling for sounds that people write in several ways.
_SPELLINGS = {"ok": "okay", "mhm": "mmhmm", "mmhm": "mmhmm"}
_SPELLED_APART = {
    ("mm", "hmm"): "mmhmm",
    ("mm", "hm"): "mmhmm",
    ("m", "hm"): "mmhmm",
    ("uh", "huh"): "uhhuh",
    ("per", "cent"): "percent",
}
_FILLERS = frozenset({"uh", "uhm", "um", "er", "erm"})


@dataclass(frozen=True)
class Normalization:
    """Which rules are applied beside those of every language.

    Attributes
    ----------
    language : str
        ``"en"`` for numbers, ``%`` and a few spellings of English; ``""`` for the rules of every
        language alone.
    fillers : bool
        Whether hesitations (``um``, ``uh``, ``er``) count as words. Listening sounds such as
        ``mm hmm`` always do.
    """

    language: str = "en"
    fillers: bool = True


ENGLISH = Normalization()
ANY_LANGUAGE = Normalization(language="")


@dataclass(frozen=True)
class Token:
    """A normalized word, and the words of the transcript that it was made of.

    Attributes
    ----------
    text : str
        What is compared.
    first, last : int
        Places of its first and its last word among the given ones.
    """

    text: str
    first: int
    last: int


def normalize(words: Sequence[str], rules: Normalization = ENGLISH) -> tuple[Token, ...]:
    """Bring the words of one turn into the form in which they are compared.

    In every language, in this order:

    1. What stands in square brackets is no word: ``[vocalization]``, ``[NAME]``, ``[long pause]``.
    2. Unicode NFKC, then case folding. Signs that cannot be seen (soft hyphen, joiners) are dropped.
    3. All kinds of apostrophe become ``'``. Inside a word it stays (``don't``), at its edges it goes.
    4. Dots between single letters go: ``C.B.T.`` is ``cbt``.
    5. Every other sign of punctuation, hyphens and symbols separate words: ``follow-up`` is two words.

    In English also:

    6. Numbers in words become digits: cardinals and ordinals up to 999,999 (``two hundred and five``
       is ``205``, ``twenty-first`` is ``21st``); ``1,000`` is ``1000``; a decimal point is the word
       ``point``; ``%`` is ``percent``.
    7. One spelling for ``ok``/``okay``, ``mhm``/``mm-hmm``, ``uh-huh``, ``per cent``.
    8. Fillers are dropped where the rules say so.

    Parameters
    ----------
    words : sequence of str
        The words of one turn as they stand, with their punctuation.
    rules : Normalization

    Returns
    -------
    tuple of Token
        May be shorter than `words` (numbers, brackets, lone punctuation) or longer (hyphens).

    Notes
    -----
    Not joined: years and times of day (``nineteen ninety`` is ``19 90``, ``half past two`` stays
    three words) and digits said one by one. A transcript in ``1990`` then differs from one in words.
    """
    tokens: list[Token] = []
    run: list[Token] = []
    english = rules.language == "en"
    for place, word in enumerate(_without_brackets(words)):
        if word is None:
            # What stands in brackets also ends a number.
            tokens += _english(run, rules) if english else run
            run = []
        else:
            run += (Token(text, place, place) for text in _pieces(word, english))
    tokens += _english(run, rules) if english else run
    return tuple(tokens)


def texts(words: Sequence[str], rules: Normalization = ENGLISH) -> list[str]:
    """Return the normalized words alone."""
    return [t.text for t in normalize(words, rules)]


def _without_brackets(words: Sequence[str]) -> list[str | None]:
    """Put None in the place of words inside square brackets; an unclosed bracket is punctuation."""
    kept: list[str | None] = list(words)
    for place, word in enumerate(words):
        if kept[place] is None or not word.lstrip("\"'(").startswith("["):
            continue
        for end in range(place, min(place + _LONGEST_BRACKET, len(words))):
            if "]" in words[end]:
                kept[place : end + 1] = [None] * (end + 1 - place)
                break
    return kept


@lru_cache(maxsize=1 << 14)
def _pieces(word: str, english: bool) -> tuple[str, ...]:
    """Cut one written word into normalized ones."""
    text = unicodedata.normalize(
        "NFKC", unicodedata.normalize("NFKC", word.translate(_APOSTROPHES)).casefold()
    )
    text = text.translate(_APOSTROPHES)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = _LETTERS_WITH_DOTS.sub(lambda m: m[0].replace(".", ""), text)
    if english:
        text = _POINT.sub(" point ", _THOUSANDS.sub("", text)).replace("%", " percent ")
    kept = "".join(c if c == "'" or unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return tuple(piece for piece in (p.strip("'") for p in kept.split()) if piece)


def _english(run: Sequence[Token], rules: Normalization) -> list[Token]:
    """Apply the rules of English to words that follow one another."""
    words = [t.text for t in run]
    found: list[Token] = []
    place = 0
    while place < len(run):
        number = read_number(words, place)
        joined = _SPELLED_APART.get((words[place], words[place + 1])) if place + 1 < len(words) else None
        if number is not None:
            text, end = number.digits, number.end
        elif joined is not None:
            text, end = joined, place + 2
        else:
            text, end = _SPELLINGS.get(words[place], words[place]), place + 1
        if rules.fillers or text not in _FILLERS:
            found.append(Token(text, run[place].first, run[end - 1].last))
        place = end
    return found
