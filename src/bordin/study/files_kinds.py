"""What kind of file some bytes are, and what to do with the kinds that are not read."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from bordin.errors import DataError, Problem


class Kind(Enum):
    """A kind of file that is read; the value completes "it is ... file"."""

    TEXT = "a text"
    EXCEL = "an Excel"
    SPSS = "an SPSS"
    SPSS_PORTABLE = "an SPSS portable"
    PARQUET = "a Parquet"


_KIND_BY_SUFFIX = {
    ".xlsx": Kind.EXCEL,
    ".xlsm": Kind.EXCEL,
    ".sav": Kind.SPSS,
    ".zsav": Kind.SPSS,
    ".por": Kind.SPSS_PORTABLE,
    ".parquet": Kind.PARQUET,
}
_EXPORT = "Export it as .xlsx or as CSV (UTF-8)."
_UNREAD_SUFFIXES = {
    ".xls": "an old Excel workbook",
    ".xlsb": "a binary Excel workbook",
    ".ods": "an OpenDocument sheet",
    ".numbers": "an Apple Numbers sheet",
    ".dta": "a Stata file",
    ".sas7bdat": "a SAS file",
    ".rds": "an R file",
    ".rdata": "an R file",
    ".rda": "an R file",
    ".jasp": "a JASP file",
    ".omv": "a jamovi file",
    ".spv": "SPSS output, not data",
    ".docx": "a Word document",
    ".pdf": "a PDF",
    ".json": "a JSON file",
}
_UNREAD_MARKS = (
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b", "a compressed (gzip) file"),
    (b"{\\rtf", "an RTF document"),
    (b"<stata_dta>", "a Stata file"),
    (b"RDX2\n", "an R file"),
    (b"RDX3\n", "an R file"),
    (b"SQLite format 3", "a database"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def kind_of(path: Path, data: bytes) -> Kind:
    """Tell the kind of a file from its first bytes.

    Parameters
    ----------
    path : Path
        The file; its ending is asked only where the bytes do not decide.
    data : bytes
        Its content.

    Raises
    ------
    DataError
        When the kind is not read, or the ending promises another kind than the content has.
    """
    suffix = path.suffix.lower()
    if data.startswith(b"PK\x03\x04"):
        return _kind_of_zip(path, data)
    if data.startswith(_OLE):
        raise _old_or_locked(path, data)
    if data.startswith((b"$FL2", b"$FL3")):
        return Kind.SPSS
    if b"SPSSPORT" in data[:600].replace(b"\r", b"").replace(b"\n", b""):
        return Kind.SPSS_PORTABLE
    if data.startswith(b"PAR1"):
        return Kind.PARQUET
    for mark, what in _UNREAD_MARKS:
        if data.startswith(mark):
            raise _unread(path, what)
    if (
        data[:200]
        .lstrip(b"\xef\xbb\xbf \t\r\n")
        .lower()
        .startswith((b"<html", b"<!doctype", b"<?xml", b"<table"))
    ):
        raise _unread(path, "a web page or XML")
    if suffix in _UNREAD_SUFFIXES:
        raise _unread(path, _UNREAD_SUFFIXES[suffix])
    if suffix in _KIND_BY_SUFFIX:
        raise DataError(
            Problem(
                f"it is named {suffix}, but its content is not {_KIND_BY_SUFFIX[suffix].value} file.",
                file=str(path),
                hint="It may be damaged: export it again. If it is a text file, name it .csv.",
            )
        )
    return Kind.TEXT


def _kind_of_zip(path: Path, data: bytes) -> Kind:
    """Tell the kinds apart that are zip archives inside."""
    import io
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            mime = archive.read("mimetype") if "mimetype" in names else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise DataError(
            Problem(
                "the file is damaged: its archive cannot be opened.",
                file=str(path),
                hint="Perhaps the copy was cut short: open it in the program that made it and save it again.",
            )
        ) from None
    if "xl/workbook.xml" in names:
        return Kind.EXCEL
    if "xl/workbook.bin" in names:
        raise _unread(path, "a binary Excel workbook")
    if b"opendocument" in mime:
        raise _unread(path, "an OpenDocument file")
    if any(name.endswith(".iwa") or name == "Index.zip" for name in names):
        raise _unread(path, "an Apple Numbers sheet")
    if any(name.startswith("word/") for name in names):
        raise _unread(path, "a Word document")
    raise DataError(
        Problem("this is a zip archive.", file=str(path), hint="Unpack it and name the file inside.")
    )


def _old_or_locked(path: Path, data: bytes) -> DataError:
    """Tell a workbook with a password from one of before 2007: both have the same first bytes."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return DataError(
            Problem(
                "the workbook is protected by a password.",
                file=str(path),
                hint="In Excel: File, Info, Protect Workbook, Encrypt with Password; "
                "empty the box and save a copy in a safe place.",
            )
        )
    return _unread(path, "an old Excel workbook (.xls)")


def _unread(path: Path, what: str) -> DataError:
    return DataError(Problem(f"this is {what}, which is not read.", file=str(path), hint=_EXPORT))
