"""Finding the names of the study's dictionary in the turns of a transcript."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bordin.tapes.deidentification.dictionary import Dictionary, Entry
from bordin.tapes.deidentification.ordinary_words import ORDINARY
from bordin.tapes.deidentification.shapes import DICTIONARY, PERSON, Proposal, proposal_at
from bordin.tapes.deidentification.spelling import distance, folded, limit, shortened, sound, written_out
from bordin.tapes.deidentification.turn_text import Piece, pieces
from bordin.tapes.shapes import Transcript

# How sure a find is; an order for the reviewer, not a probability.
SURE, PART, JOINED, NEAR, SOUNDS = 0.95, 0.75, 0.7, 0.6, 0.45
AT_SENTENCE_START, SMALL, PLURAL = 0.1, 0.35, 0.1
LEAST = 0.2
LEAST_JOINED = 6
LEAST_SMALL = 6
LEAST_SOUND = 3
MOST_PIECES = 8

# Titles and small words of family names, which alone name nobody.
_NOT_ALONE_TEXT = (
    "mr mrs ms miss mx dr doctor prof professor sir lady lord sister brother aunt uncle "
    "von van der den dem del della des the and"
)
_NOT_ALONE = frozenset(_NOT_ALONE_TEXT.split())
_ENDING = re.compile(r"^(.+)['\N{RIGHT SINGLE QUOTATION MARK}](?:s|d|ll|ve|re|m)$", re.IGNORECASE)
_RUN = re.compile(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W_]+)*")


@dataclass(frozen=True)
class _Name:
    """One spelling as it is looked for: its parts, and whether it is only a part of an entry."""

    parts: tuple[str, ...]
    entry: Entry
    part: bool = False

    @property
    def key(self) -> str:
        return "".join(self.parts)


@dataclass(frozen=True)
class _Found:
    """One find: from which piece to which, and how sure."""

    first: int
    last: int
    name: _Name
    confidence: float
    reason: str


@dataclass(frozen=True)
class _Index:
    """The names by how they are looked up."""

    exact: dict[tuple[str, ...], _Name]
    joined: dict[str, _Name]
    near: dict[tuple[int, str], tuple[_Name, ...]]
    sounds: dict[str, tuple[_Name, ...]]
    longest: int


def find_names(transcript: Transcript, dictionary: Dictionary) -> tuple[Proposal, ...]:
    """Propose what the dictionary names.

    Parameters
    ----------
    transcript : Transcript
    dictionary : Dictionary

    Returns
    -------
    tuple of Proposal
        By place. Whole words only; capital and small letters, diacritics and apostrophes do not matter. An
        ending ('s, plural s) may follow. Spellings with a few other letters, or a like sound, come with less
        confidence, and never for names under four letters. A reason names the row, never the name.
    """
    index = _index(dictionary.entries)
    if not index.exact:
        return ()
    cased = _has_case(transcript)
    found = []
    for turn, content in enumerate(transcript.turns):
        runs = pieces(content)
        for one in _longest(_in_turn(runs, index, cased)):
            first, last = runs[one.first], runs[one.last]
            if first is None or last is None:
                continue
            place = (turn, first.word, last.word)
            proposal = proposal_at(
                transcript, place, one.name.entry.kind, DICTIONARY, one.confidence, one.reason
            )
            entry = one.name.entry
            found.append(replace(proposal, replacement=entry.replacement, entry=entry.line))
    return tuple(found)


def labels_with_names(transcript: Transcript, dictionary: Dictionary) -> tuple[str, ...]:
    """Say which speaker labels hold a name of the dictionary, without repeating the name.

    Labels are not words, so :func:`~bordin.tapes.deidentification.apply` leaves them as they are.
    """
    index = _index(dictionary.entries)
    hints = []
    for number, label in enumerate(transcript.speakers, start=1):
        runs = [_forms(run[0])[0][0] for run in _RUN.finditer(label)]
        windows = ((a, b) for a in range(len(runs)) for b in range(a + 1, len(runs) + 1))
        hit = next((index.exact[key] for a, b in windows if (key := tuple(runs[a:b])) in index.exact), None)
        if hit is not None:
            hints.append(
                f"The label of speaker {number} holds a name of the dictionary (row {hit.entry.line}). "
                "Name speakers by role before you pass the transcript on."
            )
    return tuple(hints)


def _index(entries: Sequence[Entry]) -> _Index:
    """Prepare the names; a whole entry comes before the part of another."""
    whole, parts = [], []
    for entry in entries:
        for spelling in entry.spellings:
            runs = _RUN.findall(spelling)
            for way in (folded, written_out):
                names = tuple(way(run) for run in runs)
                whole.append(_Name(names, entry))
                if entry.kind == PERSON and len(names) > 1:
                    parts += [_Name((n,), entry, True) for n in names if len(n) > 2 and n not in _NOT_ALONE]
    exact: dict[tuple[str, ...], _Name] = {}
    joined: dict[str, _Name] = {}
    near: dict[tuple[int, str], list[_Name]] = {}
    sounds: dict[str, list[_Name]] = {}
    for name in (*whole, *parts):
        if not all(name.parts) or name.parts in exact:
            continue
        exact[name.parts] = name
        joined.setdefault(name.key, name)
        for key in shortened(name.key, limit(len(name.key))) if limit(len(name.key)) else ():
            near.setdefault((len(name.parts), key), []).append(name)
        heard = sound(name.key)
        if len(name.parts) == 1 and len(heard) >= LEAST_SOUND:
            sounds.setdefault(heard, []).append(name)
    longest = min(MOST_PIECES, 1 + max((len(n) for n in exact), default=0))
    return _Index(
        exact,
        joined,
        {k: tuple(v) for k, v in near.items()},
        {k: tuple(v) for k, v in sounds.items()},
        longest,
    )


def _has_case(transcript: Transcript) -> bool:
    """Say whether capitals tell anything: a transcript in small letters or in capitals has none that do."""
    words = [w.text.strip("\"'([") for w in transcript.words]
    capital = any(
        w[:1].isupper() and not w.startswith(("I'", "I\N{RIGHT SINGLE QUOTATION MARK}"))
        for w in words
        if len(w) > 1
    )
    return capital and any(w[:1].islower() for w in words)


def _forms(run: str) -> list[tuple[str, str]]:
    """Return the spellings under which a heard word is looked up, each with what was taken off."""
    ending = _ENDING.match(run)
    key = folded(run)
    forms = [(folded(ending[1]), "")] if ending else []
    forms.append((key, ""))
    if not ending and key.endswith("s") and len(key) > 3:
        forms.append((key[:-1], "plural"))
        if key.endswith("es"):
            forms.append((key[:-2], "plural"))
    return forms


def _in_turn(runs: Sequence[Piece | None], index: _Index, cased: bool) -> Iterator[_Found]:
    """Yield all finds of a turn, overlapping ones too."""
    forms = [_forms(run.text) if run else [] for run in runs]
    for first, run in enumerate(runs):
        if run is None:
            continue
        for last in range(first, min(first + index.longest, len(runs))):
            window = [r for r in runs[first : last + 1] if r is not None]
            if len(window) < last - first + 1:
                break
            stems = tuple(f[0][0] for f in forms[first:last])
            whole = tuple(folded(w.text) for w in window[:-1])
            for before in dict.fromkeys((stems, whole)):
                for key, ending in forms[last]:
                    yield from _window((first, last), window, ((*before, key), ending), index, cased)


def _window(
    place: tuple[int, int],
    window: Sequence[Piece],
    heard: tuple[tuple[str, ...], str],
    index: _Index,
    cased: bool,
) -> Iterator[_Found]:
    """Yield what some pieces in a row may be."""
    parts, ending = heard
    key = "".join(parts)
    name = index.exact.get(parts)
    if name is not None:
        confidence, why = (PART, "part of a name of") if name.part else (SURE, "in")
        yield from _judged(place, window, name, (confidence, why, ending), cased)
        return
    name = index.joined.get(key)
    if name is not None and len(key) >= LEAST_JOINED and not name.part:
        yield from _judged(place, window, name, (JOINED, "parted otherwise than in", ending), cased)
        return
    if ending or (len(parts) == 1 and (key in ORDINARY or key.isdigit())):
        return
    for name in _near(parts, index):
        confidence = NEAR if not name.part else NEAR - 0.1
        yield from _judged(place, window, name, (confidence, "spelled nearly as in", ""), cased)
    if len(parts) == 1 and (window[0].text[:1].isupper() or not cased):
        for name in index.sounds.get(sound(key), ()):
            if distance(key, name.key, limit(len(name.key))) > limit(len(name.key)) and _alike(key, name.key):
                yield from _judged(place, window, name, (SOUNDS, "may sound as in", ""), cased)


def _alike(a: str, b: str) -> bool:
    """Say whether two spellings of one sound still share half their letters."""
    most = max(len(a), len(b)) // 2
    return min(len(a), len(b)) >= 4 and distance(a, b, most) <= most


def _near(parts: tuple[str, ...], index: _Index) -> Iterator[_Name]:
    """Yield names of as many parts, each of which is off by no more letters than its length allows."""
    key = "".join(parts)
    if len(key) < 4:
        return
    seen = set()
    for short in shortened(key, limit(len(key))):
        for name in index.near.get((len(parts), short), ()):
            if name.parts in seen:
                continue
            seen.add(name.parts)
            most = limit(len(name.key))
            fits = all(
                distance(a, b, limit(len(b))) <= limit(min(len(a), len(b))) if a != b else True
                for a, b in zip(parts, name.parts, strict=True)
            )
            if fits and distance(key, name.key, most) <= most:
                yield name


def _judged(
    place: tuple[int, int], window: Sequence[Piece], name: _Name, how: tuple[float, str, str], cased: bool
) -> Iterator[_Found]:
    """Weigh a find by how it is written, and say why; what is too weak is left out."""
    confidence, why, ending = how
    loose = confidence < SURE
    heard = folded(window[0].text)
    ordinary = len(window) == 1 and not ORDINARY.isdisjoint((heard, heard.removesuffix("s")))
    reasons = [f"{why} the dictionary (row {name.entry.line})"]
    if ending:
        confidence -= PLURAL
        reasons.append("with an s at its end")
    capital = any(run.text[:1].isupper() for run in window)
    if cased and not capital and any(s[:1].isupper() for s in name.entry.spellings):
        weak = loose and (ordinary or len(name.key) < LEAST_SMALL)
        if weak or (loose and why.startswith("parted") and len(name.key) < 8):
            return
        confidence -= SMALL if len(window) == 1 else 0.15
        if ordinary:
            confidence -= 0.25
        more = "and may be the ordinary word" if ordinary else "here"
        reasons.append(f"written with a small letter {more}")
    elif cased and window[0].opens and len(window) == 1 and (ordinary or loose):
        confidence -= AT_SENTENCE_START + (0.2 if ordinary else 0.0)
        more = ", and may be the ordinary word" if ordinary else ""
        reasons.append(f"at the start of a sentence, where every word has a capital{more}")
    elif not cased:
        confidence -= 0.35 if ordinary else 0.1
        more = "; it may be the ordinary word" if ordinary else ""
        reasons.append(f"this transcript has no capitals to go by{more}")
    yield _Found(*place, name, max(confidence, LEAST), ", ".join(reasons))


def _longest(found: Iterator[_Found]) -> tuple[_Found, ...]:
    """Keep the surest of those in one place, and the longest of those that overlap."""
    taken: list[_Found] = []
    for one in sorted(found, key=lambda f: (-(f.last - f.first), -f.confidence, f.first, f.name.entry.line)):
        if all(one.last < other.first or one.first > other.last for other in taken):
            taken.append(one)
    return tuple(sorted(taken, key=lambda f: f.first))
