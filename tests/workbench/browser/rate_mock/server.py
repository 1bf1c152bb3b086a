"""A stand-in for the workbench's server, for the coder's pages alone: real templates and static files, invented tape.

It keeps what is saved in memory and does as it is told at ``/mock/``: fail, hang, refuse, forget the login. Run it by
hand to look at the pages: ``python tests/workbench/browser/rate_mock/server.py 8009``, then ``/rate/tape000017/``.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
import sys
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.urls import path

ROOT = Path(__file__).resolve().parents[4] / "src" / "bordin" / "workbench"
settings.configure(
    STATIC_URL="/static/",
    USE_I18N=True,
    # The account menu names one address of the site.
    ROOT_URLCONF=(path("account/", lambda request: None, name="own account"),),
    LANGUAGE_CODE="en",
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [str(ROOT / "templates")]}
    ],
)
django.setup()

from django.template.loader import render_to_string  # noqa: E402

from bordin.coding.catalog import load  # noqa: E402

RATE = 16_000
MINUTE = 2 * RATE * 60
LETTERS = {"active_plans": "p", "evidence_congruent": "g", "evidence_incongruent": "i"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self' blob:; font-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
TYPES = {".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
SAID = (
    "I got up at the same time every day, even on Sunday.",
    "So you kept to the plan, whatever the night had been like.",
    "Mostly. On Wednesday I lay down after lunch, and then I could not sleep before two.",
    "What do you make of that?",
    "That the body clock takes it as a night. My [sister] says I should rest until I am well.",
    "Mm-hm.",
)
SECTION = """<h3>Listen for</h3><ul><li>What was done, when, how often</li><li>A reason in the model’s terms</li>
<li>Who brings it up: patient or therapist</li></ul><h3>Decide</h3><ul><li>Rate what was done, not how well it went.</li>
<li>Between two anchors, take the lower one unless the reason came unasked.</li></ul>
<h3>Clear example</h3><blockquote>“I stopped early, because stopping is the point.”</blockquote>"""


def fresh() -> dict[str, Any]:
    """Return how a server stands that nobody has told anything."""
    return {
        "minutes": 90,
        "mode": "ok",
        "delay": 0.0,
        "refuse": {},
        "turns": True,
        "locked": False,
        "practice": False,
        "guess": False,
        "scale": "",
        "empty": False,
        "peaks": True,
        "token": "token-1",
        "keys": {},
        "dimensions": 7,
        "changes": [],
        "ids": [],
        "requests": [],
        "lock": None,
        "start": "none",
        "sound": True,
        "assignment": "",
        "zip": True,
    }


state = fresh()
held = threading.Lock()


def dimensions() -> list[dict[str, Any]]:
    """Return the shipped coding system's dimensions as the page gets them."""
    system = load("socialization-7")
    found = []
    for d in system.dimensions[: state["dimensions"]]:
        anchors = [{"point": a.point, "text": a.text} for a in d.anchors]
        low, high, step = d.low, d.high, d.step
        if d.id == "resistance" and state["scale"]:
            low, high, step = {
                "ten": (0.0, 10.0, 1.0),
                "half": (1.0, 5.0, 0.5),
                "hundred": (0.0, 100.0, 1.0),
            }[state["scale"]]
            anchors = [a for a in anchors if low <= a["point"] <= high]
        points = [low + i * step for i in range(round((high - low) / step) + 1)]
        found.append({
            "id": d.id, "name": d.name, "key": LETTERS.get(d.id, d.id[0]), "low": low, "high": high, "points": points,
            "step": step, "start": None, "start_meaning": "", "anchors": anchors, "definition": d.definition,
            "section_html": SECTION, "only_if_text": "",
        })  # fmt: skip
    return found


def given() -> dict[str, Any]:
    """Return what was saved, as the page gets it."""
    ratings: dict[str, Any] = {}
    marks: dict[str, Any] = {}
    memo, heard = "", [[0.0, 2472.0]] if state["start"] == "half" else []
    if state["start"] != "none":
        for name, value in (
            ("concordance", 4),
            ("resistance", 2),
            ("understanding", 4),
            ("evidence_congruent", 4),
        ):
            ratings[name] = {"value": value, "reason": ""}
        ratings["active_plans"] = {"value": None, "reason": "Tape incomplete"}
        notes = (("concordance", 168.0, "Both think the mornings come first"), ("understanding", 252.0, "Body clock, in her own words"),
                 ("resistance", 697.0, "“Yes, but” to the diary"), ("evidence_congruent", 2437.0, "Gets up after a bad night, unprompted"),
                 ("evidence_congruent", 2459.0, "Ten minutes’ walk, stops as planned"))  # fmt: skip
        for i, (dimension, seconds, note) in enumerate(notes):
            marks[f"m{i}"] = {"mark": f"m{i}", "dimension": dimension, "seconds": seconds, "note": note}
        memo = "Sound drops 22:10 to 22:40, asked for nothing new there."
    if state["start"] == "full":
        heard = [[0.0, state["minutes"] * 60.0]]
        for name in ("evidence_incongruent", "avoidance"):
            ratings[name] = {"value": 1, "reason": ""}
    for change in state["changes"]:
        kind = change["kind"]
        if kind == "rating" and change["value"] is None and not change.get("reason"):
            ratings.pop(change["dimension"], None)
        elif kind == "rating":
            ratings[change["dimension"]] = {"value": change["value"], "reason": change.get("reason", "")}
        elif kind == "mark":
            marks[change["mark"]] = {k: change[k] for k in ("mark", "dimension", "seconds", "note")}
        elif kind == "unmark":
            marks.pop(change["mark"], None)
        elif kind == "memo":
            memo = change["text"]
        elif kind == "play":
            heard.append([change["start"], change["end"]])
    return {"ratings": ratings, "marks": list(marks.values()), "memo": memo, "heard": heard}


def rate_page(assignment: str, nonce: str) -> str:
    """Draw the rating page."""
    system = load("socialization-7")
    tape = {
        "assignment": assignment, "name": "Tape 017", "position": 13, "total": 20, "seconds": state["minutes"] * 60.0,
        "locked": state["locked"], "practice": state["practice"], "dimensions": dimensions(), "reasons": list(system.reasons),
        "source": "audio", "guess": [{"id": "arm", "label": "Which treatment do you think this was?", "choices": ["Treatment A", "Treatment B"]}] if state["guess"] else [],
        "keys": state["keys"], "manual_version": "1.0", "stopped_at": 2472.0 if state["start"] == "half" else 0.0, **given(),
    }  # fmt: skip
    return draw("rate.html", {"tape": tape, "data": tape, "nonce": nonce})


def queue_page() -> str:
    """Draw the queue, or an empty one."""
    lengths = (52, 49, 58, 47, 54, 51, 45, 56)
    rows = [
        {"order": 13 + i, "assignment": f"tape00{n:04}", "name": f"Tape {n:03}", "minutes": minutes, "of": 7, "rated": 5 if i == 0 else 0,
         "state": "now" if i == 0 else "open", "heard": 0.79 if i == 0 else 0.0, "action": ("resume", "next")[i] if i < 2 else "later"}
        for i, (n, minutes) in enumerate(zip((17, 33, 10, 39, 2, 24, 14, 45), lengths, strict=True))
    ] + [
        {"order": 12 - i, "assignment": f"tape00{n:04}", "name": f"Tape {n:03}", "minutes": 55 - i, "of": 7, "rated": 7, "state": "locked",
         "heard": 1.0 - i / 40, "action": "view"} for i, n in enumerate((27, 19, 44))
    ]  # fmt: skip
    practice = {
        "certified": True, "criterion": "Criterion of the protocol: 6 of 7 within one point on two tapes in a row.",
        "rows": [{"name": f"Practice {i + 1}", "assignment": f"practice{i}", "exact": 3 + i // 2, "within": min(7, 5 + i), "of": 7, "state": "locked"} for i in range(4)],
    }  # fmt: skip
    queue = {
        "next": {"assignment": "tape000017", "name": "Tape 017", "rated": 5, "of": 7, "marks": 7, "stopped_at": 2472.0, "resume_at": 2470.5, "seconds": 3136.0, "heard": 0.79, "begun": True},
        "rows": rows, "progress": {"locked": 12, "total": 20, "usual_minutes": 64.0, "hours_left": 8}, "practice": practice,
        "differed": [{"name": "Tape 008", "assignment": "tape000008", "differ": 2, "of": 7}, {"name": "Tape 036", "assignment": "tape000036", "differ": 1, "of": 7}],
        "manual_version": "1.0", "empty": "", "show": "all", "counts": {"all": 20, "todo": 8, "locked": 12}, "more": True, "page": 1,
    }  # fmt: skip
    if state["empty"]:
        queue |= {
            "next": None, "rows": [], "practice": None, "differed": [], "more": False,
            "progress": {"locked": 0, "total": 0, "usual_minutes": None, "hours_left": None}, "counts": {"all": 0, "todo": 0, "locked": 0},
            "empty": "No tape is waiting for you yet. The lead will tell you when tapes are allocated.",
        }  # fmt: skip
    return draw("queue.html", {"queue": queue})


def draw(name: str, context: dict[str, Any]) -> str:
    """Draw a template with what every page has."""
    nav = [
        {"url": u, "label": t, "current": u == "/queue/"}
        for u, t in (("/queue/", "Queue"), ("/practice/", "Practice"), ("/manual/", "Manual"))
    ]
    shared = {
        "me": {"name": "Birch", "role": "coder", "theme": "auto"},
        "nav": nav,
        "csrf_token": state["token"],
    }
    return render_to_string(f"workbench/{name}", {**shared, **context})


def turns() -> list[dict[str, Any]]:
    """Return who spoke when, for the whole tape."""
    chance, found, at = random.Random(7), [], 1.0
    while at < state["minutes"] * 60 - 12:
        therapist = len(found) % 2 == 1
        long = chance.uniform(2, 7) if therapist else chance.uniform(4, 15)
        found.append(
            {
                "speaker": "therapist" if therapist else "patient",
                "start": round(at, 1),
                "end": round(at + long, 1),
                "text": SAID[len(found) % len(SAID)],
            }
        )
        at += long + chance.uniform(0.2, 0.9)
    return found


@lru_cache
def peaks(minutes: int) -> dict[str, Any]:
    """Return the shape of a wave that speaks and pauses."""
    chance, found, per_second = random.Random(3), [], 5
    for i in range(minutes * 60 * per_second):
        loud = 0.25 + 0.75 * abs(math.sin(i / 23) * math.sin(i / 7.3))
        high = round(110 * loud * chance.uniform(0.3, 1))
        found += [-round(high * chance.uniform(0.7, 1)), high]
    return {"duration": minutes * 60.0, "per_second": per_second, "peaks": found}


def sound(first: int, last: int) -> bytes:
    """Return bytes of a WAV file that is never made as a whole."""
    size = state["minutes"] * MINUTE
    head = (
        b"RIFF"
        + (36 + size).to_bytes(4, "little")
        + b"WAVEfmt "
        + (16).to_bytes(4, "little")
        + (1).to_bytes(2, "little")
        + (1).to_bytes(2, "little")
    )
    head += (
        RATE.to_bytes(4, "little")
        + (2 * RATE).to_bytes(4, "little")
        + (2).to_bytes(2, "little")
        + (16).to_bytes(2, "little")
        + b"data"
        + size.to_bytes(4, "little")
    )
    begin, out = max(first, 44) - 44, head[first : last + 1]
    need = last + 1 - max(first, 44)
    if need > 0:
        shift = begin % len(TONE)
        out += (TONE * (need // len(TONE) + 2))[shift : shift + need]
    return out


TONE = b"".join(
    int(9000 * math.sin(i / 12) * abs(math.sin(i / 4000))).to_bytes(2, "little", signed=True)
    for i in range(RATE)
)


@lru_cache(256)
def packed(data: bytes) -> bytes:
    """Return bytes as a server sends them that packs a file once."""
    return gzip.compress(data, 9)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(
        self, body: bytes | str, kind: str = "text/html; charset=utf-8", status: int = 200, **more: str
    ) -> None:
        """Send an answer, packed where the browser takes it."""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        if (
            len(data) > 500
            and state["zip"]
            and not kind.startswith("audio")
            and "gzip" in self.headers.get("Accept-Encoding", "")
        ):
            data = packed(data)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy", POLICY.format(nonce="bm9uY2U"))
        for name, value in {"Cache_Control": "no-store", **more}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def json(self, body: Any, status: int = 200) -> None:
        """Send JSON."""
        self.answer(json.dumps(body), "application/json", status)

    def do_GET(self) -> None:
        """Answer a page, a file, a tape."""
        path = urlsplit(self.path).path
        state["requests"].append(path)
        tape = re.fullmatch(r"/tape/\w+/(sound|peaks|transcript)", path)
        if path == "/mock/state":
            self.json({**state, "given": given()})
        elif path.startswith("/static/workbench/"):
            file = ROOT / "static" / path.removeprefix("/static/")
            self.answer(
                file.read_bytes(), TYPES[file.suffix], Cache_Control="max-age=31536000"
            ) if file.is_file() else self.answer("", status=404)
        elif path == "/queue/":
            self.answer(queue_page())
        elif match := re.fullmatch(r"/rate/(\w+)/", path):
            self.answer(rate_page(match[1], "bm9uY2U"))
        elif tape and tape[1] == "sound":
            self.sound() if state["sound"] else self.json({"error": "no sound"}, 500)
        elif tape and tape[1] == "peaks":
            self.json(peaks(state["minutes"])) if state["peaks"] else self.json({"error": "no peaks"}, 500)
        elif tape:
            self.json(
                {
                    "turns": turns() if state["turns"] else [],
                    "notice": "Words by a recognizer; the tape counts." if state["turns"] else "",
                }
            )
        else:
            self.answer(
                "<!doctype html><html lang=en><title>No page</title><h1>No page</h1></html>", status=404
            )

    def sound(self) -> None:
        """Send a part of the tape, two megabytes at most at a time."""
        size = state["minutes"] * MINUTE + 44
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) if asked and asked[2] else size - 1, size - 1, first + (2 << 20))
        self.answer(
            sound(first, last),
            "audio/wav",
            206,
            Content_Range=f"bytes {first}-{last}/{size}",
            Accept_Ranges="bytes",
        )

    def do_POST(self) -> None:
        """Take what the page sends."""
        path = urlsplit(self.path).path
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if path == "/mock/set":
            self.told(sent)
            return
        state["requests"].append(path)
        if state["mode"] == "drop":
            self.close_connection = True
            return
        time.sleep(state["delay"])
        if self.headers.get("X-CSRFToken") != state["token"]:
            self.answer("too old", status=403)
        elif state["mode"] == "login":
            self.json({"error": "login ended"}, 401)
        elif state["mode"] == "fail":
            self.json({"error": "broken"}, 500)
        elif path.endswith("/save/") and state["assignment"] not in path:
            self.json({"error": "the page of a test before"}, 404)
        elif path.endswith("/save/"):
            self.save(sent)
        elif path.endswith("/lock/"):
            missing = [d["name"] for d in dimensions() if d["id"] not in given()["ratings"]]
            state["lock"] = sent
            self.json(
                {"error": f"{len(missing)} dimensions left: {', '.join(missing)}"}, 400
            ) if missing else self.json({"next": "/queue/"})
        elif path == "/keys/":
            state["keys"] = sent["keys"]
            self.json({"keys": sent["keys"]})
        else:
            self.answer("", status=404)

    def told(self, sent: dict[str, Any]) -> None:
        """Do as a test says."""
        with held:
            if sent.pop("fresh", False):
                state.clear()
                state.update(fresh())
            state.update(sent)
        self.json({})

    def save(self, sent: dict[str, Any]) -> None:
        """Keep changes, each once."""
        if state["locked"]:
            self.json({"error": "These ratings are locked."}, 409)
            return
        saved, refused = [], []
        with held:
            for change in sent["changes"]:
                if state["refuse"].get(change["kind"]):
                    refused.append({"id": change["id"], "message": state["refuse"][change["kind"]]})
                    continue
                if change["id"] not in state["ids"]:
                    state["ids"].append(change["id"])
                    state["changes"].append(change)
                saved.append(change["id"])
        self.json({"saved": saved, "at": time.strftime("%H:%M:%S"), "refused": refused})


def main() -> None:
    """Serve until standard input ends, so that no server outlives its test."""
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
