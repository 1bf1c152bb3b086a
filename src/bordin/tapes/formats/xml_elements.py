"""XML read safely, with the line of every element.

A document type is refused altogether: it is the door to external entities and to entities that grow without end,
and no file of ELAN has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from bordin.errors import Problem, TapeError

_DEEPEST = 64


@dataclass
class Element:
    """An element with its line."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        """Yield the children of this tag."""
        return (c for c in self.children if c.tag == tag)

    def get(self, name: str) -> str:
        """Return an attribute; empty where it is absent."""
        return self.attributes.get(name, "")


def read_xml(data: bytes, file: str) -> Element:
    """Read a document.

    Raises
    ------
    TapeError
        With the line at which it is no XML, or where it declares a document type.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element("", {}, 0)
    opened = [top]

    def begin(tag: str, attributes: dict[str, str]) -> None:
        line = parser.CurrentLineNumber
        if len(opened) > _DEEPEST:
            raise TapeError(Problem("this XML is nested too deeply.", file, line))
        element = Element(tag, attributes, line)
        opened[-1].children.append(element)
        opened.append(element)

    def end(_tag: str) -> None:
        opened.pop()

    def take(text: str) -> None:
        opened[-1].text += text

    def refuse(*_declaration: object) -> None:
        message = "the file declares a document type, which may pull in other files, and is not read."
        raise TapeError(Problem(message, file, parser.CurrentLineNumber, hint="Save it again in ELAN."))

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = take
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise TapeError(Problem(f"this is no well-formed XML ({reason}).", file, error.lineno)) from None
    except (ValueError, LookupError):
        raise TapeError(Problem("this XML has an encoding that cannot be read.", file, 1)) from None
    return top.children[0]
