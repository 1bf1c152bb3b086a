"""The process measures of one session, from its turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean, median

from bordin.missing import Missing
from bordin.tapes.measures.definitions import ROLES, Rules, checked_roles, measure_names
from bordin.tapes.measures.floor import Floor, floor_of, joined_stretches, speech_of
from bordin.tapes.shapes import REPEATED, Stretch, Transcript, Turn, Word, union


@dataclass(frozen=True)
class Undefined:
    """Why a measure has no value.

    Attributes
    ----------
    kind : Missing
    note : str
        The reason in words.
    """

    kind: Missing
    note: str


@dataclass(frozen=True)
class Measured:
    """The measures of one session.

    Attributes
    ----------
    values : mapping of str to float
        Those that have a value.
    undefined : mapping of str to Undefined
        Those that have none, with the reason.
    """

    values: Mapping[str, float]
    undefined: Mapping[str, Undefined]

    @property
    def flat(self) -> dict[str, float | None]:
        """All measures in one mapping; None where there is no value."""
        return {**self.values, **dict.fromkeys(self.undefined)}


Found = float | Undefined

_SILENT = Undefined(Missing.NOT_RECORDED, "nobody speaks in this transcript")
_ALONE = Undefined(Missing.NOT_APPLICABLE, "there is only one speaker")


def measure(
    transcript: Transcript, roles: Sequence[str] = ROLES, rules: Rules | None = None
) -> dict[str, float | None]:
    """Take the process measures of a session.

    Parameters
    ----------
    transcript : Transcript
        Its speakers are named by role; a speaker who is none of `roles` counts in what everybody does.
    roles : sequence of str
        Roles that get measures of their own.
    rules : Rules, optional
        The lengths that the definitions rest on.

    Returns
    -------
    dict of str to float or None
        Name, such as ``"talk_share_client"``, to value, in the order of
        :func:`bordin.tapes.measures.measure_names`; None where there is none (see :func:`take_measures`).

    Raises
    ------
    TapeError
        When a role is no short name or stands twice.
    """
    flat = take_measures(transcript, roles, rules).flat
    return {name: flat[name] for name in measure_names(roles)}


def take_measures(
    transcript: Transcript, roles: Sequence[str] = ROLES, rules: Rules | None = None
) -> Measured:
    """Take the process measures of a session, with the reason wherever there is no value.

    Parameters
    ----------
    transcript : Transcript
        Its speakers are named by role.
    roles : sequence of str
    rules : Rules, optional

    Returns
    -------
    Measured
        Definitions and formulas: :data:`bordin.tapes.measures.DEFINITIONS`. Seconds, shares of 1, counts.

    Raises
    ------
    TapeError
        When a role is no short name or stands twice.

    Notes
    -----
    All but the two rates of speech come from the turns, that is from the voice. Recognizers drop
    short words said while the other person speaks, so nothing about backchannels comes from words.
    What the pauses are called follows Heldner and Edlund (2010), doi:10.1016/j.wocn.2010.08.002.

    Validated against pyannote.core 6.1.0 (speech, overlap and silence) and pympi-ling 1.71 (gaps,
    overlaps and pauses) on the turns of a built session and of a drawn one: tests/tapes/test_measures.py.
    """
    chosen = checked_roles(roles)
    taker = _Taker(transcript, chosen, rules or Rules())
    found = taker.session()
    for role in chosen:
        found.update({f"{stem}_{role}": value for stem, value in taker.role(role).items()})
    names = measure_names(chosen)
    return Measured(
        values={n: float(v) for n in names if not isinstance(v := found[n], Undefined)},
        undefined={n: v for n in names if isinstance(v := found[n], Undefined)},
    )


class _Taker:
    """What several measures of one transcript share, worked out once."""

    def __init__(self, transcript: Transcript, roles: tuple[str, ...], rules: Rules) -> None:
        self.roles, self.rules = roles, rules
        self.turns = tuple(t for t in transcript.turns if t.end > t.start)
        self.transcript = Transcript(self.turns, transcript.duration)
        self.speech = {s: speech_of(self.transcript, s) for s in self.transcript.speakers}
        self.all_speech = self.transcript.speech
        self.floor: Floor = floor_of(self.transcript, rules)
        self.span = self.all_speech[-1].end - self.all_speech[0].start if self.turns else 0.0

    def session(self) -> dict[str, Found]:
        """Return the measures of the whole session."""
        if not self.turns:
            return dict.fromkeys((n for n in measure_names(self.roles)), _SILENT)
        spoken = _total(self.all_speech)
        pauses = [s.gap for s in self.floor.steps if s.gap >= self.rules.pause]
        overlaps = self.transcript.overlaps
        alone = len(self.speech) < 2
        return {
            "span_seconds": self.span,
            "talk_ratio": self._ratio(),
            "silence_share": max(0.0, 1.0 - spoken / self.span),
            "all_pauses": len(pauses),
            "all_pause_seconds": fsum(pauses),
            "overlaps": _ALONE if alone else len(overlaps),
            "overlap_seconds": _ALONE if alone else _total(overlaps),
            "overlap_share": _ALONE if alone else _total(overlaps) / spoken,
        }

    def role(self, role: str) -> dict[str, Found]:
        """Return the measures of one speaker, by stem."""
        own = self.speech.get(role)
        if own is None:
            stems = [n.removesuffix(f"_{role}") for n in measure_names((role,)) if n.endswith(f"_{role}")]
            return dict.fromkeys(stems, _SILENT if not self.turns else _nameless(role))
        voiced = joined_stretches(own, self.rules.bridge)
        return {
            "talk_share": self._share(role),
            "speech_seconds": _total(own),
            **self._turns(role),
            **self._changes(role),
            **self._pauses(role),
            "vocalizations_per_minute": 60.0 * len(voiced) / self.span,
            "speech_rate": self._speech_rate(role),
            "articulation_rate": self._articulation_rate(role),
            "first_speech": own[0].start,
            "last_speech": own[-1].end,
        }

    def _absent(self) -> Undefined | None:
        """Say why speakers cannot be held against each other, if they cannot."""
        if len(self.speech) < 2:
            return _ALONE
        return next((_nameless(r) for r in self.roles if r not in self.speech), None)

    def _share(self, role: str) -> Found:
        absent = self._absent()
        if absent is not None:
            return absent
        return _total(self.speech[role]) / fsum(_total(own) for own in self.speech.values())

    def _ratio(self) -> Found:
        absent = self._absent()
        if absent is not None or len(self.roles) != 2:
            return absent or _ALONE
        return _total(self.speech[self.roles[0]]) / _total(self.speech[self.roles[1]])

    def _turns(self, role: str) -> dict[str, Found]:
        lengths = [t.seconds for t in self.floor.turns if t.speaker == role]
        inside = [t.seconds for t in self.floor.inside if t.speaker == role]
        short = sum(s <= self.rules.short for s in inside)
        none = Undefined(Missing.NOT_APPLICABLE, f"no turn of the {role} holds the floor")
        return {
            "turns": len(lengths),
            "turn_mean": fmean(lengths) if lengths else none,
            "turn_median": median(lengths) if lengths else none,
            "backchannels": _ALONE if len(self.speech) < 2 else short,
            "insertions": _ALONE if len(self.speech) < 2 else len(inside) - short,
        }

    def _changes(self, role: str) -> dict[str, Found]:
        if len(self.speech) < 2:
            return dict.fromkeys(("latency", "overlapped_starts", "interruptions"), _ALONE)
        gaps = [s.gap for s in self.floor.steps if s.changes and s.after == role]
        silent = [g for g in gaps if g >= 0]
        none = Undefined(
            Missing.NOT_APPLICABLE, f"no turn of the {role} follows another's turn without overlap"
        )
        return {
            "latency": median(silent) if silent else none,
            "overlapped_starts": len(gaps) - len(silent),
            "interruptions": sum(g < 0 and -g >= self.rules.interruption for g in gaps),
        }

    def _pauses(self, role: str) -> dict[str, Found]:
        steps = [s for s in self.floor.steps if s.after == role and s.gap >= self.rules.pause]
        own = [s.gap for s in steps if not s.changes]
        switching = [s.gap for s in steps if s.changes]
        alone = len(self.speech) < 2
        return {
            "pauses": len(own),
            "pause_seconds": fsum(own),
            "switching_pauses": _ALONE if alone else len(switching),
            "switching_pause_seconds": _ALONE if alone else fsum(switching),
        }

    def _worded(self, role: str) -> tuple[list[Turn], list[Word]]:
        """Return the speaker's turns that have words, and the words that count."""
        turns = [t for t in self.turns if t.speaker == role and t.words]
        return turns, [w for t in turns for w in t.words if REPEATED not in w.marks]

    def _speech_rate(self, role: str) -> Found:
        turns, words = self._worded(role)
        if not turns:
            return Undefined(Missing.NOT_RECORDED, f"the turns of the {role} have no words")
        return 60.0 * len(words) / _total(union((t.start, t.end) for t in turns))

    def _articulation_rate(self, role: str) -> Found:
        turns, words = self._worded(role)
        if not turns:
            return Undefined(Missing.NOT_RECORDED, f"the turns of the {role} have no words")
        timed = [(w.start, w.end) for w in words if w.start is not None and w.end is not None]
        covered = _total(joined_stretches(union(timed), self.rules.bridge))
        if covered <= 0:
            return Undefined(Missing.NOT_RECORDED, f"the words of the {role} have no times")
        return 60.0 * len(timed) / covered


def _nameless(role: str) -> Undefined:
    return Undefined(Missing.NOT_RECORDED, f"no speaker is named {role}")


def _total(stretches: Sequence[Stretch]) -> float:
    """Return the length of all stretches in seconds."""
    return fsum(s.seconds for s in stretches)
