"""The command line: one file a verb.

A verb's module is imported only when the verb is called, so that ``bordin --help`` answers at
once; the summaries below are held against the docstrings by a test.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

VERBS: dict[str, str] = {
    "demo": "Run both example studies and say where their reports are.",
    "new": "Start a study folder with a commented protocol.",
    "check": "List every problem of a study folder at once.",
    "lock": "Freeze the protocol before the analysis.",
    "run": "Analyze a study folder and write its report.",
    "score": "Score a questionnaire file on its own.",
    "associate": "Correlate columns of a data file, with honest small-sample statistics.",
    "plan": "Say what a planned study can and cannot show.",
    "recheck": "Recheck a published correlation table.",
    "agree": "Measure how far coders agree, for any design.",
    "serve": "Serve the workbench: coders rate blind, patients answer, the lead sees the study.",
    "export": "Write the record of a workbench as flat files.",
    "backup": "Write a backup of a workbench while others go on working.",
    "restore": "Put a backup into a workbench that is empty, and verify it.",
    "catalog": "List the instruments and coding systems, or show one.",
    "schema": "Print the JSON Schema of study.toml, for editors.",
    "audit verify": "Read the record of a workbench through and say whether it adds up.",
    "tape add": "Seal recordings into a study's vault.",
    "tape list": "List the tapes of a study, and how far each is.",
    "tape process": "Find who spoke when, and what was said: one recording, or all tapes of a study.",
    "tape roles": "Say who is the therapist on a tape, and who the client.",
    "tape measures": "Count talk, turns, pauses and the like on every tape, for the association table.",
    "tape deidentify": "Review the names, places and numbers on a tape, and decide which are hidden in copies.",
    "tape export": "Write copies of transcripts and sound for other programs, without what is to be hidden.",
    "tape evaluate": "Measure the accuracy of a transcript against a corrected one.",
    "tape verify": "Read every sealed file through, and name those that were changed or are damaged.",
    "tape relock": "Open the tapes of a study by another passphrase, key file or keyring from now on.",
    "tape forget": "Destroy all tapes of a participant, and everything made of them.",
    "tape doctor": "Try every speech engine on a short sample, with the network shut.",
    "model add": "Check a speech model and keep it for later work.",
    "model list": "List the speech models on this computer, and those bordin knows.",
    "model pack": "Pack speech models into one checked file for a computer without network.",
}
GROUPS: dict[str, str] = {
    "audit": "The record of a workbench: what it can prove about itself.",
    "tape": "Recordings: seal, transcribe, measure, export, forget.",
    "model": "Speech models on this computer.",
}


# Packages that only some verbs need, and the extra of bordin that brings them.
EXTRAS = dict.fromkeys(
    (
        "av",
        "faster_whisper",
        "ctranslate2",
        "onnxruntime",
        "sherpa_onnx",
        "cryptography",
        "argon2",
        "keyring",
    ),
    "tape",
)
EXTRAS |= dict.fromkeys(
    ("django", "granian", "csp", "axes", "django_otp", "segno", "markdown_it"), "workbench"
)
EXTRAS["psycopg"] = "postgres"


def _module(verb: str) -> str:
    return f"bordin.cli.{verb.replace(' ', '.')}"


def _listed(verbs: dict[str, str]) -> str:
    width = max(map(len, verbs))
    return "\n".join(f"  {name:<{width}}  {summary}" for name, summary in verbs.items())


def _help() -> str:
    verbs = {name: summary for name, summary in VERBS.items() if " " not in name}
    return f"""bordin: from therapy tape to table.

Usage: bordin VERB [ARGUMENTS]

{_listed(verbs | GROUPS)}

bordin VERB --help tells more. All work is done on this computer; nothing is sent anywhere.
A first study: bordin new my-study, then bordin run my-study
"""


def _group_help(group: str) -> str:
    verbs = {n.partition(" ")[2]: summary for n, summary in VERBS.items() if n.startswith(f"{group} ")}
    return f"""{GROUPS[group]}

Usage: bordin {group} VERB [ARGUMENTS]

{_listed(verbs)}

bordin {group} VERB --help tells more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``bordin``; those of the process when absent.

    Returns
    -------
    int
        Exit status: 0 done; 1 done, but the data hold faults that are listed; 2 not done.
    """
    # One thread gives the same sums everywhere; more buy nothing on tables of this size.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _write_utf8()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in {"--help", "-h", "help"}:
        print(_help(), end="")
        return 0
    if words[0] in {"--version", "-V"}:
        from bordin import __version__

        print(f"bordin {__version__}")
        return 0
    from bordin.errors import BordinError, nearest

    length = 2 if words[0] in GROUPS else 1
    if length == 2 and (len(words) == 1 or words[1] in {"--help", "-h"}):
        print(_group_help(words[0]), end="")
        return 0
    verb = " ".join(words[:length])
    if verb not in VERBS:
        print(f"bordin: there is no verb {verb!r}. {nearest(verb, (*VERBS, *GROUPS))}", file=sys.stderr)
        return 2
    try:
        return _call(verb, words[length:])
    except BordinError as error:
        _tell(error)
        return 2
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(str(error.name).partition(".")[0])
        if extra is None:
            raise
        print(
            f"bordin: {verb} needs the package {error.name}, which is not installed. "
            f"Next: pip install 'bordin[{extra}]'",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except (KeyboardInterrupt, SystemExit) as ended:
        # typer turns Ctrl-C into this status before it gets here.
        if isinstance(ended, SystemExit) and ended.code != 130:
            raise
        print("\nStopped. Nothing was half written: files are replaced only when whole.", file=sys.stderr)
        return 130


def _write_utf8() -> None:
    """Write UTF-8 into files and pipes, also where the system's own encoding has no minus sign."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() not in {"utf-8", "utf8"}:
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


def verb_app(verb: str):  # type: ignore[no-untyped-def]  # typer is imported late
    """Build the typer application of one verb."""
    import typer

    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name=verb.rpartition(" ")[2])(import_module(_module(verb)).command)
    return app


def _call(verb: str, words: list[str]) -> int:
    import typer

    command = typer.main.get_command(verb_app(verb))
    status = command.main(args=words, prog_name=f"bordin {verb}", standalone_mode=True)
    return int(status or 0)


def _tell(error: Exception) -> None:
    """Print the problems of an error, each on a line, without a traceback."""
    from bordin.errors import BordinError, Problem

    problems = error.problems if isinstance(error, BordinError) else ()
    count = len(problems)
    if count > 1:
        print(f"{count} problems:", file=sys.stderr)
    alike: dict[tuple[str | None, ...], list[int | None]] = {}
    for p in problems:
        alike.setdefault((p.file, p.column, p.message, p.hint), []).append(p.line)
    for (file, column, message, hint), lines in alike.items():
        told = str(Problem(str(message), file, lines[0], column, hint))
        if len(lines) > 1:
            more = ", ".join(str(line) for line in lines[1:6]) + (", ..." if len(lines) > 6 else "")
            told += f" The same in {len(lines) - 1} more row{'s' if len(lines) > 2 else ''}: {more}."
        print(f"  {told}" if count > 1 else f"bordin: {told}", file=sys.stderr)
