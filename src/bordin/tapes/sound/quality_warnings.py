"""What is said of the sound of a tape: only what matters for work with it, each with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bordin.tapes.sound.damage import clock

if TYPE_CHECKING:
    from bordin.tapes.sound.quality import Quality

# A share of talk below this: an empty tape, or a microphone that was not switched on.
LEAST_TALK = 0.01
# People turn the volume up; recognizers lose soft words, and 16 bits leave little detail below.
QUIET_DBFS = -40.0
# Single overdriven syllables and slammed doors stay below one sample in ten thousand.
CLIPPED_SHARE = 1e-4
# Below 10 dB words are lost to listeners who do not see the speaker, and to recognizers. At this end the estimate
# comes out 2 to 5 dB too high, because talk below the noise does not count as talk.
LEAST_SIGNAL_TO_NOISE = 12.0
# A silence of a session hardly lasts longer; a recorder that runs on, or a muted microphone, does.
LONG_SILENCE = 300.0
# Sound cards are off by a few thousandths; a fault of a cable or a microphone by more.
LARGE_OFFSET = 0.02
# One or two clicks matter to nobody.
LEAST_DROPOUTS = 3
LEAST_DROPOUT_SECONDS = 0.1


def warnings_on(quality: Quality) -> tuple[str, ...]:
    """Return the warnings on a tape, as plain sentences.

    Parameters
    ----------
    quality : Quality

    Returns
    -------
    tuple of str
        Empty for a tape that can be worked with as it is.
    """
    if _empty(quality):
        return (
            "Hardly anything that sounds like talk was found. Listen to the tape: it may be the wrong file.",
        )
    return (*_on_level(quality), *_on_losses(quality), *_on_channels(quality))


def notes_on(quality: Quality) -> tuple[str, ...]:
    """Return what is good to know of a tape and no fault."""
    if _empty(quality):
        return ()
    notes = []
    if quality.separate_speakers:
        notes.append(
            "The two channels seem to hold one speaker each. Say who they are (--channels therapist,client), and "
            "nobody has to guess who speaks."
        )
    if quality.same_sound:
        notes.append(
            "Both channels hold the same sound, so the tape counts as mono. Speakers cannot be told apart by channel."
        )
    if quality.digital_silence >= 0.1:
        notes.append(
            "Pauses are digital silence, as noise gates and call programs make it. The noise of the room cannot be "
            "estimated, and soft sounds may be missing."
        )
    return tuple(notes)


def _empty(quality: Quality) -> bool:
    return all(c.talk_share < LEAST_TALK for c in quality.channels)


def _on_level(quality: Quality) -> Iterator[str]:
    live = [c for c in quality.channels if not c.dead]
    loudest = max((c.level for c in live if c.level is not None), default=None)
    if loudest is not None and loudest < QUIET_DBFS:
        yield (
            f"Talk is very quiet ({loudest:.0f} dBFS). Listen with the volume turned up; for the next session, put "
            "the microphone nearer or turn its level up."
        )
    if quality.clipped_share >= CLIPPED_SHARE and quality.first_clipped is not None:
        places = "1 place" if quality.clipped_stretches == 1 else f"{quality.clipped_stretches} places"
        yield (
            f"The recording is overdriven in {places} ({_figure(100 * quality.clipped_share)}% of samples), first at "
            f"{clock(quality.first_clipped)}. Words may be distorted there; for the next session, turn the level of "
            "the recorder down."
        )
    ratios = [c.signal_to_noise for c in live if c.signal_to_noise is not None]
    if ratios and max(ratios) < LEAST_SIGNAL_TO_NOISE:
        yield (
            f"Talk is only {max(ratios):.0f} dB louder than the noise. Expect many wrong words in a transcript, and "
            "rate with headphones; for the next session, put the microphone nearer."
        )
    if quality.telephone_band:
        yield (
            "Hardly any sound lies above 4 kHz, as in a telephone call or a recording at 8 kHz. If another copy "
            "exists, use that; else expect more wrong words in a transcript."
        )


def _on_losses(quality: Quality) -> Iterator[str]:
    many = quality.dropouts >= LEAST_DROPOUTS or quality.dropout_seconds >= LEAST_DROPOUT_SECONDS
    if many and quality.first_dropout is not None:
        places = "1 place" if quality.dropouts == 1 else f"{quality.dropouts} places"
        yield (
            f"Sound is lost inside talk in {places} ({_figure(quality.dropout_seconds)} s in all), first at "
            f"{clock(quality.first_dropout)}. Listen there; if the original is whole, copy it again."
        )
    if quality.longest_silence >= LONG_SILENCE:
        start, end = quality.longest_silence_at, quality.longest_silence_at + quality.longest_silence
        yield (
            f"Nobody talks from {clock(start)} to {clock(end)}. Listen whether the session had ended, the recorder "
            "was paused or a microphone was off."
        )


def _on_channels(quality: Quality) -> Iterator[str]:
    for number, channel in enumerate(quality.channels, 1):
        if channel.dead:
            yield (
                f"{_name(quality, number)} is empty. Check the microphone or its cable before the next session; the "
                "other channel is enough to work with if both voices are on it."
            )
    for number, channel in enumerate(quality.channels, 1):
        if abs(channel.dc_offset) >= LARGE_OFFSET:
            yield (
                f"{_name(quality, number)} is shifted by {_figure(100 * abs(channel.dc_offset))}% of full scale. It does no "
                "harm to a transcript; have the recorder or its microphone checked."
            )
    if quality.inverted:
        yield (
            "The two channels are the same sound upside down, so that their mix cancels out. Export one of the "
            "channels as mono and use that; have the microphone cable checked."
        )


def _name(quality: Quality, number: int) -> str:
    if len(quality.channels) == 1:
        return "The recording"
    return f"Channel {number} ({'left' if number == 1 else 'right'})"


def _figure(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"
