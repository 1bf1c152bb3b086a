"""Derive the flat files of this example from the published MIBot data set, and check the recount.

Run it as ``python make_data.py SOURCE_FOLDER``, where SOURCE_FOLDER holds ``data.csv`` and
``transcripts/*.json`` of the data set (see README.md for where to get it). It writes the folder
``data/`` beside this script. No text of a conversation and no free-text answer is written.

A transcript belongs to the participant whose id it carries; both get short ids here (P001 and
S001 are the first row of ``data.csv``), and participants.csv keeps the id of the source.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

CODES = ("MICO", "MIIN", "R", "Q", "Other", "C", "S", "N")
CARE = tuple(f"CAREQ{i}" for i in range(1, 11))
KEPT = (
    *(
        f"{time}Ruler{what}"
        for time in ("Pre", "Post", "WeekLater")
        for what in ("Importance", "Confidence", "Readiness")
    ),
    "PreConvoQuitAttempt",
    "PreConvoNumQuitAttempts",
    "WeekLaterQuitAttempt",
    "WeekLaterNumQuitAttempts",
)
Row = dict[str, str]


def read_people(source: Path) -> list[Row]:
    """Return the rows of the survey file, in its order."""
    with (source / "data.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_transcripts(source: Path) -> dict[str, list[Row]]:
    """Return the coded utterances of every participant, in the order of speaking."""
    spoken: dict[str, list[Row]] = {}
    for path in sorted((source / "transcripts").glob("*.json")):
        transcript = json.loads(path.read_text(encoding="utf-8"))
        who = transcript["participant_id"]
        if who != path.stem or who in spoken:
            raise SystemExit(f"{path.name}: carries the id {who}, which is not its name or stands twice")
        spoken[who] = sorted(transcript["utterances"], key=lambda u: int(u["utterance_number"]))
    return spoken


def recount(people: Iterable[Row], spoken: dict[str, list[Row]]) -> tuple[int, list[str]]:
    """Count the codes of each transcript again and hold them against the survey file.

    Returns
    -------
    int
        Participants whose eight counts all agree.
    list of str
        What does not agree.
    """
    equal, faults = 0, []
    for person in people:
        who = person["ParticipantID"]
        counted = Counter(u["auto_misc_label"] for u in spoken.get(who, []))
        published = {code: int(person[f"AutoMISC_{code}"]) for code in CODES}
        if counted == Counter(published):
            equal += 1
        else:
            faults.append(f"{who}: recounted {dict(counted)}, published {published}")
    return equal, faults


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write one CSV file with plain line ends, so that it is the same on every machine."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def code_rows(session: str, utterances: Sequence[Row]) -> Iterable[tuple[object, ...]]:
    """Yield one row a coded utterance, numbering turns and utterances from 1 within the session."""
    first_turn = int(utterances[0]["volley_number"])
    for number, said in enumerate(utterances, start=1):
        speaker = "patient" if said["speaker"] == "client" else "therapist"
        turn = int(said["volley_number"]) - first_turn + 1
        yield session, turn, number, speaker, "AutoMISC", said["auto_misc_label"]


def main(source: Path, target: Path) -> None:
    """Write the four files of the example from the source into the folder `target`."""
    people, spoken = read_people(source), read_transcripts(source)
    equal, faults = recount(people, spoken)
    print(f"recount: {equal} of {len(people)} participants have all {len(CODES)} published code counts")
    if faults or len(spoken) != len(people):
        raise SystemExit("\n".join([*faults, f"{len(spoken)} transcripts for {len(people)} participants"]))
    numbered = [(f"P{i:03d}", f"S{i:03d}", person) for i, person in enumerate(people, start=1)]
    target.mkdir(exist_ok=True)
    write(
        target / "participants.csv",
        ("participant", "source_id", *KEPT),
        ((p, row["ParticipantID"], *(row[name] for name in KEPT)) for p, _, row in numbered),
    )
    write(
        target / "sessions.csv",
        ("session", "participant", "number", "utterances", "words_counselor", "words_client"),
        (
            (s, p, 1, len(spoken[row["ParticipantID"]]), row["NumWordsCounsellor"], row["NumWordsClient"])
            for p, s, row in numbered
        ),
    )
    write(
        target / "responses.csv",
        ("participant", "session", *CARE),
        ((p, s, *(row[name] for name in CARE)) for p, s, row in numbered),
    )
    write(
        target / "codes.csv",
        ("session", "turn", "utterance", "speaker", "coder", "code"),
        (code for _, s, row in numbered for code in code_rows(s, spoken[row["ParticipantID"]])),
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python make_data.py SOURCE_FOLDER")
    main(Path(sys.argv[1]), Path(__file__).parent / "data")
