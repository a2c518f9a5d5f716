"""Letters on paper: a PDF with one page each, for an envelope with a window. The same letters are the same bytes.

ReportLab draws text, page and QR code alike, with nothing but itself; the square is drawn in lines, sharp in any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import IO

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from pro_service.domain.letters import Letter

WIDTH, HEIGHT = A4
LEFT, TEXT_WIDTH = 25 * mm, WIDTH - 50 * mm
ADDRESS_TOP = HEIGHT - 50 * mm
"""Where the address field begins, as envelopes with a window have it (DIN 5008, form B)."""
BODY_TOP = HEIGHT - 105 * mm
SQUARE = 48 * mm

PLAIN = ParagraphStyle("plain", fontName="Helvetica", fontSize=12, leading=17)
TITLE = ParagraphStyle("title", parent=PLAIN, fontName="Helvetica-Bold", fontSize=20, leading=26)
SMALL = ParagraphStyle("small", parent=PLAIN, fontSize=9, leading=12)
CODE = ParagraphStyle("code", parent=PLAIN, fontName="Courier-Bold", fontSize=24, leading=32)


def print_letters(letters: Sequence[Letter], target: IO[bytes]) -> None:
    """Write these letters as one PDF, a page each, in the order given."""
    canvas = Canvas(target, pagesize=A4, invariant=True, pageCompression=1, lang=letters[0].language if letters else "")
    canvas.setTitle("Letters")
    canvas.setCreator("PRO service")
    for letter in letters:
        _page(canvas, letter)
        canvas.showPage()
    canvas.save()


def _page(canvas: Canvas, letter: Letter) -> None:
    canvas.setFont("Helvetica", 7)
    canvas.drawString(LEFT, ADDRESS_TOP, letter.participant)
    y = BODY_TOP
    for words, style in ((letter.title, TITLE), (letter.opening, PLAIN)):
        y = _flow(canvas, words, style, y)
    y = _square(canvas, letter, y)
    if letter.code:
        y = _flow(canvas, letter.typing, PLAIN, y)
        y = _flow(canvas, letter.code, CODE, y)
    y = _flow(canvas, letter.warning, PLAIN, y)
    _flow(canvas, letter.contact, PLAIN, y)


def _square(canvas: Canvas, letter: Letter, y: float) -> float:
    """The square that cameras read, the instruction beside it, and the link beneath for who wants to type it."""
    drawing = Drawing(SQUARE, SQUARE)
    drawing.add(QrCodeWidget(letter.link, barLevel="M", barWidth=SQUARE, barHeight=SQUARE))
    renderPDF.draw(drawing, canvas, LEFT, y - SQUARE)
    beside = LEFT + SQUARE + 8 * mm
    _flow(canvas, letter.scan, PLAIN, y - 4 * mm, left=beside, width=LEFT + TEXT_WIDTH - beside)
    return _flow(canvas, letter.link, SMALL, y - SQUARE - 2 * mm)


def _flow(
    canvas: Canvas, words: str, style: ParagraphStyle, y: float, *, left: float = LEFT, width: float = TEXT_WIDTH
) -> float:
    """Set one paragraph with its top at `y`; where the next one begins."""
    paragraph = Paragraph(escape(words), style)
    _, height = paragraph.wrap(width, HEIGHT)
    paragraph.drawOn(canvas, left, y - height)
    return float(y - height - 4 * mm)
