"""What every answer carries: the policy, no guessing of types, no frames, no caches; and what is cached for good."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client, override_settings
from made_study import PASSWORD, Small, small

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "media-src": "'self' blob:",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


@pytest.fixture(scope="module")
def study(django_on, tmp_path_factory) -> Small:
    return small(tmp_path_factory.mktemp("headers"))


def every_answer(study: Small):
    """Answers of every page that takes GET, to everybody, and errors of each kind."""
    from bordin.workbench.urls import PAGES

    strict = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    yield "bad host", Client(HTTP_HOST="evil.example.org").get("/")
    yield "no page", study.client("Lead").get("/nothing/")
    yield "no token", strict.post("/login/", {})
    yield "method", study.client("Lead").get("/logout/")
    yield "wrong password", study.client().post("/login/", {"username": "nobody", "password": "x"})
    own = study.assignments["Alder", "S001"]
    for name in (None, "Alder", "Lead", "Dana", "Rowan"):
        client = study.client(name)
        for page in PAGES:
            path = page.path.replace("<str:assignment>", own)
            path = path.replace("<str:", "").replace("<int:", "").replace(">", "")
            for number in ("number", "fact"):
                path = path.replace(f"/{number}/", "/7/")
            yield f"{name} {path}", client.get(f"/{path}")


def test_every_answer_forbids_what_no_page_needs(study):
    count = 0
    for what, answer in every_answer(study):
        count += 1
        policy = dict(d.strip().split(" ", 1) for d in answer.headers["Content-Security-Policy"].split(";"))
        styles = policy["style-src"].split()
        assert styles[0] == "'self'", what
        assert all(s.startswith("'nonce-") for s in styles[1:]), what
        assert {**policy, "style-src": "'self'"} == POLICY, what
        assert answer.headers["X-Content-Type-Options"] == "nosniff", what
        assert answer.headers["X-Frame-Options"] == "DENY", what
        assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, what
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", what
        assert answer.headers["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()", what
        assert "no-store" in answer.headers["Cache-Control"], what
        assert "Strict-Transport-Security" not in answer.headers, what
        assert "unsafe" not in answer.headers["Content-Security-Policy"], what
        if answer.headers.get("Content-Type", "").startswith("text/html") and answer.content:
            page = answer.content.decode()
            for forbidden in ("style=", "onclick=", "onload=", "onchange=", "<style>", "javascript:"):
                assert forbidden not in page, f"{what}: {forbidden}"
            assert "http://" not in page.replace("http://127.0.0.1", "").replace("http://www.w3.org/", ""), (
                what
            )
            assert "https://" not in page, what
    assert count > 100


def test_what_goes_wrong_in_the_program_carries_them_too(study, monkeypatch):
    from bordin.workbench import own_account

    def broken(*_given):
        raise RuntimeError("a fault of the program, with P001 in it")

    monkeypatch.setattr(own_account, "_page", broken)
    client = study.client("Lead")
    client.raise_request_exception = False
    answer = client.get("/account/")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "What was saved before is safe" in page
    assert "P001" not in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_static_files_are_packed_and_kept_for_good(study):
    from bordin.workbench.static_files import address, contents

    client = Client(HTTP_HOST="127.0.0.1")
    for name, data in contents().items():
        plain = client.get(address() + name)
        assert plain.content == data
        assert "Content-Encoding" not in plain.headers
        packed = client.get(address() + name, headers={"Accept-Encoding": "gzip, deflate, br"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == data
        assert int(packed.headers["Content-Length"]) == len(packed.content)
        assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert packed.headers["Vary"] == "Accept-Encoding"
        assert packed.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in packed.headers
        assert not packed.cookies
    refusing = client.get(f"{address()}workbench/page.js", headers={"Accept-Encoding": "br, gzip;q=0"})
    assert "Content-Encoding" not in refusing.headers
    head = client.head(f"{address()}workbench/page.js")
    assert (head.content, int(head.headers["Content-Length"])) == (b"", len(contents()["workbench/page.js"]))
    assert client.get(f"{address()}workbench/page.js").headers["Content-Type"].startswith("text/javascript")
    assert client.get(f"{address()}workbench/workbench.css").headers["Content-Type"].startswith("text/css")


def test_the_address_of_static_files_follows_their_content(monkeypatch):
    from bordin.workbench import static_files

    before = static_files.address()
    changed = {**static_files.contents(), "workbench/page.js": b"other"}
    monkeypatch.setattr(static_files, "contents", lambda: changed)
    assert static_files.address.__wrapped__() != before


def test_pages_are_packed_and_their_tokens_are_never_the_same_twice(study):
    """What is packed and reflects a secret can be guessed by its length (BREACH): the token is masked anew each time."""
    client = study.client("Lead")
    pages = [client.get("/account/", headers={"Accept-Encoding": "gzip"}) for _ in range(4)]
    assert {p.headers["Content-Encoding"] for p in pages} == {"gzip"}
    tokens = {gzip.decompress(p.content).split(b'name="csrfmiddlewaretoken" value="')[1][:64] for p in pages}
    assert len(tokens) == 4
    assert len({len(p.content) for p in pages}) > 1, "and the length says nothing exact"


def test_cookies_are_few_and_closed_to_scripts(study):
    anybody = Client(HTTP_HOST="127.0.0.1")
    done = anybody.post("/login/", {"username": "lead", "password": PASSWORD})
    assert done.status_code == 302
    names = {name.rsplit("_", 1)[0] if name.startswith("bordin_") else name for name in anybody.cookies}
    assert names <= {"bordin_login", "bordin_form"}
    assert "bordin_login" in names
    for cookie in anybody.cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["domain"] == ""
    assert not Client(HTTP_HOST="127.0.0.1").get("/").cookies
    assert not Client(HTTP_HOST="127.0.0.1").get("/accounts/").cookies


def test_two_studies_on_one_computer_have_cookies_of_their_own(tmp_path):
    from bordin.store.server_file import ServerFile
    from bordin.workbench.site import site_settings

    own = ServerFile.model_validate({})
    names = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        made = site_settings(tmp_path / folder, own)
        names |= {made["SESSION_COOKIE_NAME"], made["CSRF_COOKIE_NAME"]}
        assert made["SECRET_KEY"] == site_settings(tmp_path / folder, own)["SECRET_KEY"], (
            "a restart keeps logins"
        )
    assert len(names) == 4


@pytest.mark.parametrize("how", [{"certificate": "c.pem", "key": "k.pem"}, {"behind_proxy": True}])
def test_a_team_has_encrypted_cookies_and_is_told_to_come_back_encrypted(study, tmp_path, how):
    from bordin.store.server_file import ServerFile
    from bordin.workbench.site import site_settings

    server = ServerFile.model_validate({"hosts": ["coding.example.org"], **how})
    made = site_settings(tmp_path, server)
    assert (
        made["SESSION_COOKIE_SECURE"] is made["CSRF_COOKIE_SECURE"] is made["LANGUAGE_COOKIE_SECURE"] is True
    )
    assert made["CSRF_TRUSTED_ORIGINS"] == ["https://coding.example.org"]
    assert made["ALLOWED_HOSTS"] == ["coding.example.org", "127.0.0.1", "localhost", "[::1]"]
    with override_settings(SECURE_HSTS_SECONDS=made["SECURE_HSTS_SECONDS"]):
        answer = Client(HTTP_HOST="127.0.0.1").get("/login/", secure=True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_only_a_server_behind_a_proxy_believes_what_a_proxy_says(tmp_path):
    from bordin.store.server_file import ServerFile
    from bordin.workbench.site import site_settings

    own = site_settings(tmp_path, ServerFile.model_validate({}))
    assert own["SECURE_PROXY_SSL_HEADER"] is None
    assert (own["SECURE_HSTS_SECONDS"], own["SESSION_COOKIE_SECURE"]) == (0, False)
    behind = site_settings(
        tmp_path, ServerFile.model_validate({"hosts": ["coding.example.org"], "behind_proxy": True})
    )
    assert behind["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_pages_let_the_browser_say_where_a_form_comes_from(study):
    """With no-referrer on a page, browsers send `Origin: null` with its forms, and each of them would be refused."""
    for name, path in (("Lead", "/account/"), (None, "/login/"), ("Alder", "/queue/")):
        page = study.client(name).get(path).content.decode()
        assert 'name="referrer" content="no-referrer"' not in page, path
    strict = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    token = strict.get("/login/").content.decode().split('name="csrfmiddlewaretoken" value="')[1][:64]
    sent = {"username": "lead", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert strict.post("/login/", sent, headers={"Origin": "null"}).status_code == 403
    assert strict.post("/login/", sent, headers={"Origin": "http://evil.example.org"}).status_code == 403
    assert strict.post("/login/", sent, headers={"Origin": "http://127.0.0.1"}).status_code == 302
