"""What goes wrong on the way through a recording, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

# A file may declare a little more than it holds: the last packet is rounded up, or the picture lasts longer.
MISSING_LEAST = 1.0
# Gaps that together are worth telling a person of.
GAP_TOLD = 0.2


def clock(seconds: float) -> str:
    """Write a place on a tape as ``h:mm:ss``, as a player shows it."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}"


@dataclass
class Damage:
    """What was found so far.

    Attributes
    ----------
    packets : int
        How many could not be decoded.
    fresh : bool
        Whether no sound has followed the last of them yet.
    first : float or None
        Where sound went on after the first of them, in seconds.
    broken_off : bool
        Whether reading ended with an error.
    gaps : list of (start, end)
        Where the time stamps leave a hole; seconds.
    back : list of float
        Where they jump.
    kinds : int
        Changes of sample rate, sample format or channels.
    """

    packets: int = 0
    fresh: bool = False
    first: float | None = None
    broken_off: bool = False
    gaps: list[tuple[float, float]] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    kinds: int = 0

    def warnings(self, decoded: float, declared: float | None) -> tuple[str, ...]:
        """Return what a person has to know, given how long the recording is and says that it is, in seconds."""
        return tuple(self._told(decoded, declared))

    def _told(self, decoded: float, declared: float | None) -> Iterator[str]:
        missing = (declared or 0.0) - decoded
        if self.first is not None:
            packets = "1 damaged packet" if self.packets == 1 else f"{self.packets} damaged packets"
            outcome = "silence stands in their place."
            if missing >= MISSING_LEAST:
                outcome = f"{missing:.1f} s are missing, so that times after this place may be too early."
            yield (
                f"Sound could not be decoded at {clock(self.first)} ({packets}); {outcome} Copy the file again "
                "from the recorder; else what is there is used."
            )
        elif missing >= MISSING_LEAST:
            yield (
                f"Sound is missing from {clock(decoded)} on: the file says that it is {clock(declared or 0.0)} "
                "long. Copy it again from the recorder; else what is there is used."
            )
        elif self.broken_off or self.packets:
            yield (
                f"The file breaks off at {clock(decoded)}. Copy it again from the recorder; else what is there is used."
            )
        yield from self._time_warnings()
        if self.kinds:
            yield (
                "The sample rate or the channels change within the file: two recordings may have been joined, or it "
                "is damaged. Listen to it around the change."
            )

    def _time_warnings(self) -> Iterator[str]:
        gaps, back = self.gaps, self.back
        total = sum(end - start for start, end in gaps)
        if total >= GAP_TOLD and not self.packets:
            start, end = gaps[0]
            what = (
                f"from {clock(start)} to {clock(end)}"
                if end - start >= 1
                else f"for a moment at {clock(start)}"
            )
            more = f", and in {len(gaps) - 1} more gaps" if len(gaps) > 1 else ""
            yield (
                f"The file holds no sound {what}{more} ({total:.1f} s in all); silence stands there. Ask whether "
                "the recorder was paused, or copy the file again."
            )
        if back:
            yield (
                f"The time stamps of the file jump at {clock(back[0])}. No sound was left out, but a player may "
                "show other times from there on. Listen to the working copy when you compare times."
            )
