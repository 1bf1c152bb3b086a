"""Style sheet, scripts and their licenses: read once, kept in memory, sent packed, cached for good by browsers.

Their address holds a hash of them all, so that a new version of bordin is a new address.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from bordin import __version__

FOLDER = Path(__file__).parent / "static"
_REFUSES_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_TYPES |= {".txt": "text/plain; charset=utf-8", ".svg": "image/svg+xml"}


@cache
def contents() -> dict[str, bytes]:
    """Return every static file by its name below the folder, such as ``workbench/page.js``."""
    paths = sorted(p for p in FOLDER.rglob("*") if p.is_file())
    return {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path in paths}


@cache
def address() -> str:
    """Return the address in front of all static files: ``/static/`` and a hash of them."""
    digest = hashlib.sha256(__version__.encode())
    for name, data in contents().items():
        digest.update(name.encode() + b"\0" + data)
    return f"/static/{digest.hexdigest()[:12]}/"


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(contents()[name], 9, mtime=0)


def serve_static(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer the addresses of static files before anything looks at who asks."""
    prefix = address()

    def answer(request: HttpRequest) -> HttpResponseBase:
        name = request.path_info.removeprefix(prefix)
        if name == request.path_info or name not in contents() or request.method not in {"GET", "HEAD"}:
            return get_response(request)
        accepted = request.headers.get("Accept-Encoding", "").lower()
        packed = "gzip" in accepted and not _REFUSES_GZIP.search(accepted)
        data = _packed(name) if packed else contents()[name]
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = HttpResponse(data if request.method == "GET" else b"", content_type=kind)
        response.headers["Content-Length"] = str(len(data))
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if packed:
            response.headers["Content-Encoding"] = "gzip"
        return response

    return answer
