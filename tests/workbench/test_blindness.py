"""Nothing that coder B entered, and nothing that could tell, is in any answer to coder A.

Values that occur nowhere else are planted wherever the record and the protocol can hold them; then every address of the
workbench is asked as coder A, with every id that there is, and every link of every page is followed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from made_study import DIMENSIONS, Small, small

ARM, FILE, DATE = "zephyrarm", "zephyrfile.wav", "2031-03-07"
MEMO, NOTE, PAPER = "zephyrmemo", "zephyrnote", "zephyranswer"
REASON = "Not audible"
B_SECONDS = 777.375
PLANTED = (
    ARM,
    FILE,
    DATE,
    MEMO,
    NOTE,
    PAPER,
    str(B_SECONDS),
    "zephyrtherapist",
    "zephyrcolumn",
    "PZ01",
    "SZ01",
)
# Of others, whatever the state of things: names of the other coder come with a release alone.
OTHERS = ("Birch", "birch", "S001", "P001", "zephyr")


@pytest.fixture
def planted(tmp_path: Path) -> Small:
    """A study in which coder Birch locked all tapes, and everything that can be hidden has a name of its own."""
    made = small(tmp_path)
    from bordin.store.record import NewFact
    from bordin.store.tables import ImportedFile, ImportedRow, Participant, Session
    from bordin.store.writer import add

    Participant.objects.create(id="PZ01", arm=ARM, therapist="zephyrtherapist")
    Session.objects.create(id="SZ01", participant_id="PZ01", number=31, minutes=50)
    Participant.objects.filter(id="P001").update(arm=ARM, therapist="zephyrtherapist")
    file = ImportedFile.objects.create(part="sessions", name=FILE, headings=["date"], sha256="0" * 64, fact=1)
    ImportedRow.objects.create(
        file=file, number=1, participant="P001", session="S001", cells=[DATE, "zephyrcolumn"]
    )
    for session in ("S001", "S002"):
        place = {"assignment": made.assignments["Birch", session], "session": session}
        for i, d in enumerate(DIMENSIONS):
            value = None if i == 0 else 6
            reason = REASON if i == 0 else None
            add(
                NewFact(
                    "rating",
                    "Birch",
                    coder="Birch",
                    item=f"socialization.{d}",
                    value=value,
                    reason=reason,
                    **place,
                )
            )
        add(
            NewFact(
                "mark",
                "Birch",
                item="socialization.avoidance",
                value=B_SECONDS,
                detail={"mark": "zephyrmark"},
                text=NOTE,
                participant="P001",
                **place,
            ),
            NewFact("memo", "Birch", text=MEMO, participant="P001", **place),
            NewFact("play", "Birch", detail={"start": 3, "end": B_SECONDS, "speed": 1}, **place),
            NewFact("guess", "Birch", coder="Birch", item="arm", reason=ARM, **place),
            NewFact("lock", "Birch", coder="Birch", item="socialization", **place),
        )
        add(
            NewFact(
                "agreed",
                "Lead",
                session=session,
                item="socialization.avoidance",
                value=2,
                text="zephyrwhy",
                detail={"rule": "zephyrrule"},
            )
        )
    add(
        NewFact(
            "import rating",
            "Lead",
            session="S001",
            coder="zephyrstandard",
            item="socialization.avoidance",
            value=5,
        )
    )
    add(NewFact("invitation", "Lead", item="zephyrinv", detail={"form": "zephyrform"}))
    return made


def _addresses(made: Small) -> list[tuple[str, str]]:
    """Return every address with every id filled in, as (method, path)."""
    from bordin.workbench.urls import PAGES

    ids = [*made.assignments.values(), "S001", "P001", "SZ01", "zephyrinv", "1", "Birch", "socialization"]
    found = []
    for page in PAGES:
        holes = re.findall(r"<(?:(\w+):)?(\w+)>", page.path)
        filled = [page.path]
        for kind, name in holes:
            values = ["1", "2", "3"] if kind == "int" else ids
            hole = re.compile(rf"<(?:\w+:)?{name}>")
            filled = [hole.sub(value, path) for path in filled for value in values]
        found += [(method, f"/{path}") for path in filled for method in page.methods]
    return found


def _walk(client, begin: list[str]) -> dict[str, bytes]:
    """Follow every link from some pages on."""
    seen: dict[str, bytes] = {}
    waiting = list(begin)
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        answer = client.get(path)
        seen[path] = _body(answer)
        for link in re.findall(
            r'(?:href|src|hx-get|action)="(/[^"]*)"', seen[path].decode("utf-8", "replace")
        ):
            if not link.startswith("/static/") and "logout" not in link:
                waiting.append(link.partition("#")[0])
    return seen


def _body(answer) -> bytes:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = "\n".join(f"{k}: {v}" for k, v in answer.headers.items()).encode()
    cookies = answer.cookies.output().encode()
    return content + b"\n" + headers + b"\n" + cookies


def _leaks(body: bytes, asked: str = "") -> list[str]:
    """Return what of others stands in an answer; what the request itself named does not count."""
    text = body.decode("utf-8", "replace")
    return [word for word in (*PLANTED, *OTHERS) if word in text and word not in asked]


def test_every_address_is_silent_about_what_is_hidden(planted: Small) -> None:
    client = planted.client("Alder")
    asked = 0
    for method, path in _addresses(planted):
        answer = (
            client.get(path) if method == "GET" else client.post(path, "{}", content_type="application/json")
        )
        assert _leaks(_body(answer), path) == [], f"{method} {path} tells {_leaks(_body(answer), path)}"
        asked += 1
    assert asked > 100


def test_every_page_that_can_be_reached_is_silent(planted: Small) -> None:
    client = planted.client("Alder")
    seen = _walk(client, ["/", "/queue/", "/practice/", "/manual/"])
    own = planted.assignments["Alder", "S001"]
    assert f"/rate/{own}/" in seen
    for path, body in seen.items():
        assert _leaks(body, path) == [], f"{path} tells {_leaks(body, path)}"
        for theirs in (a for (coder, _), a in planted.assignments.items() if coder == "Birch"):
            assert theirs.encode() not in body, path


def test_own_work_goes_on_and_tells_nothing(planted: Small) -> None:
    client, own = planted.client("Alder"), planted.assignments["Alder", "S001"]

    def post(path: str, content: dict) -> tuple[int, bytes]:
        answer = client.post(path, json.dumps(content), content_type="application/json")
        return answer.status_code, _body(answer)

    for i, d in enumerate(DIMENSIONS):
        change = {"id": f"own-change-{i}", "kind": "rating", "dimension": d, "value": 3}
        status, body = post(f"/rate/{own}/save/", {"changes": [change]})
        assert (status, _leaks(body)) == (200, [])
    status, body = post(f"/rate/{own}/lock/", {"guess": {}})
    assert (status, _leaks(body)) == (200, [])
    # Locked, not released: still nothing of the other coder.
    seen = _walk(client, ["/queue/", f"/rate/{own}/"])
    for path, body in seen.items():
        assert _leaks(body, path) == [], f"{path} tells {_leaks(body, path)}"
    status, body = post(
        f"/rate/{own}/save/", {"changes": [{"id": "late-change", "kind": "memo", "text": "x"}]}
    )
    assert (status, _leaks(body)) == (409, [])


def test_the_assignment_of_another_coder_does_not_exist(planted: Small) -> None:
    client, theirs = planted.client("Alder"), planted.assignments["Birch", "S003"]
    for path in (
        f"/rate/{theirs}/",
        f"/tape/{theirs}/sound",
        f"/tape/{theirs}/peaks",
        f"/tape/{theirs}/transcript",
    ):
        assert client.get(path).status_code == 404, path
    for path in (f"/rate/{theirs}/save/", f"/rate/{theirs}/lock/"):
        content = json.dumps({"changes": [{"id": "not-mine-1", "kind": "memo", "text": "x"}]})
        assert client.post(path, content, content_type="application/json").status_code == 404, path
    from bordin.store.tables import Fact

    assert not Fact.objects.filter(actor="Alder", kind="memo").exists()


def test_the_modules_of_the_coder_import_nothing_that_could_tell() -> None:
    import ast

    folder = Path(__file__).parents[2] / "src" / "bordin"
    allowed = {"blind", "saving", "tables", "training", "writer"}
    for name in ("queue", "rating"):
        tree = ast.parse((folder / "workbench" / f"{name}.py").read_text(encoding="utf-8"))
        taken = {
            node.module.removeprefix("bordin.store.")
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("bordin.store.")
        }
        assert taken <= allowed, f"{name}.py imports {taken - allowed}"
        tables = [
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "bordin.store.tables"
            for alias in node.names
        ]
        assert set(tables) <= {"CODER", "Account"}, f"{name}.py imports tables {tables}"
