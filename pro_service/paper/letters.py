"""Letters on paper: a PDF with one page each, for an envelope with a window. The same letters are the same bytes.

ReportLab draws text and square alike: every letter of the text is embedded, the square is drawn in lines, sharp in any
size, and what is read aloud comes in the order in which it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pro_service.domain.letters import Letter
from pro_service.paper.fonts import BOLD, EVEN, PLAIN, printable, register
from pro_service.paper.squares import square
from pro_service.paper.tags import Tags

WIDTH, HEIGHT = A4
LEFT, TEXT_WIDTH = 25 * mm, WIDTH - 50 * mm
ADDRESS_TOP = HEIGHT - 50 * mm
"""Where the address field begins, as envelopes with a window have it (DIN 5008, form B)."""
BODY_TOP = HEIGHT - 105 * mm
SQUARE = 48 * mm

GAP = 4 * mm
"""Between two paragraphs."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph is set: its font, the size of its signs, and the distance of its lines, in points."""

    font: str
    size: int
    leading: int


TEXT, TITLE, SMALL, CODE = Style(PLAIN, 11, 16), Style(BOLD, 19, 26), Style(PLAIN, 8, 12), Style(EVEN, 24, 32)


def print_letters(letters: Sequence[Letter], target: IO[bytes]) -> None:
    """Write these letters as one PDF, a page each, in the order given. Unprintable where a sign cannot be printed."""
    ready = [_printable(one) for one in letters]
    register()
    canvas = Canvas(
        target, pagesize=A4, invariant=True, pageCompression=1, lang=ready[0].language if ready else "",
        initialFontName=PLAIN,
    )  # fmt: skip
    canvas.setTitle(ready[0].title if ready else "")
    canvas.setAuthor("")
    canvas.setSubject("")
    canvas.setCreator("PRO service")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    tags = Tags(canvas)
    for letter in ready:
        with tags.page(letter.language):
            _page(canvas, tags, letter)
    tags.close()
    canvas.save()


def _printable(letter: Letter) -> Letter:
    """The letter, once it is sure that what a study wrote can be set."""
    return replace(
        letter,
        participant=printable(letter.participant, "the participant's code"),
        contact=printable(letter.contact, "the contact of the study"),
    )


def _page(canvas: Canvas, tags: Tags, letter: Letter) -> None:
    with tags.mark("P"):
        canvas.setFont(PLAIN, 7)
        canvas.drawString(LEFT, ADDRESS_TOP, letter.participant)
    with tags.mark("H1"):
        y = _flow(canvas, letter.title, TITLE, BODY_TOP)
    with tags.mark("P"):
        y = _flow(canvas, letter.opening, TEXT, y)
    y = _square(canvas, tags, letter, y)
    for words, style in ((letter.typing, TEXT), (letter.code, CODE), (letter.warning, TEXT), (letter.contact, TEXT)):
        if words:
            with tags.mark("P"):
                y = _flow(canvas, words, style, y)


def _square(canvas: Canvas, tags: Tags, letter: Letter, y: float) -> float:
    """The square that cameras read, the instruction beside it, and the link beneath for who wants to type it."""
    with tags.mark("Figure", instead=letter.square, box=(LEFT, y - SQUARE, LEFT + SQUARE, y)):
        _draw(canvas, letter.link, y)
    beside = LEFT + SQUARE + 8 * mm
    with tags.mark("P"):
        _flow(canvas, letter.scan, TEXT, y - 4 * mm, left=beside, width=LEFT + TEXT_WIDTH - beside)
    with tags.mark("P"):
        return _flow(canvas, letter.link, SMALL, y - SQUARE - 2 * mm)


def _draw(canvas: Canvas, link: str, y: float) -> None:
    drawn = square(link)
    cell = SQUARE / drawn.size
    dark = canvas.beginPath()
    for column, row, length in drawn.bars:
        dark.rect(LEFT + column * cell, y - (row + 1) * cell, length * cell, cell)
    canvas.drawPath(dark, stroke=0, fill=1)


def _flow(
    canvas: Canvas, words: str, style: Style, y: float, *, left: float = LEFT, width: float = TEXT_WIDTH
) -> float:
    """Set one paragraph with its top at `y`; where the next one begins."""
    text = canvas.beginText(left, y - style.size)
    text.setFont(style.font, style.size, style.leading)
    lines = [part for line in simpleSplit(words, style.font, style.size, width) for part in _cut(line, style, width)]
    text.textLines(lines, trim=0)
    canvas.drawText(text)
    return float(y - style.leading * len(lines) - GAP)


def _cut(line: str, style: Style, width: float) -> Iterator[str]:
    """A line as it fits: what has no space to break at, such as a link, is cut where the line ends."""
    start = 0
    for end in range(1, len(line) + 1):
        if stringWidth(line[start:end], style.font, style.size) > width:
            yield line[start : end - 1]
            start = end - 1
    yield line[start:]
