"""The main line of a CHAT transcript: words to its signs and back.

Kept: words, punctuation, pauses ``(.)`` and ``(2.3)`` as words of their own, unintelligible and uncertain words with
the mark of low confidence, placeholders. Sounds (``&=...``) become ``[vocalization]``. Left out: codes in square
brackets, signs of overlap and retracing, omitted words; `read_tiers` keeps the line as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bordin.tapes.formats.clock import span_in_milliseconds
from bordin.tapes.shapes import LOW_CONFIDENCE, PLACEHOLDER, VOCALIZATION, Word

BULLET = "\x15"
SOUND = "&=vocalizes"
UNINTELLIGIBLE = ("xxx", "yyy", "www")
_HOLDER = "@z:placeholder"

_TOKEN = re.compile(r"\[[^\]]*\]|[<>]|\x15[^\x15]*\x15|[^\s<>\[\]\x15]+")
_PAUSE = re.compile(r"\((?:\.{1,3}|(?:\d+:)?\d*\.?\d*)\)")
_TERMINATORS = {
    ".": ".", "?": "?", "!": "!", "+...": "\u2026", "+..?": "\u2026?", "+/.": "\u2013", "+//.": "\u2013",
    "+/?": "\u2013?", "+//?": "\u2013?", "+!?": "!?", '+"/.': ":", '+".': ".", "+.": ".",
}  # fmt: skip
_SEPARATORS = (",", ";", ":")
_LINKERS = ('+"', "+^", "+<", "+,", "++", "+\u224b", "+\u2248")
_OVERLAPS = dict.fromkeys(
    map(ord, "\u2308\u2309\u230a\u230b\u2191\u2193\u21d7\u2197\u2192\u2198\u21d8\u2021\u201e")
)
_END = re.compile(r"^(.*?)(\.\.\.|\u2026\??|\u2013\??|!\?|[.?!])([\u201d\u2019\"')]*)$")
_LAST = {"...": "+...", "\u2026": "+...", "\u2026?": "+..?", "\u2013": "+/.", "\u2013?": "+/?", "!?": "+!?"}
# Signs with a meaning of their own in CHAT, which a word cannot hold.
_SIGNS = re.compile(r"[\[\]<>()@&*%^\"|\u2308-\u230b\u2021\u201e]")
_NO_START = re.compile(r"^(?:[+\-0#]+(?=[^\d\s])|[+#]+)")


def words_of_line(text: str) -> tuple[Word, ...]:
    """Read the words of a main line.

    Parameters
    ----------
    text : str
        Without the speaker's code; bullets are skipped.

    Returns
    -------
    tuple of Word
        Empty where the line holds sounds alone.
    """
    words: list[Word] = []
    opened: list[int] = []
    last: int | None = None
    for token in _TOKEN.findall(text):
        if token == "<":
            opened.append(len(words))
            continue
        if token == ">":
            last = opened.pop() if opened else None
            continue
        if token.startswith("[") or token.startswith(BULLET):
            if token == "[?]" and words:
                since = last if last is not None else len(words) - 1
                words[since:] = [w.marked(LOW_CONFIDENCE) for w in words[since:]]
            last = last if token.startswith("[") else None
            continue
        last = None
        _take(words, token)
    return () if all(w.text == VOCALIZATION for w in words) else tuple(words)


def _take(words: list[Word], token: str) -> None:
    end = _TERMINATORS.get(token) or (token if token in _SEPARATORS else None)
    if end is not None:
        if words and words[-1].text != VOCALIZATION and not _PAUSE.fullmatch(words[-1].text):
            words[-1] = Word(words[-1].text + end, marks=words[-1].marks)
        return
    if _PAUSE.fullmatch(token):
        words.append(Word(token))
    elif token.startswith("&="):
        words.append(Word(VOCALIZATION))
    elif token in UNINTELLIGIBLE:
        words.append(Word(token, marks=(LOW_CONFIDENCE,)))
    elif token.endswith(_HOLDER):
        words.append(Word(f"[{token.removesuffix(_HOLDER)}]", marks=(PLACEHOLDER,)))
    elif token not in _LINKERS and not re.match(r"0[^\d.]|0$|&\*", token):
        plain = re.sub(r"@[\w:$&+-]+$", "", re.sub(r"^&[-+~]", "", token)).translate(_OVERLAPS)
        plain = re.sub(r"[()]", "", plain)
        if plain:
            words.append(Word(plain))


def lines_of_words(words: Sequence[Word]) -> list[tuple[str, list[Word]]]:
    """Write a turn's words as main lines, one for each sentence.

    Returns
    -------
    list of (str, list of Word)
        The line, which ends with a terminator, and its words as a line of times can name them.
    """
    if not words:
        return [(f"{SOUND} .", [])]
    lines: list[tuple[str, list[Word]]] = []
    tokens: list[str] = []
    spoken: list[Word] = []
    for word in words:
        token, end = _token(word)
        tokens += token
        if token and not token[0].startswith(("&=", "(")):
            spoken.append(word)
        if end and tokens:
            lines.append((" ".join([*tokens, end]), spoken))
            tokens, spoken = [], []
    if tokens:
        lines.append((" ".join([*tokens, "."]), spoken))
    # Words of signs alone leave nothing that CHAT could hold.
    return lines or [(f"{UNINTELLIGIBLE[0]} .", [])]


def _token(word: Word) -> tuple[list[str], str]:
    """Return a word's tokens, and the terminator where it ends a sentence."""
    if word.text == VOCALIZATION:
        return [SOUND], ""
    if _PAUSE.fullmatch(word.text):
        return [word.text], ""
    if word.text in UNINTELLIGIBLE:
        return [word.text], ""
    text, end, separator = word.text, "", ""
    found = _END.match(text)
    if found and (found[1] or found[2]):
        text, end = found[1] + found[3], _LAST.get(found[2], found[2])
    elif text[-1:] in _SEPARATORS:
        text, separator = text[:-1], text[-1]
    text = _NO_START.sub("", _SIGNS.sub("", text))
    # A mark inside a word would end the line.
    text = re.sub(r"[.?!,;](?=\D|$)", "", text)
    tokens = []
    if text:
        tokens.append(text + (_HOLDER if PLACEHOLDER in word.marks else ""))
        if LOW_CONFIDENCE in word.marks:
            tokens.append("[?]")
    if separator and text:
        tokens.append(separator)
    return tokens, end


def times_line(words: Iterable[Word]) -> str | None:
    """Return the content of a ``%wor`` line; None where a word has no times."""
    parts = []
    for word in words:
        if word.start is None or word.end is None or word.start < 0 or word.end < word.start:
            return None
        text = _token(word)[0][0]
        start, end = span_in_milliseconds(word.start, word.end)
        parts.append(f"{text} {BULLET}{start}_{end}{BULLET}")
    return " ".join([*parts, "."]) if parts else None


def times_of_line(text: str) -> list[tuple[float, float]]:
    """Read the times of a ``%wor`` line, word by word."""
    return [(int(a) / 1000, int(b) / 1000) for a, b in re.findall(r"\x15(\d+)_(\d+)\x15", text)]
