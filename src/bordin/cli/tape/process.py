"""``bordin tape process``: one recording outside a study, or all tapes of a study."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bordin.cli.tape.opening import KeyFile

if TYPE_CHECKING:
    from bordin.study.study import Study
    from bordin.tapes.engines.choose import Wish
    from bordin.tapes.shapes import Transcript
    from bordin.tapes.vault.vault import Tape, Vault


def command(
    target: Annotated[Path, typer.Argument(help="A recording, or a study folder.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for what is made of a recording; a stopped run continues from it."),
    ] = None,
    speakers: Annotated[
        int | None,
        typer.Option(min=0, max=8, help="How many people speak, 2 when absent; 0 leaves it to the diarizer."),
    ] = None,
    channels: Annotated[
        str | None, typer.Option(help="Who speaks on each channel, such as therapist,client.")
    ] = None,
    diarizer: Annotated[
        str | None,
        typer.Option(help="onnx, onnx:SEGMENTATION,EMBEDDING, channels, pyannote:DIR or rttm:FILE."),
    ] = None,
    recognizer: Annotated[
        str | None,
        typer.Option(
            help="faster-whisper, faster-whisper:NAME or DIR, whispercpp:FILE, import:FILE or none."
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language code such as en; found out when absent.")
    ] = None,
    glossary: Annotated[
        str | None, typer.Option(help="Words to expect, separated by commas, such as boom and bust.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Corrected turns or transcript, to measure accuracy against.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Only this session or tape of the study.")] = None,
    processes: Annotated[int, typer.Option(help="How many tapes are worked on at once.")] = 1,
    key_file: KeyFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
) -> None:
    """Find who spoke when, and what was said: one recording, or all tapes of a study."""
    from dataclasses import replace

    from bordin.errors import Problem, TapeError
    from bordin.tapes.engines.choose import Wish

    threads = max(1, (os.cpu_count() or 1) // max(processes, 1))
    in_study = target.is_dir() or target.name == "study.toml"
    if not in_study and not target.is_file():
        raise TapeError(Problem("there is no such recording or study folder.", file=target.name))
    if in_study:
        from bordin.cli.tape.opening import opened
        from bordin.study.tapes import protocol_wish

        if out is not None or reference is not None:
            raise TapeError(
                Problem(
                    "--out and --reference belong to one recording outside a study.",
                    hint="Accuracy within a study: bordin tape export, then bordin tape evaluate.",
                )
            )
        study, vault = opened(target, key_file)
        base = protocol_wish(study, threads)
    else:
        base = Wish(threads=threads)
    wish = replace(
        base,
        speakers=base.speakers if speakers is None else speakers,
        channels=base.channels if channels is None else _split(channels),
        diarizer=base.diarizer if diarizer is None else diarizer,
        recognizer=base.recognizer if recognizer is None else recognizer,
        language=base.language if language is None else language,
        glossary=base.glossary if glossary is None else _split(glossary),
    )
    if in_study:
        _study(study, vault, wish, session=session, processes=processes, as_json=as_json, quiet=quiet)
    else:
        _recording(target, wish, out=out, reference=reference, as_json=as_json, quiet=quiet)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


# ---------------------------------------------------------------- one recording


def _recording(
    file: Path, wish: Wish, *, out: Path | None, reference: Path | None, as_json: bool, quiet: bool
) -> None:
    import json

    from bordin.cli.tape.batch import Progress
    from bordin.tapes.one_recording import process_recording
    from bordin.tapes.stages import share_done

    progress = Progress([1.0], quiet=quiet or as_json)
    made = process_recording(
        file,
        wish,
        out=out,
        reference=reference,
        tell=lambda stage, share: progress.within(file.name, stage, share, share_done(stage, share)),
    )
    if progress.live:
        progress.say("")
    if as_json:
        print(json.dumps(made.record, ensure_ascii=False, indent=1))
        return
    _show(made.transcript, made.record)
    for path in made.written:
        print(f"  {path}")


def _show(transcript: Transcript, record: dict[str, Any]) -> None:
    """Print a transcript for a person to read."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from bordin.cli.tape.evaluate import NAMES
    from bordin.report.number import percent
    from bordin.tapes.shapes import UNCERTAIN_SPEAKER

    console = Console(highlight=False)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for turn in transcript.turns:
        words = Text()
        for w in turn.words:
            words.append(w.text, "italic" if UNCERTAIN_SPEAKER in w.marks else "")
            words.append(" ")
        table.add_row(_clock(turn.start), turn.speaker, words if turn.words else Text(turn.text, "dim"))
    console.print(table)
    console.print()
    evaluation = record.get("evaluation")
    if evaluation:
        known = [
            f"{NAMES[k].strip()} {percent(evaluation[k], 1)}" for k in NAMES if evaluation[k] is not None
        ]
        console.print("Against the reference: " + ", ".join(known))
    for warning in record["warnings"]:
        console.print(f"Note: {warning}", soft_wrap=True, markup=False)
    if any(UNCERTAIN_SPEAKER in w.marks for w in transcript.words):
        console.print("Words in italics stand near a change of speaker: either may have said them.")
    console.print(transcript.notice, style="dim")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


# ---------------------------------------------------------------- a study


def _study(
    study: Study,
    vault: Vault,
    wish: Wish,
    *,
    session: str | None,
    processes: int,
    as_json: bool,
    quiet: bool,
) -> None:
    import json
    from dataclasses import asdict

    from bordin.cli.tape.batch import Progress, counted, duration, run, show_warnings
    from bordin.cli.tape.opening import tape_named
    from bordin.study.tapes import Processed, ProcessTask, process_tape
    from bordin.tapes.engines.choose import choose

    choose(wish)  # what is missing is told once, before the first tape
    vault.clean()
    tapes = vault.tapes() if session is None else (tape_named(vault, session),)
    _refuse_one_file(wish, len(tapes))
    seconds = {t.id: _length(t) for t in tapes}
    # The longest first: else the last worker is still busy when all others have nothing left to do.
    ordered = sorted(seconds, key=lambda name: -seconds[name])
    prints = study.protocol.tapes.voiceprints
    tasks = [ProcessTask(vault, name, wish, prints) for name in ordered]
    progress = Progress([seconds[name] for name in ordered], quiet=quiet or as_json)

    def told(_: ProcessTask, done: Processed) -> str:
        if not done.new:
            return "was done already in this way"
        heard = f"{counted(done.turns, 'turn')}, {counted(done.words, 'word')}"
        return f"session {done.session}, {heard} in {duration(done.seconds)}"

    done, failures = run(
        process_tape if processes > 1 else partial(_with_progress, progress, seconds),
        tasks,
        processes=processes,
        progress=progress,
        size=lambda t: seconds[t.tape],
        told=told,
        name=lambda t: t.tape,
    )
    if as_json:
        failed = [{"tape": t.tape, "why": why} for t, why in failures]
        print(json.dumps({"done": [asdict(d) for d in done], "failed": failed}, ensure_ascii=False, indent=1))
    else:
        show_warnings([(d.tape, warning) for d in done for warning in d.warnings])
        print(f"{counted(len(done), 'tape')} done, {len(failures)} not done.")
        if done and not wish.channels:
            print(
                f"Next, for each tape, see who the speakers are and say it: bordin tape roles {study.folder} SESSION"
            )
    if failures:
        raise typer.Exit(1)


def _refuse_one_file(wish: Wish, tapes: int) -> None:
    """Refuse to give the turns or words of one file to several tapes."""
    from bordin.errors import Problem, TapeError

    for kind in (wish.diarizer.partition(":")[0], wish.recognizer.partition(":")[0]):
        if kind in {"rttm", "import"} and tapes > 1:
            what = f"{kind}: names the file of one tape, and there are {tapes}."
            raise TapeError(Problem(what, hint="Say which tape it is with --session."))


def _length(tape: Tape) -> float:
    """Return the seconds of a tape; a damaged one has none here, and says so when it is worked on."""
    from bordin.errors import TapeError

    try:
        return float(tape.facts()["recording"]["decoded"])
    except TapeError:
        return 0.0


def _with_progress(progress, seconds, task):  # type: ignore[no-untyped-def]  # its types are imported late
    from bordin.study.tapes import process_tape
    from bordin.tapes.stages import share_done

    size = seconds[task.tape]

    def tell(stage: str, share: float) -> None:
        progress.within(task.tape, stage, share, size * share_done(stage, share))

    return process_tape(task, tell)
