"""What each process measure is: its name, unit, definition and formula, in one place.

The page docs/reference/process-measures.md prints these, and the association table takes its
labels from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bordin.errors import Problem, TapeError
from bordin.tapes.shapes import PAUSE_SECONDS

ROLES = ("therapist", "client")
JOIN_SECONDS = PAUSE_SECONDS
BRIDGE_SECONDS = 0.3
SHORT_SECONDS = 1.0
INTERRUPTION_SECONDS = 0.5

Level = Literal["session", "role"]
Unit = Literal["share", "ratio", "count", "s", "per minute", "words per minute"]

_ROLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Rules:
    """The lengths that the definitions rest on, in seconds.

    Attributes
    ----------
    join : float
        Stretches of one speaker closer than this, with nobody between, are one turn.
    pause : float
        A silence of at least this length is a pause; no shorter than `join`.
    bridge : float
        Breaks shorter than this do not end a vocalization.
    short : float
        Longest backchannel.
    interruption : float
        Shortest overlap of an interruption.
    """

    join: float = JOIN_SECONDS
    pause: float = PAUSE_SECONDS
    bridge: float = BRIDGE_SECONDS
    short: float = SHORT_SECONDS
    interruption: float = INTERRUPTION_SECONDS

    def __post_init__(self) -> None:
        if min(self.join, self.bridge, self.short, self.interruption) < 0 or self.pause < self.join:
            raise TapeError(
                Problem(
                    f"process measures: the lengths {self} do not fit together.",
                    hint="None is negative, and pause is at least as long as join.",
                )
            )


@dataclass(frozen=True)
class Measure:
    """One process measure.

    Attributes
    ----------
    name : str
        Stem of the variable: ``talk_share`` gives ``talk_share_client``.
    label : str
        Name in the report.
    unit : str
        share, ratio, count, s, per minute or words per minute.
    level : str
        ``"session"``: one value a session; ``"role"``: one value a session and speaker.
    definition : str
        One sentence.
    formula : str
        The same in symbols, of the page's notation.
    low, high : float or None
        Smallest and greatest possible value.
    """

    name: str
    label: str
    unit: Unit
    level: Level
    definition: str
    formula: str
    low: float | None = 0.0
    high: float | None = None


def _session(
    name: str, label: str, unit: Unit, definition: str, formula: str, high: float | None = None
) -> Measure:
    return Measure(name, label, unit, "session", definition, formula, high=high)


def _role(
    name: str, label: str, unit: Unit, definition: str, formula: str, high: float | None = None
) -> Measure:
    return Measure(name, label, unit, "role", definition, formula, high=high)


_MEASURES = (
    _session(
        "span_seconds",
        "Time from first to last speech",
        "s",
        "Time from the first sound of anybody to the last; what is before and after does not count anywhere.",
        "T = last end − first start",
    ),
    _session(
        "talk_ratio",
        "Talk ratio, therapist to client",
        "ratio",
        "Speech of the first role (therapist) divided by speech of the second (client).",
        "S(therapist) / S(client)",
    ),
    _session(
        "silence_share",
        "Share of silence",
        "share",
        "Share of the time from first to last speech in which nobody speaks.",
        "1 − |U| / T",
        high=1.0,
    ),
    _session(
        "all_pauses",
        "Pauses",
        "count",
        f"Silences of at least {PAUSE_SECONDS:g} s between first and last speech, whoever speaks before and after.",
        f"#(gaps of U ≥ {PAUSE_SECONDS:g} s)",
    ),
    _session("all_pause_seconds", "Time in pauses", "s", "Their lengths added up.", "sum of these gaps"),
    _session(
        "overlaps",
        "Overlaps",
        "count",
        "Stretches in which at least two speakers speak at once.",
        "#(O)",
    ),
    _session("overlap_seconds", "Time in overlap", "s", "Their lengths added up.", "|O|"),
    _session(
        "overlap_share",
        "Share of overlap",
        "share",
        "Share of the time with speech in which at least two speakers speak at once.",
        "|O| / |U|",
        high=1.0,
    ),
    _role(
        "talk_share",
        "Talk share",
        "share",
        "The speaker's speech as a share of everybody's speech; overlap counts for each who speaks, and the "
        "shares of all speakers add up to 1.",
        "S(r) / Σ S",
        high=1.0,
    ),
    _role("speech_seconds", "Speech", "s", "Time in which the speaker speaks.", "S(r)"),
    _role(
        "turns",
        "Turns",
        "count",
        f"Turns that hold the floor: stretches of the speaker less than {JOIN_SECONDS:g} s apart with nobody "
        "speaking between them are one, and what lies wholly inside another's turn is none.",
        "#(F of r)",
    ),
    _role(
        "turn_mean",
        "Mean turn length",
        "s",
        "Mean length of these turns from first to last sound, the short breaks in them included.",
        "mean of end − start over F of r",
    ),
    _role("turn_median", "Median turn length", "s", "Median length of these turns.", "median of the same"),
    _role(
        "latency",
        "Response latency",
        "s",
        "Median silence between the end of another's turn and the start of the speaker's next; starts in overlap "
        "are not in it but counted on their own.",
        "median of start − previous end ≥ 0, over changes of floor to r",
    ),
    _role(
        "overlapped_starts",
        "Starts in overlap",
        "count",
        "Turns that the speaker begins before the other's turn has ended, and holds beyond it.",
        "#(changes of floor to r with start < previous end)",
    ),
    _role(
        "interruptions",
        "Interruptions by form",
        "count",
        f"Starts in overlap of at least {INTERRUPTION_SECONDS:g} s; an eager agreement has the same form as an "
        "interruption.",
        f"#(changes of floor to r with previous end − start ≥ {INTERRUPTION_SECONDS:g} s)",
    ),
    _role(
        "backchannels",
        "Backchannels by form",
        "count",
        f"Sounds of at most {SHORT_SECONDS:g} s wholly inside another's turn; a failed attempt to take the floor has "
        "the same form.",
        f"#(I of r, at most {SHORT_SECONDS:g} s)",
    ),
    _role(
        "insertions",
        "Insertions",
        "count",
        f"Stretches longer than {SHORT_SECONDS:g} s wholly inside another's turn.",
        f"#(I of r, longer than {SHORT_SECONDS:g} s)",
    ),
    _role(
        "pauses",
        "Pauses within own talk",
        "count",
        f"Silences of at least {PAUSE_SECONDS:g} s before and after which this speaker has the floor.",
        f"#(gaps ≥ {PAUSE_SECONDS:g} s between a turn of r and the next turn of r)",
    ),
    _role(
        "pause_seconds", "Time in pauses within own talk", "s", "Their lengths added up.", "sum of these gaps"
    ),
    _role(
        "switching_pauses",
        "Pauses before speaking",
        "count",
        f"Silences of at least {PAUSE_SECONDS:g} s after another's turn that this speaker ends.",
        f"#(gaps ≥ {PAUSE_SECONDS:g} s between another's turn and the next turn of r)",
    ),
    _role(
        "switching_pause_seconds",
        "Time in pauses before speaking",
        "s",
        "Their lengths added up.",
        "sum of these gaps",
    ),
    _role(
        "vocalizations_per_minute",
        "Vocalizations",
        "per minute",
        f"Stretches of the speaker's voice, breaks under {BRIDGE_SECONDS:g} s bridged, per minute from first to last "
        "speech; turns, backchannels and insertions alike.",
        "60 · #(V of r) / T",
    ),
    _role(
        "speech_rate",
        "Speech rate",
        "words per minute",
        "Words per minute of those turns of the speaker that have words; repetitions that the recognizer made are "
        "not counted.",
        "60 · W / length of the turns with words",
    ),
    _role(
        "articulation_rate",
        "Articulation rate",
        "words per minute",
        "Words that have times, per minute of the time that they cover; breaks between words of "
        f"{BRIDGE_SECONDS:g} s and more are left out.",
        "60 · W / time covered by words",
    ),
    _role(
        "first_speech",
        "First speech",
        "s",
        "Start of the speaker's first sound, from the start of the tape.",
        "first start of r",
    ),
    _role(
        "last_speech",
        "Last speech",
        "s",
        "End of the speaker's last sound, from the start of the tape.",
        "last end of r",
    ),
)

DEFINITIONS: Mapping[str, Measure] = {m.name: m for m in _MEASURES}


def checked_roles(roles: Sequence[str]) -> tuple[str, ...]:
    """Return the roles, or refuse them.

    Raises
    ------
    TapeError
        When there is none, one stands twice, or one is no short name.
    """
    bad = next((r for r in roles if not isinstance(r, str) or not _ROLE.fullmatch(r)), None)
    if bad is not None:
        raise TapeError(
            Problem(
                f"{bad!r} is no role: letters, digits, _ and -, beginning with a letter.",
                hint="For example therapist and client.",
            )
        )
    if isinstance(roles, str) or not roles or len(set(roles)) < len(roles):
        raise TapeError(
            Problem(
                "process measures need the roles of the speakers, each once.",
                hint="For example therapist and client.",
            )
        )
    return tuple(roles)


def measure_names(roles: Sequence[str] = ROLES) -> tuple[str, ...]:
    """Return the names of all measures for these roles, in the order of `DEFINITIONS`.

    Parameters
    ----------
    roles : sequence of str

    Returns
    -------
    tuple of str
        Such as ``"silence_share"`` and ``"talk_share_client"``. ``"talk_ratio"`` is among them for two roles only.
    """
    names: list[str] = []
    for m in _MEASURES:
        if m.level == "role":
            names += [f"{m.name}_{r}" for r in checked_roles(roles)]
        elif m.name != "talk_ratio" or len(roles) == 2:
            names.append(m.name)
    return tuple(names)


def definition_of(name: str, roles: Iterable[str] = ROLES) -> tuple[Measure, str | None] | None:
    """Find the measure and the role that a name stands for.

    Parameters
    ----------
    name : str
        Such as ``"talk_share_client"``.
    roles : iterable of str
        Roles that a name may end in.

    Returns
    -------
    (Measure, str or None) or None
        None when the name is none of ours.
    """
    whole = DEFINITIONS.get(name)
    if whole is not None and whole.level == "session":
        return whole, None
    for role in roles:
        stem = DEFINITIONS.get(name.removesuffix(f"_{role}"))
        if stem is not None and stem.level == "role" and stem.name != name:
            return stem, role
    return None


def label_of(name: str, roles: Iterable[str] = ROLES) -> str | None:
    """Return the name of a measure as a reader sees it, such as ``"Response latency, client (s)"``.

    Returns
    -------
    str or None
        None when the name is none of ours.
    """
    found = definition_of(name, roles)
    if found is None:
        return None
    m, role = found
    label = m.label if role is None else f"{m.label}, {role}"
    return label if m.unit in {"share", "ratio", "count"} else f"{label} ({m.unit})"


def reference_table() -> str:
    """Return the table of docs/reference/process-measures.md, made from `DEFINITIONS`."""
    lines = ["| name | measure | unit | definition | formula |", "| --- | --- | --- | --- | --- |"]
    for m in _MEASURES:
        name = f"`{m.name}`" if m.level == "session" else f"`{m.name}_ROLE`"
        lines.append(f"| {name} | {m.label} | {m.unit} | {m.definition} | {m.formula} |")
    return "\n".join(lines).replace("|U|", "\\|U\\|").replace("|O|", "\\|O\\|")
