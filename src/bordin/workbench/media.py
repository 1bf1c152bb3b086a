"""Sound, drawing and transcript of a tape as answers to a browser.

Sound is decrypted as it is sent, from any byte on; nothing of it reaches the disk. Who may hear a tape is for
the caller to decide. No answer says whose tape it is or when it was made: there is no date of the file, no
name and no tag that would follow a tape from one coder's page to another's.

Ranges follow RFC 9110. One range is answered with what was asked for, but with 1 MiB at most, half a minute of sound:
section 15.3.7 allows it, and players ask on from there. A browser asks for all that follows, and stops reading
when it has enough; each such answer would hold a thread of the server for as long as its page is open. Several
ranges at once, and a range that cannot be read, get 416: no player asks for several.
A range in another unit than bytes, or with ``If-Range``, is not looked at, and the whole is sent, since no
answer bears a tag or date that ``If-Range`` could match.
"""

from __future__ import annotations

import re

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)

from bordin.study.tape_sound import Packed, Stretch, pack_peaks, pack_transcript
from bordin.study.tapes import WORKING
from bordin.tapes.vault.vault import Tape

FILE_NAME = "tape.wav"
PART_MOST = 1 << 20
_ONE_RANGE = re.compile(r"([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_REFUSES_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


class OutOfRange(ValueError):
    """The bytes that were asked for do not exist, or the request for them cannot be read."""


def read_range(header: str, size: int) -> tuple[int, int] | None:
    """Return which bytes a Range header asks for.

    Parameters
    ----------
    header : str
        For example ``"bytes=0-1023"``, ``"bytes=500-"`` or ``"bytes=-500"``.
    size : int
        Bytes there are.

    Returns
    -------
    (int, int) or None
        First byte and how many; None when the header is not about bytes, so that it is to be ignored.

    Raises
    ------
    OutOfRange
        When there is no such byte, there are several ranges, or it cannot be read.
    """
    unit, equals, wanted = header.partition("=")
    if not equals or unit.strip().lower() != "bytes":
        return None
    found = _ONE_RANGE.fullmatch(wanted.strip())
    if found is None or found[0] == "-":
        raise OutOfRange(header)
    if not found[1]:
        count = min(int(found[2]), size)
        first = size - count
    else:
        first = int(found[1])
        last = min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < first:
            raise OutOfRange(header)
        count = last - first + 1
    if count <= 0:
        raise OutOfRange(header)
    return first, count


def serve_sound(request: HttpRequest, tape: Tape) -> HttpResponseBase:
    """Answer with the sound of a tape, or a range of it.

    Parameters
    ----------
    request : HttpRequest
        GET or HEAD; another method gets 405.
    tape : Tape
        From an opened vault.

    Returns
    -------
    HttpResponseBase
        200, 206, 416 or 405.

    Raises
    ------
    TapeError
        When the tape was forgotten, is locked or damaged. What is damaged later than the first block raises
        while it is sent, and the connection breaks off: no wrong sound is ever heard.
    """
    if request.method not in {"GET", "HEAD"}:
        return _quiet(HttpResponseNotAllowed(["GET", "HEAD"]))
    file = tape.reader(WORKING)
    size = file.size
    asked = request.headers.get("Range") if request.method == "GET" else None
    if asked is not None and "If-Range" in request.headers:
        asked = None
    try:
        part = read_range(asked, size) if asked is not None else None
    except OutOfRange:
        file.close()
        refused = _sound_head(HttpResponse(status=416), 0)
        refused.headers["Content-Range"] = f"bytes */{size}"
        return refused
    if request.method == "HEAD":
        file.close()
        return _sound_head(HttpResponse(), size)
    first, count = (part[0], min(part[1], PART_MOST)) if part else (0, size)
    sent = StreamingHttpResponse(Stretch(file, first, count), status=206 if part else 200)
    if part:
        sent.headers["Content-Range"] = f"bytes {first}-{first + count - 1}/{size}"
    return _sound_head(sent, count)


def peaks_json(tape: Tape) -> bytes:
    """Return the drawing of a tape as JSON; see :func:`bordin.study.tape_sound.pack_peaks`."""
    return pack_peaks(tape).plain


def transcript_json(tape: Tape) -> bytes:
    """Return the transcript of a tape as JSON; see :func:`bordin.study.tape_sound.pack_transcript`."""
    return pack_transcript(tape).plain


def serve_peaks(request: HttpRequest, tape: Tape) -> HttpResponseBase:
    """Answer with the drawing of a tape; raises as :func:`bordin.study.tape_sound.pack_peaks`."""
    return _serve_json(request, pack_peaks(tape))


def serve_transcript(request: HttpRequest, tape: Tape) -> HttpResponseBase:
    """Answer with the transcript of a tape; raises as :func:`bordin.study.tape_sound.pack_transcript`."""
    return _serve_json(request, pack_transcript(tape))


def _serve_json(request: HttpRequest, packed: Packed) -> HttpResponseBase:
    if request.method not in {"GET", "HEAD"}:
        return _quiet(HttpResponseNotAllowed(["GET", "HEAD"]))
    accepted = request.headers.get("Accept-Encoding", "").lower()
    gzipped = "gzip" in accepted and not _REFUSES_GZIP.search(accepted)
    data = packed.gzipped if gzipped else packed.plain
    answer = HttpResponse(data if request.method == "GET" else b"", content_type="application/json")
    answer.headers["Content-Length"] = str(len(data))
    if gzipped:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    return _quiet(answer)


def _sound_head(answer: HttpResponseBase, size: int) -> HttpResponseBase:
    answer.headers["Content-Type"] = "audio/wav"
    answer.headers["Content-Length"] = str(size)
    answer.headers["Content-Disposition"] = f'inline; filename="{FILE_NAME}"'
    answer.headers["Accept-Ranges"] = "bytes"
    # Said out loud, so that nothing on the way packs it: what is packed has no bytes that could be counted.
    answer.headers["Content-Encoding"] = "identity"
    return _quiet(answer)


def _quiet(answer: HttpResponseBase) -> HttpResponseBase:
    """Have nothing kept by the browser, nothing guessed, and nothing used by another site."""
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
