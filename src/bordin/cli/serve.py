"""``bordin serve``: the workbench of a study, for one person on this computer or for a team."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bordin.study.study import Study
    from bordin.tapes.vault.vault import Vault


def command(
    study: Annotated[Path, typer.Argument(help="Study folder, or its study.toml.")] = Path(),
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on; 0 for any free one. 8642 when absent.", min=0, max=65535),
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    new_link: Annotated[
        bool, typer.Option("--new-link", help="Print a new one-time link for a lead who lost the password.")
    ] = False,
    key_file: Annotated[
        Path | None,
        typer.Option(
            help="Key file that opens the tapes. Otherwise BORDIN_PASSPHRASE, BORDIN_KEY_FILE, the keyring, or a question."
        ),
    ] = None,
) -> None:
    """Serve the workbench: coders rate blind, patients answer, the lead sees the study."""
    from bordin.store.server_file import read_server_file
    from bordin.study.study import load_study
    from bordin.workbench.server import address_of, check_server, free_port, is_served, only_server, serve
    from bordin.workbench.site import open_site

    loaded = load_study(study)
    folder = loaded.folder
    server = read_server_file(folder)
    if port is not None:
        server = server.model_copy(update={"port": port})
    check_server(folder, server)
    if new_link and is_served(folder):
        _link_beside_a_server(folder)
        return
    # The study first: what is served already is told before the port that it has.
    with only_server(folder, address_of(server, server.port)):
        number = free_port(server.address, server.port)
        vault, about_tapes = _vault(loaded, key_file)
        application = open_site(folder, vault, server)
        address = address_of(server, number)
        link = _link(address, always=new_link)
        print(f"{loaded.protocol.study.title}: {address}")
        if about_tapes:
            print(about_tapes)
        if link:
            print(f"For the lead, once: {link}")
        print("Stop with Ctrl+C.", flush=True)
        ready = None if no_browser or server.team else _opener(link or address)
        serve(application, folder, server, number, ready)
    print("Stopped. Everything that was saved is on disk.")


def _link(address: str, *, always: bool) -> str:
    """Return a link for the lead: while there is no password yet, or when one was asked for."""
    from bordin.store.accounts import first_lead, make_link

    lead, new = first_lead()
    if not new and not always:
        return ""
    return f"{address}/enter/{make_link(lead.pk, 'bordin', hours=24, forget_second=always)}/"


def _link_beside_a_server(folder: Path) -> None:
    """Make a link for a study that another process serves."""
    from bordin.store.opening import open_record
    from bordin.workbench.server import LOCK_FILE

    said = (folder / "workbench" / LOCK_FILE).read_text(encoding="utf-8").split()
    open_record(folder)
    print(f"For the lead, once: {_link(said[0] if said else '', always=True)}")


def _vault(study: Study, key_file: Path | None) -> tuple[Vault | None, str]:
    """Open the tapes; without a key they stay locked, and the second value says so."""
    from bordin.errors import TapeError
    from bordin.study.tapes import vault_folder

    place = vault_folder(study)
    if not (place / "vault.json").is_file():
        return None, ""
    from bordin.cli.tape.opening import asker
    from bordin.tapes.vault.keys import find_lock
    from bordin.tapes.vault.opening import open_vault

    ask = asker()

    def asked() -> str:
        typed = str(ask()) if ask is not None else ""
        if not typed:
            raise TapeError("no passphrase was given.")
        return typed

    try:
        lock = find_lock(place, key_file, asked if ask is not None else None)
    except TapeError as error:
        if key_file is not None:
            raise
        vault = open_vault(place)
        return vault, f"The tapes stay locked, so nobody can hear them: {error}"
    return open_vault(place, lock), ""


def _opener(address: str):  # type: ignore[no-untyped-def]  # a function that opens the browser
    def open_browser() -> None:
        import webbrowser

        time.sleep(0.1)
        webbrowser.open(address)

    return open_browser
