"""Words and turns put together: who said which word, and what was voice without words.

Turn times come from the voice, word times from the recognizer; both are kept as they are. Only the
choice of speaker for words near a change of speaker is mended: a sentence seldom changes its speaker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bordin.tapes.shapes import PAUSE_SECONDS, UNCERTAIN_SPEAKER, Turn, Word, union

# A word this near to the other person's voice may be theirs.
NEAR = 0.3
# How far a change of speaker may be moved to the end of a sentence.
SNAP_SECONDS = 1.0
SNAP_WORDS = 3
# Words that lie further than this from any voice make a turn of their own.
LOST = 1.0
# A voice inside the other's turn that has no words for this long is a sound of its own.
LISTENING = 0.45
SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")


def merge(turns: Sequence[Turn], words: Sequence[Word]) -> tuple[Turn, ...]:
    """Give words to the turns of those who spoke.

    Parameters
    ----------
    turns : sequence of Turn
        From diarization: without words, of different speakers possibly at once.
    words : sequence of Word
        From recognition, all with times.

    Returns
    -------
    tuple of Turn
        By start. A turn that received no word is a vocalization. Words near the other speaker's voice
        are marked as uncertain. No word is lost: words far from every voice form a turn of their own.
    """
    joined = join_turns(turns)
    ordered = sorted(words, key=lambda w: (w.start or 0.0, w.end or 0.0))
    if not joined:
        return _without_voice(ordered)
    voices = [_Voice(s, joined) for s in dict.fromkeys(t.speaker for t in joined)]
    speakers = [_speaker(w, voices) for w in ordered]
    speakers = _snapped(ordered, speakers)
    return _filled(joined, ordered, speakers, voices)


def by_speaker(turns: Sequence[Turn], words: Sequence[Word], speakers: Sequence[str]) -> tuple[Turn, ...]:
    """Give words to turns where the speaker of each word is known, as with one channel a speaker.

    Parameters
    ----------
    turns, words
        As for :func:`merge`.
    speakers : sequence of str
        Of each word.
    """
    joined = join_turns(turns)
    order = sorted(range(len(words)), key=lambda i: (words[i].start or 0.0, words[i].end or 0.0))
    return _filled(joined, [words[i] for i in order], [speakers[i] for i in order], ())


def join_turns(turns: Sequence[Turn]) -> list[Turn]:
    """Join stretches of one speaker that only a pause under two seconds parts, if nobody speaks in it."""
    ordered = sorted(turns, key=_place)
    joined: list[Turn] = []
    last: dict[str, int] = {}
    for t in ordered:
        i = last.get(t.speaker)
        if i is not None and t.start - joined[i].end < PAUSE_SECONDS:
            gap = (joined[i].end, t.start)
            others = (o for o in ordered if o.speaker != t.speaker)
            # What touches or overlaps is one turn, whoever else speaks then.
            if gap[1] <= gap[0] or not any(o.start < gap[1] and o.end > gap[0] for o in others):
                joined[i] = replace(joined[i], end=max(joined[i].end, t.end))
                continue
        last[t.speaker] = len(joined)
        joined.append(replace(t, words=()))
    return sorted(joined, key=_place)


def _place(turn: Turn) -> tuple[float, float, str]:
    return turn.start, turn.end, turn.speaker


class _Voice:
    """Where one speaker's voice is heard."""

    def __init__(self, speaker: str, turns: Sequence[Turn]) -> None:
        self.speaker = speaker
        own = union((t.start, t.end) for t in turns if t.speaker == speaker)
        self.starts = np.array([s.start for s in own])
        self.ends = np.array([s.end for s in own])

    def shared(self, start: float, end: float) -> float:
        """Seconds of a stretch in which the voice is heard."""
        return float(np.clip(np.minimum(self.ends, end) - np.maximum(self.starts, start), 0, None).sum())

    def away(self, start: float, end: float) -> float:
        """Seconds from a stretch to the voice; 0 when it is heard in it."""
        gaps = np.maximum(np.maximum(self.starts - end, start - self.ends), 0.0)
        return float(gaps.min()) if len(gaps) else float("inf")

    def around(self, time: float) -> float:
        """For how long the stretch of voice that holds a moment has lasted, 0 when none does."""
        holds = (self.starts <= time) & (time < self.ends)
        return float(time - self.starts[holds].min()) if holds.any() else 0.0


def _times(word: Word) -> tuple[float, float]:
    start = word.start if word.start is not None else 0.0
    end = word.end if word.end is not None else start
    return start, max(end, start + 0.01)


def _speaker(word: Word, voices: Sequence[_Voice]) -> str:
    """Return whose voice covers most of a word; where two do alike, who holds the floor; else the nearest."""
    start, end = _times(word)
    shared = [v.shared(start, end) for v in voices]
    most = max(shared)
    if most > 0:
        alike = [v for v, s in zip(voices, shared, strict=True) if s > 0.8 * most]
        return max(alike, key=lambda v: v.around((start + end) / 2)).speaker
    return min(voices, key=lambda v: v.away(start, end)).speaker


def _snapped(words: Sequence[Word], speakers: Sequence[str]) -> list[str]:
    """Move each change of speaker to the nearest end of a sentence, when one is near."""
    found = list(speakers)
    ends = [i + 1 for i, w in enumerate(words) if w.text.endswith(SENTENCE_ENDS)]
    changes = [i for i in range(1, len(words)) if speakers[i] != speakers[i - 1]]
    before = 0
    for place, change in enumerate(changes):
        after = changes[place + 1] if place + 1 < len(changes) else len(words)
        near = [e for e in ends if before < e < after or e == change]
        near = [e for e in near if abs(e - change) <= SNAP_WORDS and _apart(words, e, change) <= SNAP_SECONDS]
        # The next change stays behind this one: who was heard between the two keeps a word.
        to = before = min(near, key=lambda e: (abs(e - change), e), default=change)
        for i in range(min(to, change), max(to, change)):
            found[i] = speakers[change] if to < change else speakers[change - 1]
    return found


def _apart(words: Sequence[Word], to: int, change: int) -> float:
    """Seconds by which a change of speaker before word `change` would move to before word `to`; pauses count."""
    if to < change:
        return _times(words[change])[0] - _times(words[to])[0]
    return _times(words[to - 1])[1] - _times(words[change - 1])[1] if to > change else 0.0


def _filled(
    turns: list[Turn], words: Sequence[Word], speakers: Sequence[str], voices: Sequence[_Voice]
) -> tuple[Turn, ...]:
    """Put each word into the turn of its speaker that is nearest to it."""
    held: dict[int, list[Word]] = {}
    alone: list[tuple[str, Word]] = []
    own: dict[str, list[int]] = {}
    for i, t in enumerate(turns):
        own.setdefault(t.speaker, []).append(i)
    for word, speaker in zip(words, speakers, strict=True):
        start, end = _times(word)
        near = [v for v in voices if v.speaker != speaker and v.away(start, end) < NEAR]
        marked = word.marked(UNCERTAIN_SPEAKER) if near else word
        distance, i = min(
            ((max(turns[i].start - end, start - turns[i].end), i) for i in own.get(speaker, ())),
            default=(float("inf"), -1),
        )
        if distance > LOST:
            alone.append((speaker, marked.marked(UNCERTAIN_SPEAKER)))
        else:
            held.setdefault(i, []).append(marked)
    whole = [replace(t, words=tuple(held.get(i, ()))) for i, t in enumerate(turns)]
    heard = [part for t in whole for part in _parted(t, whole)]
    return tuple(sorted((*heard, *_alone(alone)), key=_place))


def _parted(turn: Turn, turns: Sequence[Turn]) -> list[Turn]:
    """Part a listening sound ("mm hmm") at the head of a turn from what is said when the other has ended.

    Such a sound begins inside the other's turn and gets no word from the recognizer. Joined with the turn
    that follows it would be lost to a reader.
    """
    if not turn.words:
        return [turn]
    first = min(_times(w)[0] for w in turn.words)
    ends = [o.end for o in turns if o.speaker != turn.speaker and o.start < turn.start < o.end]
    cut = min(max(ends, default=turn.start), first, turn.end)
    if cut - turn.start < LISTENING:
        return [turn]
    return [replace(turn, end=cut, words=()), replace(turn, start=cut)]


def _alone(words: Sequence[tuple[str, Word]]) -> list[Turn]:
    """Make turns of words that lie far from every voice."""
    found: list[Turn] = []
    for speaker, word in words:
        start, end = _times(word)
        if found and found[-1].speaker == speaker and start - found[-1].end < LOST:
            found[-1] = replace(found[-1], end=max(end, found[-1].end), words=(*found[-1].words, word))
        else:
            found.append(Turn(speaker, start, end, (word,)))
    return found


def _without_voice(words: Sequence[Word]) -> tuple[Turn, ...]:
    return tuple(_alone([("S1", w.marked(UNCERTAIN_SPEAKER)) for w in words]))
