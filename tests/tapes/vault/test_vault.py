"""The vault: tapes appear whole, stay apart, are worked on by one process at a time, and can be forgotten."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bordin.errors import TapeError
from bordin.tapes.vault import forgetting
from bordin.tapes.vault.keys import Argon2, KeyFile, Passphrase, WrongLock
from bordin.tapes.vault.opening import create_unsealed, create_vault, open_vault
from bordin.tapes.vault.tombstones import Export
from bordin.tapes.vault.vault import (
    Tape,
    TapeExists,
    TapeForgotten,
    TapeHeld,
    Vault,
)

CHEAP = Argon2(memory_kib=64, passes=1, lanes=1)
WORDS = Passphrase("six words picked at random")
MARKER = b"MARKER-she-said-it-herself"
TODAY = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return create_vault(tmp_path / "study" / "tapes", WORDS, argon2=CHEAP)


@pytest.fixture(params=["sealed", "unsealed"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    folder = tmp_path / "study" / "tapes"
    return create_vault(folder, WORDS, argon2=CHEAP) if request.param == "sealed" else create_unsealed(folder)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def add(
    vault: Vault,
    data: bytes = MARKER,
    *,
    session: str = "S001",
    participant: str = "P01",
    again: bool = False,
) -> Tape:
    name = vault.tape_id(sha(data))
    with vault.draft(name, session=session, participant=participant, again=again) as draft:
        with draft.writer("original") as file:
            file.write(data * 3_000)
        draft.write_bytes("stages/words-ab12.json", b"[]" + data)
        return draft.commit({"name": "Anna 3.wav", "sha256": sha(data), "size": len(data)})


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def reopened(vault: Vault) -> Vault:
    return open_vault(vault.folder, WORDS if vault.sealed else None)


# ------------------------------------------------------------ adding and reading


def test_what_is_added_is_found_and_read(either: Vault) -> None:
    tape = add(either)
    again = reopened(either)
    [found] = again.tapes()
    assert (found.id, found.session, found.participant) == (tape.id, "S001", "P01")
    assert repr(found) == f"Tape({tape.id!r}, session='S001', participant='P01')"
    assert re.fullmatch(r"T-[0-9A-HJKMNP-TV-Z]{8}", tape.id)
    assert found.facts() == {"name": "Anna 3.wav", "sha256": sha(MARKER), "size": len(MARKER)}
    assert found.names() == ("original", "stages/words-ab12.json")
    assert found.size("original") == 3_000 * len(MARKER)
    with found.reader("original") as read:
        read.seek(26 * 2_999)
        assert read.read() == MARKER
    assert found.read_bytes("stages/words-ab12.json") == b"[]" + MARKER
    found.verify()


def test_files_are_added_replaced_and_removed(either: Vault) -> None:
    tape = add(either)
    assert not tape.has("peaks")
    tape.write_bytes("peaks", b"1")
    tape.write_bytes("peaks", b"22")
    assert tape.has("peaks")
    assert tape.read_bytes("peaks") == b"22"
    with tape.writer("stages/a/b") as file:
        file.write(b"deep")
    assert tape.names() == ("original", "peaks", "stages/a/b", "stages/words-ab12.json")
    tape.remove("peaks")
    tape.remove("peaks")
    assert not tape.has("peaks")
    with pytest.raises(TapeError, match=f"{tape.id}/peaks: the tape has no such file"):
        tape.read_bytes("peaks")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../vault.json",
        "a/../b",
        "a//b",
        "a\\b",
        "tape.json",
        "TAPE.json",
        "data-key",
        "facts.json",
        "x.part",
        "x.sealed",
        ".hidden",
        "a/b/c/d",
        "a b",
        "naïve",
        "dot.",
        "C:x",
    ],
)
def test_names_that_could_lead_elsewhere_are_refused(vault: Vault, name: str) -> None:
    tape = add(vault)
    for use in (tape.reader, tape.writer, tape.has, tape.remove):
        with pytest.raises(TapeError, match="is no name for a file of a tape"):
            use(name)


def test_a_tape_is_found_by_session_and_participant(either: Vault) -> None:
    for i, (session, participant) in enumerate([("S002", "P01"), ("S001", "P01"), ("S003", "P02")]):
        add(either, bytes([i]) * 10, session=session, participant=participant)
    assert [t.session for t in either.tapes()] == ["S001", "S002", "S003"]
    assert [t.session for t in either.find(participant="P01")] == ["S001", "S002"]
    assert [t.participant for t in either.find(session="S003")] == ["P02"]
    assert either.find(session="S003", participant="P01") == ()
    [third] = either.find(session="S003")
    assert either.tape(third.id).session == "S003"
    with pytest.raises(TapeError, match=r"there is no tape 'T-00000000'.*Known: T-"):
        either.tape("T-00000000")
    for elsewhere in ("../tapes", "", ".", f"{third.id}/", "locks"):
        with pytest.raises(TapeError, match="there is no tape"):
            either.tape(elsewhere)
    assert either.names() == tuple(sorted(t.id for t in either.tapes()))
    either.forget(tapes=[third.id], reason="test")
    assert len(either.names()) == 2
    assert third.id not in either.names()


def test_no_plain_byte_is_in_a_sealed_vault_and_nobody_needs_to_be_named(vault: Vault) -> None:
    tape = add(vault)
    tape.write_bytes("stages/more.json", MARKER * 10_000)
    vault.note_export([tape.id], "/home/anna/out.vtt", "transcript (vtt)", TODAY)
    held = everything(vault.folder.parent)
    assert len(held) >= 7
    assert [
        n for n, data in held.items() if MARKER in data or b"Anna 3" in data or sha(MARKER).encode() in data
    ] == []
    clear = json.loads(held[f"tapes/{tape.id}/tape.json"])
    assert set(clear) == {"format", "tape", "session", "participant", "added", "content"}


def test_an_unsealed_vault_says_so_in_words(tmp_path: Path) -> None:
    vault = create_unsealed(tmp_path / "tapes")
    tape = add(vault)
    assert (vault.sealed, vault.locked) == (False, False)
    about = json.loads((tmp_path / "tapes" / "vault.json").read_text(encoding="utf-8"))["about"]
    assert about.startswith("NOT SEALED: whoever can open this folder can hear")
    assert (tmp_path / "tapes" / tape.id / "original").read_bytes() == MARKER * 3_000
    with pytest.raises(TapeError, match="there is no lock to change"):
        vault.change_lock(WORDS)


# ------------------------------------------------------------ names


def test_a_name_is_the_same_in_one_vault_and_another_in_the_next(tmp_path: Path, vault: Vault) -> None:
    other = create_vault(tmp_path / "other" / "tapes", WORDS, argon2=CHEAP)
    names = [vault.tape_id(sha(bytes([i]))) for i in range(200)]
    assert len(set(names)) == 200
    assert names == [reopened(vault).tape_id(sha(bytes([i])).upper()) for i in range(200)]
    assert set(names).isdisjoint(other.tape_id(sha(bytes([i]))) for i in range(200))
    with pytest.raises(TapeError, match="'abc' is no SHA-256"):
        vault.tape_id("abc")


def test_two_recordings_never_share_a_name(vault: Vault) -> None:
    tape = add(vault)
    content = json.loads((vault.folder / tape.id / "tape.json").read_text())["content"]
    path = vault.folder / tape.id / "tape.json"
    # As if another recording had had the same first 40 bits.
    path.write_text(path.read_text().replace(content, content[:10] + "0" * 54), encoding="utf-8")
    longer = vault.tape_id(sha(MARKER))
    assert longer.startswith(tape.id)
    assert len(longer) == 2 + 12
    twin = add(vault)
    assert twin.id == longer
    vault.forget(tapes=[tape.id], reason="test")
    assert vault.tape_id(sha(MARKER)) == twin.id


# ------------------------------------------------------------ locks and damage


def test_a_locked_vault_lists_and_forgets_but_is_not_read(vault: Vault) -> None:
    tape = add(vault)
    locked = open_vault(vault.folder)
    assert locked.locked
    [seen] = locked.tapes()
    assert (seen.session, seen.names()) == ("S001", ("original", "stages/words-ab12.json"))
    for use in (
        lambda: seen.read_bytes("original"),
        seen.facts,
        lambda: seen.write_bytes("a", b""),
        lambda: locked.tape_id(sha(b"")),
        lambda: add(locked, b"new"),
        lambda: locked.change_lock(WORDS),
    ):
        with pytest.raises(TapeError, match=r"the tapes are locked\. Open them"):
            use()
    [stone] = locked.forget(tapes=[tape.id], reason="withdrawn")
    assert stone.finished
    assert vault.tapes() == ()


def test_another_lock_opens_the_same_tapes(vault: Vault, tmp_path: Path) -> None:
    tape = add(vault)
    vault.change_lock(KeyFile(tmp_path / "key"))
    again = open_vault(vault.folder, KeyFile(tmp_path / "key"))
    assert again.tape(tape.id).read_bytes("original") == MARKER * 3_000
    assert again.tape_id(sha(MARKER)) == tape.id
    with pytest.raises(WrongLock, match="opened by a key file, not by a passphrase"):
        open_vault(vault.folder, WORDS)
    again.change_lock(Passphrase("eight other words"), argon2=CHEAP)
    with pytest.raises(WrongLock, match="wrong passphrase"):
        open_vault(vault.folder, WORDS)
    assert open_vault(vault.folder, Passphrase("eight other words")).tape(tape.id).facts()["size"] == len(
        MARKER
    )


def test_a_lock_for_a_vault_that_says_it_is_not_sealed_is_an_alarm(vault: Vault) -> None:
    path = vault.folder / "vault.json"
    before = path.read_text()
    record = json.loads(before) | {"sealed": False, "names": "00"}
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(TapeError, match=r"not sealed.*somebody changed this file"):
        open_vault(vault.folder, WORDS)
    open_vault(vault.folder)
    path.write_text(before, encoding="utf-8")
    add(vault)
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(TapeError, match=r"not sealed.*somebody changed this file"):
        open_vault(vault.folder)


def test_a_second_vault_is_refused(either: Vault) -> None:
    before = (either.folder / "vault.json").read_bytes()
    for make in (create_unsealed, lambda folder: create_vault(folder, WORDS, argon2=CHEAP)):
        with pytest.raises(TapeError, match="there is a vault already"):
            make(either.folder)
    assert (either.folder / "vault.json").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_tape_file_is_named_and_can_be_forgotten(either: Vault, text: str) -> None:
    good, bad = add(either, b"good", session="S002"), add(either)
    (either.folder / bad.id / "tape.json").write_text(text, encoding="utf-8")
    for use in (either.tapes, lambda: either.tape(bad.id), lambda: either.forget("P01", reason="x")):
        with pytest.raises(
            TapeError, match=rf"{bad.id}/tape\.json: it is damaged.*Restore the tape's folder"
        ):
            use()
    [stone] = either.forget(tapes=[bad.id], reason="damaged")
    assert (stone.participant, stone.finished) == ("", True)
    assert [t.id for t in either.tapes()] == [good.id]


def test_a_tape_of_a_newer_bordin_is_told(vault: Vault) -> None:
    path = vault.folder / add(vault).id / "tape.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(TapeError, match=r"of format 2, and this bordin reads format 1.*newer"):
        vault.tapes()


def test_files_and_keys_of_two_tapes_are_not_exchanged(vault: Vault) -> None:
    one, two = add(vault, b"one"), add(vault, b"two", session="S002")
    folders = vault.folder / one.id, vault.folder / two.id
    swap(folders[0] / "original.sealed", folders[1] / "original.sealed")
    with pytest.raises(TapeError, match=f"{one.id}/original: it was damaged or changed, or is not the file"):
        vault.tape(one.id).read_bytes("original")
    swap(folders[0] / "original.sealed", folders[1] / "original.sealed")
    swap(folders[0] / "original.sealed", folders[0] / "stages" / "words-ab12.json.sealed")
    with pytest.raises(TapeError) as failed:
        vault.tape(one.id).verify()
    assert [p.file for p in failed.value.problems] == [
        f"{one.id}/original",
        f"{one.id}/stages/words-ab12.json",
    ]
    swap(folders[0] / "data-key", folders[1] / "data-key")
    with pytest.raises(
        TapeError, match=f"{two.id}: the key of this tape was damaged or changed, or is the key"
    ):
        vault.tape(two.id).read_bytes("original")
    (folders[1] / "data-key").unlink()
    with pytest.raises(TapeError, match=f"{two.id}: the key of this tape was damaged"):
        vault.tape(two.id).read_bytes("original")


def swap(one: Path, two: Path) -> None:
    a, b = one.read_bytes(), two.read_bytes()
    one.write_bytes(b)
    two.write_bytes(a)


def test_a_session_written_anew_and_a_foreign_file_are_noticed(vault: Vault) -> None:
    tape = add(vault)
    (vault.folder / tape.id / "notes.txt").write_text("said", encoding="utf-8")
    path = vault.folder / tape.id / "tape.json"
    path.write_text(path.read_text().replace("S001", "S009"), encoding="utf-8")
    [changed] = vault.tapes()
    assert changed.session == "S009"
    with pytest.raises(TapeError) as failed:
        changed.verify()
    assert [(p.file, p.message) for p in failed.value.problems] == [
        (f"{tape.id}/tape.json", "the session or participant of this tape was changed since it was added."),
        (f"{tape.id}/notes.txt", "this file is not sealed, and not of bordin's making."),
    ]


# ------------------------------------------------------------ drafts


def test_a_draft_that_is_not_committed_leaves_nothing(either: Vault) -> None:
    name = either.tape_id(sha(MARKER))
    with either.draft(name, session="S001", participant="P01") as draft:
        draft.write_bytes("original", MARKER)
        assert draft.read_bytes("original") == MARKER
        assert either.tapes() == ()
        [hidden] = either.folder.glob(".partial-*")
        assert hidden.name.startswith(f".partial-{name}-")
    assert [p.name for p in either.folder.iterdir() if p.name != ".locks"] == ["vault.json"]
    assert [p.name for p in (either.folder / ".locks").iterdir()] == ["vault.json"]

    def fails() -> None:
        with either.draft(name, session="S001", participant="P01") as draft:
            draft.write_bytes("original", MARKER)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fails()
    assert [p.name for p in either.folder.iterdir() if p.name != ".locks"] == ["vault.json"]


def test_a_recording_is_in_the_vault_once(either: Vault) -> None:
    tape = add(either)
    with pytest.raises(TapeExists, match="in the vault already, as session S001") as failed:
        add(either, session="S002")
    assert failed.value.tape.id == tape.id
    name = either.tape_id(sha(b"other"))
    with (
        either.draft(name, session="S002", participant="P01") as slow,
        either.draft(name, session="S003", participant="P01") as fast,
    ):
        fast.write_bytes("original", b"other")
        assert fast.commit({}).session == "S003"
        slow.write_bytes("original", b"other")
        with pytest.raises(TapeExists, match="as session S003"):
            slow.commit({})
    assert [t.session for t in either.tapes()] == ["S001", "S003"]
    assert either.tape(name).read_bytes("original") == b"other"
    assert list(either.folder.glob(".partial-*")) == []


def test_a_draft_needs_pseudonyms_and_whole_files(vault: Vault) -> None:
    name = vault.tape_id(sha(MARKER))
    for session, participant, what in (
        ("", "P01", "session"),
        ("S001", " ", "participant"),
        ("a\nb", "P", "session"),
    ):
        with (
            pytest.raises(TapeError, match=f"{name}: a tape needs the pseudonym of its {what}"),
            vault.draft(name, session=session, participant=participant),
        ):
            pass
    with pytest.raises(TapeError, match="no neutral name"), vault.draft("../x", session="S", participant="P"):
        pass
    with vault.draft(name, session="S001", participant="P01") as draft:
        with draft.writer("original") as file:
            file.write(MARKER)
            with pytest.raises(TapeError, match="still being written"):
                draft.commit({})
        tape = draft.commit({})
        with pytest.raises(TapeError, match="in the vault already"):
            draft.commit({})
        draft.write_bytes("peaks", b"1")
    assert tape.read_bytes("peaks") == b"1"
    assert list(vault.folder.glob(".partial-*")) == []


# ------------------------------------------------------------ other processes

CHILD = """
import hashlib, sys
from pathlib import Path
from bordin.tapes.vault.opening import open_vault
from bordin.tapes.vault.vault import TapeExists
from bordin.tapes.vault.keys import Passphrase
sealed = sys.argv[2] == "True"
vault = open_vault(Path(sys.argv[1]), Passphrase("six words picked at random") if sealed else None)
def say(word):
    print(word, flush=True)
    sys.stdin.readline()
"""
HALF = (
    CHILD
    + """
with vault.draft(vault.tape_id(hashlib.sha256(b"x").hexdigest()), session="S1", participant="P1") as draft:
    draft.write_bytes("peaks", b"MARKER-she-said-it-herself" * 9)
    with draft.writer("original") as file:
        file.write(b"MARKER-she-said-it-herself" * 9000)
        say("half")
"""
)
RACE = (
    CHILD
    + """
with vault.draft(vault.tape_id(hashlib.sha256(b"x").hexdigest()), session=sys.argv[3], participant="P1") as draft:
    draft.write_bytes("original", sys.argv[3].encode())
    say("ready")
    try:
        print(draft.commit({}).session)
    except TapeExists as error:
        print("exists", error.tape.session)
"""
)
REWRITE = (
    CHILD
    + """
with vault.tapes()[0].writer("working.wav") as file:
    file.write(b"MARKER-she-said-it-herself" * 9000)
    say("half")
"""
)
HOLD = (
    CHILD
    + """
with vault.tapes()[0].hold():
    say("held")
"""
)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    children: list[subprocess.Popen[str]] = []

    def go(code: str, vault: Vault, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, str(vault.folder), str(vault.sealed), *words]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        children.append(child)
        return child

    yield go
    for child in children:
        child.kill()
        child.communicate()


def heard(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_what_a_killed_process_leaves_is_removed_and_what_a_living_one_has_is_not(
    either: Vault, start: Callable[..., subprocess.Popen[str]]
) -> None:
    child = start(HALF, either)
    assert heard(child) == "half"
    [hidden] = either.folder.glob(".partial-*")
    assert either.clean() == ()
    assert hidden.is_dir()
    child.kill()
    child.wait()
    assert either.tapes() == ()
    if either.sealed:
        assert all(MARKER not in data for data in everything(either.folder).values())
    assert either.clean() == (hidden.name,)
    assert either.clean() == ()
    assert not hidden.exists()
    assert add(either, b"x").session == "S001"


def test_a_half_written_file_of_a_tape_is_removed_when_its_writer_is_dead(
    either: Vault, start: Callable[..., subprocess.Popen[str]]
) -> None:
    tape = add(either)
    child = start(REWRITE, either)
    assert heard(child) == "half"
    assert either.clean() == ()
    child.kill()
    child.wait()
    assert tape.names() == ("original", "stages/words-ab12.json")
    [gone] = either.clean()
    assert re.fullmatch(tape.id + r"/working\.wav(\.sealed)?\.[0-9a-f]{8}\.part", gone)
    assert not list(either.folder.rglob("*.part"))
    tape.verify()


def test_of_two_processes_with_one_recording_one_wins(
    either: Vault, start: Callable[..., subprocess.Popen[str]]
) -> None:
    children = [start(RACE, either, name) for name in ("S1", "S2")]
    assert [heard(c) for c in children] == ["ready", "ready"]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    said = [heard(c) for c in children]
    assert [c.wait() for c in children] == [0, 0]
    [tape] = either.tapes()
    assert sorted(said) == sorted([tape.session, f"exists {tape.session}"])
    assert tape.read_bytes("original") == tape.session.encode()
    tape.verify()
    assert either.clean() == ()


def test_a_tape_is_held_by_one_process_at_a_time(
    either: Vault, start: Callable[..., subprocess.Popen[str]]
) -> None:
    tape = add(either)
    child = start(HOLD, either)
    assert heard(child) == "held"
    with pytest.raises(TapeHeld, match=f"{tape.id}: another process works on this tape"), tape.hold():
        pass
    with pytest.raises(TapeHeld):
        either.forget("P01", reason="withdrawn")
    assert tape.read_bytes("original") == MARKER * 3_000
    assert either.tombstones() == ()
    child.kill()
    child.wait()
    with tape.hold(), pytest.raises(TapeHeld), tape.hold():
        pass
    with tape.hold():
        tape.write_bytes("a", b"1")
    either.forget("P01", reason="withdrawn")
    with pytest.raises(TapeError, match="this tape was forgotten"), tape.hold():
        pass


def test_one_held_tape_does_not_save_the_others(either: Vault) -> None:
    tapes = [add(either, bytes([i]), session=f"S{i}") for i in range(3)]
    with tapes[1].hold(), pytest.raises(TapeHeld, match=tapes[1].id):
        either.forget("P01", reason="withdrawn")
    assert [t.id for t in either.tapes()] == [tapes[1].id]
    assert {s.tape for s in either.forget("P01", reason="withdrawn")} == {t.id for t in tapes}
    assert either.tapes() == ()


# ------------------------------------------------------------ forgetting


def test_a_forgotten_tape_leaves_a_tombstone_and_nothing_else(either: Vault) -> None:
    tape, other = add(either), add(either, b"other", session="S002", participant="P02")
    either.note_export([tape.id, other.id], "out/all.csv", "measures", date(2026, 11, 1))
    either.note_export([tape.id], "~/anna.vtt", "transcript (vtt)", TODAY)
    either.note_export([other.id], "b.vtt", "transcript (vtt)", TODAY)
    exports = (
        Export("2026-11-01", (tape.id, other.id), "out/all.csv", "measures"),
        Export("2026-11-03T09:30:00+00:00", (tape.id,), "~/anna.vtt", "transcript (vtt)"),
    )
    [stone] = either.forget("P01", reason=" consent withdrawn ", today=TODAY)
    assert (stone.tape, stone.participant, stone.session) == (tape.id, "P01", "S001")
    assert (stone.time, stone.reason) == ("2026-11-03T09:30:00+00:00", "consent withdrawn")
    key = ("data-key",) if either.sealed else ()
    assert stone.destroyed == (*key, "facts.json", "original", "stages/words-ab12.json", "tape.json")
    assert stone.exports == exports == either.exports(tape.id)
    assert not (either.folder / tape.id).exists()
    assert all(MARKER not in data for data in everything(either.folder).values())
    assert [t.id for t in either.tapes()] == [other.id]
    assert reopened(either).tombstones() == (stone,)
    with pytest.raises(TapeForgotten, match=r"forgotten on 2026-11-03 \(consent withdrawn\)"):
        either.tape(tape.id)
    other.verify()
    assert either.forget("P01", reason="again") == (stone,)
    assert either.forget(tapes=[tape.id], reason="again") == (stone,)
    assert len((either.folder / "tombstones.jsonl").read_bytes().splitlines()) == 2


def test_a_forgotten_recording_comes_back_only_when_that_is_said(either: Vault) -> None:
    tape = add(either)
    either.forget("P01", reason="wrong participant", today=TODAY)
    with pytest.raises(TapeForgotten, match="only if the participant agreed") as failed:
        add(either, participant="P02")
    assert failed.value.tombstone.tape == tape.id
    back = add(either, participant="P02", again=True)
    assert back.id == tape.id
    assert back.read_bytes("original") == MARKER * 3_000
    # What an old tombstone says of P01 does not reach the tape of P02.
    [stone] = list(either.tombstones())
    with pytest.raises(TapeError, match="there is no tape of participant 'P01'"):
        either.forget("P01", reason="again")
    [second] = either.forget("P02", reason="withdrawn")
    assert (second.participant, second.finished) == ("P02", True)
    assert either.tombstones() == (stone, second)


def test_forgetting_needs_to_know_what_and_why(either: Vault) -> None:
    tape = add(either)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"reason": "x"}, "either a participant or tapes"),
        ({"participant": "P01", "tapes": [tape.id], "reason": "x"}, "either a participant or tapes"),
        ({"participant": "P01", "reason": " "}, "needs a reason"),
        ({"participant": "P1", "reason": "x"}, "no tape of participant 'P1'. Did you mean 'P01'?"),
        ({"tapes": ["T-00000000"], "reason": "x"}, "there is no tape 'T-00000000'"),
        ({"tapes": ["../study"], "reason": "x"}, "there is no tape '../study'"),
    ]
    for words, message in wrong:
        with pytest.raises(TapeError, match=re.escape(message)):
            either.forget(**words)
    tape.verify()


def test_the_key_goes_before_all_else(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    tape, seen = add(vault), []
    folder = vault.folder / tape.id
    raw = (folder / "data-key").read_bytes()
    inode = os.open(folder / "data-key", os.O_RDONLY)
    unlink = Path.unlink

    def noted(path: Path, missing_ok: bool = False) -> None:
        seen.append((path.name, (folder / "data-key").exists()))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", noted)
    vault.forget("P01", reason="withdrawn")
    destroyed = [s for s in seen if s[0] != tape.id]
    assert destroyed[0] == ("data-key", True)
    assert {here for _, here in destroyed[1:]} == {False}
    # Overwritten where it lay, not only unlinked.
    os.lseek(inode, 0, os.SEEK_SET)
    after = os.read(inode, 1_000)
    os.close(inode)
    assert len(after) == len(raw)
    assert after != raw
    with pytest.raises(TapeError, match="the key of this tape was damaged"):
        tape.read_bytes("original")


class Killed(BaseException):
    """As if the process had ended here."""


@pytest.mark.parametrize("finish", ["forget", "clean", "add"])
def test_a_kill_at_any_step_of_forgetting_is_made_good(
    either: Vault, monkeypatch: pytest.MonkeyPatch, finish: str
) -> None:
    steps = 0
    while True:
        tape = add(either, again=True)
        stones = len(either.tombstones())
        left = steps
        with monkeypatch.context() as patch:

            def step(real: Callable[..., Any]) -> Callable[..., Any]:
                def counted(*words: Any, **more: Any) -> Any:
                    nonlocal left
                    if left == 0:
                        raise Killed
                    left -= 1
                    return real(*words, **more)

                return counted

            for name in ("begin_tombstone", "finish_tombstone", "overwrite", "sync_folder"):
                patch.setattr(forgetting, name, step(getattr(forgetting, name)))
            patch.setattr(Path, "unlink", step(Path.unlink))
            patch.setattr(Path, "rmdir", step(Path.rmdir))
            with suppress(Killed):
                either.forget("P01", reason="withdrawn", today=TODAY)
                break
        again = reopened(either)
        begun = len(again.tombstones()) > stones
        assert begun == (steps > 0)
        assert (tape.id in [t.id for t in again.tapes()]) == (not begun)
        if not begun:
            again.tape(tape.id).verify()
            again.forget("P01", reason="withdrawn", today=TODAY)
        elif finish == "forget":
            assert again.forget("P01", reason="second call")[-1].reason == "withdrawn"
        elif finish == "clean":
            again.clean()
        if finish != "add" or not begun:
            assert not (either.folder / tape.id).exists()
            assert len(again.tombstones()) == stones + 1
            assert again.tombstones()[-1].finished
        steps += 1
    assert steps > 10
    assert MARKER not in b"".join(everything(either.folder).values())


def test_a_half_written_line_is_left_out_and_a_changed_one_is_not(either: Vault) -> None:
    add(either)
    path = either.folder / "tombstones.jsonl"
    path.write_bytes(b'{"event": "forgotten", "tape": "T-')
    assert either.tombstones() == ()
    [stone] = either.forget("P01", reason="withdrawn")
    assert reopened(either).tombstones() == (stone,)
    path.write_bytes(path.read_bytes() + b"no json\n")
    with pytest.raises(TapeError, match=r"tombstones\.jsonl:3: this line is damaged"):
        either.tapes()
    path.write_bytes(b'{"event": "finished", "tape": "T-00000000"}\n')
    with pytest.raises(TapeError, match=r"tombstones\.jsonl:1: this line is damaged"):
        either.tombstones()
    (either.folder / "exports.jsonl").write_bytes(b'{"time": "2026"}\n')
    with pytest.raises(TapeError, match=r"exports\.jsonl:1: this line is damaged"):
        either.exports()


def test_an_export_of_no_tape_is_refused(either: Vault) -> None:
    with pytest.raises(TapeError, match="there is no tape 'T-00000000'"):
        either.note_export(["T-00000000"], "x", "transcript")
    assert either.exports() == ()


def test_links_in_a_tape_folder_are_removed_and_not_followed(either: Vault, tmp_path: Path) -> None:
    tape = add(either)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    (either.folder / tape.id / "way").symlink_to(outside)
    (either.folder / tape.id / "file").symlink_to(outside / "kept")
    either.forget("P01", reason="withdrawn")
    assert not (either.folder / tape.id).exists()
    assert (outside / "kept").read_bytes() == b"kept"
