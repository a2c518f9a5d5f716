"""The letters that paper is set in: DejaVu, embedded, as far as they are used. The package of pictures brings them.

They have the letters of every European language, Greek, Cyrillic, Armenian and Georgian among them. What they have not,
and what runs from right to left, is refused before anything is printed: an empty box on paper helps nobody.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unicodedata import bidirectional, normalize

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

from pro_service.domain.errors import Unprintable

PLAIN, BOLD, EVEN = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono-Bold"
"""For reading, for headings, and with signs of one width, for a code."""
BACKWARDS = frozenset({"R", "AL"})
BLANK = frozenset("\t\n\r ")


@cache
def register() -> TTFont:
    """Make the fonts known, once for each process; the plain one."""
    pictures = find_spec("matplotlib")  # looked up, not loaded: it takes half a second
    if pictures is None or pictures.origin is None:
        raise FileNotFoundError("matplotlib, which brings the fonts of letters, is not installed")
    folder = Path(pictures.origin).parent / "mpl-data" / "fonts" / "ttf"
    fonts = {name: TTFont(name, folder / f"{name}.ttf") for name in (PLAIN, BOLD, EVEN)}
    for font in fonts.values():
        registerFont(font)
    return fonts[PLAIN]


def printable(words: str, what: str) -> str:
    """These words as they are printed: accents on their letters. Unprintable names a sign that cannot be."""
    composed = normalize("NFC", words)
    known = register().face.charToGlyph
    for sign in composed:
        if sign not in BLANK and (ord(sign) not in known or bidirectional(sign) in BACKWARDS):
            raise Unprintable(f"{what} cannot be printed: there is no way to set the sign U+{ord(sign):04X} on paper")
    return composed
