"""CHAT, the transcript format of TalkBank, written.

A turn becomes a main line for each sentence; the last line of a turn has the bullet of the whole turn. Where all words
of a line have times, a ``%wor`` line holds them. The speaker's label stands in the free field of ``@ID``, so that it
comes back whole.
"""

from __future__ import annotations

import re

from bordin.tapes.formats.chat import LABEL
from bordin.tapes.formats.chat_words import BULLET, lines_of_words, times_line
from bordin.tapes.formats.clock import span_in_milliseconds
from bordin.tapes.formats.reading import checked, refuse_labels
from bordin.tapes.shapes import Transcript

_CODES = {"therapist": "THE", "client": "CLI", "patient": "PAT", "unknown": "UNK"}
_ROLES = {"THE": "Investigator", "UNK": "Unidentified"}
_LANGUAGE = "und"


def write_chat(transcript: Transcript, file: str = "") -> str:
    """Write a transcript for CLAN.

    Raises
    ------
    TapeError
        When a speaker's label holds a bar.
    """
    checked(transcript, file)
    refuse_labels(transcript, r"\|", "CHAT parts the fields of a speaker with a bar", file)
    codes = _codes(transcript.speakers)
    told = ", ".join(f"{code} {_ROLES.get(code, 'Participant')}" for code in codes.values())
    lines = ["@UTF8", "@Begin", f"@Languages:\t{_LANGUAGE}", f"@Participants:\t{told}"]
    for label, code in codes.items():
        role = _ROLES.get(code, "Participant")
        lines.append(f"@ID:\t{_LANGUAGE}|bordin|{code}|||||{role}||{LABEL}{label}|")
    lines.append(f"@Comment:\t{transcript.notice}")
    for turn in transcript.turns:
        start, end = span_in_milliseconds(turn.start, turn.end)
        sentences = lines_of_words(turn.words)
        for count, (text, words) in enumerate(sentences, 1):
            bullet = f" {BULLET}{start}_{end}{BULLET}" if count == len(sentences) else ""
            lines.append(f"*{codes[turn.speaker]}:\t{text}{bullet}")
            times = times_line(words)
            if times is not None:
                lines.append(f"%wor:\t{times}")
    return "\n".join([*lines, "@End"]) + "\n"


def _codes(labels: tuple[str, ...]) -> dict[str, str]:
    """Give each label a code of capitals and digits that no other one has."""
    codes: dict[str, str] = {}
    for label in labels:
        code = _CODES.get(label.lower()) or re.sub(r"[^A-Z0-9]", "", label.upper())[:4] or "SPK"
        if not code[0].isalpha():
            code = f"S{code}"[:4]
        count, free = 1, code
        while free in codes.values():
            count += 1
            free = f"{code[:3]}{count}"
        codes[label] = free
    return codes
