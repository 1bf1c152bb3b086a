"""The report as a Word document: real styles, heads that repeat, figures with text alternatives."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bordin.report.figures.svg import Figure, Picture
from bordin.report.paper import Block, Bullets, Command, Paper, Paragraphs, Section, Terms
from bordin.report.tables.model import Row, Table, TableCell
from bordin.report.text import Phrase, Run, phrase
from bordin.report.typesetting import pictures

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_FONT = "Times New Roman"
_TWIPS_PER_MM = 56.693
_PORTRAIT_MM, _LANDSCAPE_MM = 170.0, 257.0
_MARKS = {"yes": "● ", "no": "✕ ", "open": "○ "}
_COLORS = {"yes": "17664D", "no": "A0330B", "open": "4A4E55"}
_RUN = {
    "stat": "<w:i/>",
    "strong": "<w:b/>",
    "sup": '<w:vertAlign w:val="superscript"/>',
    "sub": '<w:vertAlign w:val="subscript"/>',
    "quiet": '<w:color w:val="4A4E55"/>',
    "mono": '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas"/><w:sz w:val="16"/>',
}
_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(paper: Paper) -> bytes:
    """Write the document.

    Parameters
    ----------
    paper : Paper

    Returns
    -------
    bytes
        The .docx file.
    """
    import docx

    made: Document = docx.Document()
    _set_styles(made)
    _set_page(made, paper)
    _head(made, paper)
    figures = [b for s in paper.sections for b in s.blocks if isinstance(b, Figure)]
    drawings = [picture for f in figures for picture in f.pictures]
    images = dict(zip((d.id for d in drawings), pictures(drawings), strict=True))
    for section in paper.sections:
        _section(made, section, images)
    stream = BytesIO()
    made.save(stream)
    return stream.getvalue()


def _set_styles(made: Document) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    ink = RGBColor(0x23, 0x26, 0x2A)
    sizes = {"Normal": 11.0, "Title": 20, "Heading 1": 13, "Caption": 10, "List Bullet": 11}
    for name, size in sizes.items():
        style = made.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = _FONT, Pt(size), ink
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(kind), None)
    made.styles["Normal"].paragraph_format.space_after = Pt(6)
    caption = made.styles["Caption"]
    caption.font.bold = False
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_before = Pt(10)
    for border in made.styles["Title"].element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)
    for name, size in (("Table Text", 8), ("Table Note", 8.5), ("Command", 9)):
        style = made.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = made.styles["Normal"]
        style.font.size = Pt(size)
        style.paragraph_format.space_before = Pt(1.5)
        style.paragraph_format.space_after = Pt(1.5 if name == "Table Text" else 3)
    made.styles["Command"].font.name = "Consolas"


def _set_page(made: Document, paper: Paper) -> None:
    from docx.shared import Mm

    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    page.top_margin, page.bottom_margin = Mm(22), Mm(20)
    _fill(page.header.paragraphs[0], phrase(Run(paper.notice, "quiet")), "Table Note")
    footer = page.footer.paragraphs[0]
    _fill(footer, phrase(Run(f"{paper.title}    ", "quiet")), "Table Note")
    footer._p.append(_element(f'<w:fldSimple {_W} w:instr="PAGE"><w:r><w:t>1</w:t></w:r></w:fldSimple>'))
    properties = made.core_properties
    properties.title, properties.language = _clean(paper.title), "en-US"
    properties.author, properties.comments = _clean(paper.authors), _clean(paper.notice)
    made_at = datetime.fromisoformat(paper.made_at).astimezone(UTC)
    properties.created = properties.modified = made_at
    properties.last_modified_by = "bordin"


def _head(made: Document, paper: Paper) -> None:
    _paragraph(made, phrase(paper.title), "Title")
    _paragraph(made, phrase(Run(paper.byline, "quiet")))
    if paper.notice:
        _paragraph(made, phrase(Run("Note.", "strong"), " ", paper.notice))
    _paragraph(made, phrase(Run(paper.conclusion, "strong")))
    texts = [f"{term}: {n} {remark}" for term, n, remark in paper.key_figures]
    _paragraph(made, phrase("; ".join(texts), "."))


def _section(made: Document, section: Section, images: dict[str, bytes]) -> None:
    headed = False
    for wide, blocks in groupby(section.blocks, key=lambda b: isinstance(b, Table) and b.wide):
        if wide:
            _turn(made, landscape=True)
        if not headed:
            _paragraph(made, phrase(section.title), "Heading 1")
            headed = True
        for block in blocks:
            _block(made, block, images, _LANDSCAPE_MM if wide else _PORTRAIT_MM)
        if wide:
            _turn(made, landscape=False)


def _turn(made: Document, *, landscape: bool) -> None:
    """Begin a section on the other side of the page."""
    from docx.enum.section import WD_ORIENT, WD_SECTION

    section = made.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    long, short = max(section.page_width, section.page_height), min(section.page_width, section.page_height)
    section.page_width, section.page_height = (long, short) if landscape else (short, long)


def _block(made: Document, block: Block, images: dict[str, bytes], width: float) -> None:
    if isinstance(block, Paragraphs):
        for p in block.paragraphs:
            _paragraph(made, p)
    elif isinstance(block, Bullets):
        for p in block.points:
            _paragraph(made, p, "List Bullet")
    elif isinstance(block, Terms):
        for term, p in block.pairs:
            _paragraph(made, phrase(Run(f"{term}: ", "strong"), p), "Table Note")
    elif isinstance(block, Command):
        _paragraph(made, phrase(block.text), "Command")
    elif isinstance(block, Figure):
        _figure(made, block, images, width)
    else:
        _caption(made, "Table", block.number, block.title)
        _append(made, _element(_table(block, width)))
        _notes(made, block.notes)


def _caption(made: Document, word: str, number: int, title: str) -> None:
    _paragraph(made, phrase(Run(f"{word} {number}", "strong"), "\n", Run(title, "stat")), "Caption")


def _notes(made: Document, notes: tuple[Phrase, ...]) -> None:
    for note in notes:
        _paragraph(made, note, "Table Note")
    if not notes:
        _paragraph(made, phrase(), "Table Note")


def _figure(made: Document, figure: Figure, images: dict[str, bytes], width: float) -> None:
    from docx.shared import Mm

    _caption(made, "Figure", figure.number, figure.title)
    each = width / figure.across - 4.5
    layout = made.add_table(-(-len(figure.pictures) // figure.across), figure.across)
    for place, picture in zip(layout._cells, figure.pictures, strict=False):
        paragraph = place.paragraphs[0]
        paragraph.paragraph_format.keep_with_next = bool(figure.notes)
        shape = paragraph.add_run().add_picture(BytesIO(images[picture.id]), width=Mm(each))
        _describe(shape, picture)
    _notes(made, figure.notes)


def _describe(shape: Any, picture: Picture) -> None:
    """Give a picture its text alternative."""
    properties = shape._inline.docPr
    properties.set("title", _clean(picture.title))
    properties.set("descr", _clean(f"{picture.title}. {picture.description}"))


def _paragraph(made: Document, text: Phrase, style: str = "Normal") -> None:
    _append(made, _element(_paragraph_xml(text, style)))


def _append(made: Document, element: Any) -> None:
    """Put an element at the end of the body, before the properties of its last section."""
    body = made.element.body
    body.insert(len(body) - 1, element)


def _paragraph_xml(text: Phrase, style: str, extra: str = "") -> str:
    # The library looks a style up by a slow search at every paragraph; its id is the name without blanks.
    runs = "".join(_run(run) for run in text)
    return f'<w:p {_W}><w:pPr><w:pStyle w:val="{style.replace(" ", "")}"/>{extra}</w:pPr>{runs}</w:p>'


def _fill(paragraph: Paragraph, text: Phrase, style: str) -> None:
    """Write into a paragraph that is there already, such as that of a page's head."""
    paragraph.style = style
    for run in text:
        paragraph._p.append(_element(_run(run, namespace=_W)))


def _element(xml: str) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(xml)


def _clean(text: str) -> str:
    """Leave out what XML cannot hold."""
    return _NOT_XML.sub("", text)


def _run(run: Run, *, bold: bool = False, color: str = "", namespace: str = "") -> str:
    style = _RUN.get(run.style, "")
    if bold and "<w:b/>" not in style:
        style = f"<w:b/>{style}"
    if color:
        style += f'<w:color w:val="{color}"/>'
    lines = [f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in _clean(run.text).split("\n")]
    return f"<w:r{' ' if namespace else ''}{namespace}><w:rPr>{style}</w:rPr>{'<w:br/>'.join(lines)}</w:r>"


def _table(table: Table, width: float) -> str:
    """Return a table with three rules; its head row repeats on every page."""
    total = sum(table.widths)
    widths = [round(w / total * width * _TWIPS_PER_MM) for w in table.widths]
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    body: list[str] = []
    for group in table.groups:
        body.extend(_group(group, widths))
    rules = '<w:top w:val="single" w:sz="8"/><w:bottom w:val="single" w:sz="8"/>'
    return (
        f'<w:tbl {_W}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblBorders>{rules}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="22" w:type="dxa"/><w:right w:w="22" w:type="dxa"/>'
        f"</w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{_head_row(table.head, widths)}{''.join(body)}</w:tbl>"
    )


def _head_row(row: Row, widths: list[int]) -> str:
    rule = '<w:tcBorders><w:bottom w:val="single" w:sz="4"/></w:tcBorders><w:vAlign w:val="bottom"/>'
    cells = "".join(_cell(cell, widths[k], rule) for k, cell in enumerate(row))
    return f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{cells}</w:tr>"


def _group(group: tuple[Row, ...], widths: list[int]) -> list[str]:
    """Return the rows of a group; a cell over several rows is continued by empty cells."""
    rows = []
    left = 0
    for k, row in enumerate(group):
        cells = []
        column = 0
        if left:
            cells.append(
                f'<w:tc><w:tcPr><w:tcW w:w="{widths[0]}" w:type="dxa"/><w:vMerge/></w:tcPr>'
                '<w:p><w:pPr><w:pStyle w:val="TableText"/></w:pPr></w:p></w:tc>'
            )
            column, left = 1, left - 1
        for cell in row:
            extra = f'<w:gridSpan w:val="{cell.colspan}"/>' if cell.colspan > 1 else ""
            if cell.rowspan > 1:
                extra += '<w:vMerge w:val="restart"/>'
                left = cell.rowspan - 1
            cells.append(
                _cell(cell, sum(widths[column : column + cell.colspan]), extra, keep=k < len(group) - 1)
            )
            column += cell.colspan
        rows.append(f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(cells)}</w:tr>")
    return rows


def _cell(cell: TableCell, width: int, extra: str = "", *, keep: bool = True) -> str:
    align = {"start": "left", "center": "center", "end": "right"}[cell.align]
    bold = cell.role in ("sure", "grouphead") or bool(cell.shape)
    color = _COLORS.get(cell.shape, "")
    runs = (Run(_MARKS[cell.shape]), *cell.content) if cell.shape else cell.content
    text = "".join(_run(run, bold=bold and run.style != "quiet", color=color) for run in runs)
    stay = "<w:keepNext/>" if keep else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{extra}</w:tcPr><w:p><w:pPr>'
        f'<w:pStyle w:val="TableText"/>{stay}<w:jc w:val="{align}"/></w:pPr>{text}</w:p></w:tc>'
    )
