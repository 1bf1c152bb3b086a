"""German as proof that the pages can be read in another language, and how somebody chooses it."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.test import Client
from made_study import Small, small

import bordin

WORKBENCH = Path(bordin.__file__).parent / "workbench"
TEMPLATES = WORKBENCH / "templates" / "workbench"
FOLDER = WORKBENCH / "locale" / "de" / "LC_MESSAGES"

# What every coder, every person with a form and everybody who logs in reads. The lead's pages follow.
COVERED = (
    "frame.html",
    "_account.html",
    "login.html",
    "enter.html",
    "second_factor.html",
    "_recovery_codes.html",
    "accounts.html",
    "own_account.html",
    "locked_out.html",
    "refused.html",
    "queue.html",
    "rate.html",
    "_rate_words.html",
    "_rating_form.html",
    "_player.html",
    "_key_sheet.html",
    "_lock_dialog.html",
    "form.html",
    "form_thanks.html",
    "form_closed.html",
    "accounts.py",
    "login.py",
    "second_factor.py",
    "own_account.py",
    "pages.py",
    "refusals.py",
)
STRING = r"u?(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"


def read_po(path: Path) -> dict[tuple[str, int], str]:
    """Return (msgid, which plural) -> text of a .po file, written in Python so that no program is needed."""
    found: dict[tuple[str, int], str] = {}
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                assert "fuzzy" not in line, block
                continue
            text = line
            if not line.startswith('"'):
                name, _, text = line.partition(" ")
            fields[name] = fields.get(name, "") + ast.literal_eval(text)
        if "msgid" not in fields:
            continue
        for key, text in fields.items():
            if key == "msgstr":
                assert (fields["msgid"], 0) not in found, f"twice: {fields['msgid']}"
                found[fields["msgid"], 0] = text
            elif key.startswith("msgstr["):
                found[fields["msgid"], int(key[7])] = text
    return found


def read_mo(path: Path) -> dict[tuple[str, int], str]:
    with path.open("rb") as file:
        catalog = gettext.GNUTranslations(file)._catalog
    return {k if isinstance(k, tuple) else (k, 0): v for k, v in catalog.items()}


def strings(name: str) -> set[str]:
    """Return every string of a template or module that is marked for translation."""
    if name.endswith(".html"):
        from django.utils.translation.template import templatize

        text = templatize((TEMPLATES / name).read_text(encoding="utf-8"))
        return {ast.literal_eval(m) for m in re.findall(rf"\bn?gettext\({STRING}", text)} | {
            ast.literal_eval(m) for m in re.findall(rf"_\({STRING}\)", text)
        }
    tree = ast.parse((WORKBENCH / name).read_text(encoding="utf-8"))
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"_", "gettext", "gettext_lazy"}
        and isinstance(node.args[0], ast.Constant)
    }


@pytest.fixture(scope="module")
def texts() -> dict[tuple[str, int], str]:
    return read_po(FOLDER / "django.po")


@pytest.fixture
def study(django_on, tmp_path) -> Small:
    return small(tmp_path)


def test_the_compiled_file_is_made_of_the_one_that_people_write(texts):
    assert read_mo(FOLDER / "django.mo") == texts
    assert len(texts) > 350


@pytest.mark.parametrize("name", COVERED)
def test_every_string_of_these_pages_has_a_german_text(texts, name):
    found = strings(name)
    assert found, f"{name} marks nothing for translation"
    assert sorted(s for s in found if not texts.get((s, 0))) == []


def test_texts_keep_what_is_filled_in_and_what_is_marked_up(texts):
    for (source, which), text in texts.items():
        if not source:
            continue
        assert text, source
        for pattern in (r"%\(\w+\)s", r"(?<!%)\{\w+\}", r"</?\w+>", "%%"):
            wanted, got = sorted(re.findall(pattern, source)), sorted(re.findall(pattern, text))
            assert wanted == got, (source, which, text)


def test_a_browser_is_answered_in_its_language(study):
    german = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    page = german.get("/login/").content.decode()
    assert '<html lang="de"' in page
    assert "Anmeldename" in page
    assert '<html lang="en"' in Client(HTTP_HOST="127.0.0.1").get("/login/").content.decode()
    klingon = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Language": "tlh"})
    assert "Login name" in klingon.get("/login/").content.decode()


def test_an_account_chooses_its_language_and_keeps_it_on_another_computer(study):
    from made_study import PASSWORD

    from bordin.store.tables import Account

    lead = study.client("Lead")
    assert lead.post("/account/", {"change": "language", "language": "de"}).status_code == 302
    page = lead.get("/account/").content.decode()
    assert "Ihr Konto" in page
    assert "Die Seiten sind jetzt in dieser Sprache." in page
    assert '<option value="de" lang="de" selected>Deutsch</option>' in page
    assert Account.objects.get(name="Lead").settings == {"language": "de"}
    elsewhere = Client(HTTP_HOST="127.0.0.1")
    elsewhere.post("/login/", {"username": "lead", "password": PASSWORD})
    assert "Ihr Konto" in elsewhere.get("/account/").content.decode()
    refused = lead.post("/account/", {"change": "language", "language": "tlh"})
    assert refused.status_code == 422
    assert "Diese Sprache gibt es hier nicht." in refused.content.decode()


def test_refusals_and_rules_for_passwords_are_german_too(study):
    from bordin.store.accounts import make_link
    from bordin.store.tables import Account

    german = Client(HTTP_HOST="127.0.0.1", headers={"Accept-Language": "de"})
    assert "Diese Seite gibt es nicht." in german.get("/nothing/").content.decode()
    token = make_link(Account.objects.get(name="Alder").pk, "Lead")
    page = german.post(f"/enter/{token}/", {"password": "kurz", "again": "kurz"}).content.decode()
    assert "Dieses Passwort ist zu kurz" in page
    assert "Vier oder fünf Wörter" in page


def test_the_coders_queue_is_german(study):
    alder = study.client("Alder")
    alder.cookies["bordin_language"] = "de"
    page = alder.get("/queue/").content.decode()
    assert "Ihre Reihenfolge" in page
    assert "Your queue" not in page
