"""A sheet with many pictures side by side, each with its name above it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

ACROSS = 8
WIDTH, HEIGHT, MARGIN, CAPTION = 260, 563, 12, 18


def of(pictures: Sequence[Path], target: Path) -> None:
    """Write the sheet, row by row in the order given."""
    rows = -(-len(pictures) // ACROSS)
    size = (ACROSS * (WIDTH + MARGIN) + MARGIN, rows * (HEIGHT + MARGIN + CAPTION) + MARGIN)
    sheet = Image.new("RGB", size, "#888888")
    pen = ImageDraw.Draw(sheet)
    for place, picture in enumerate(pictures):
        x = MARGIN + place % ACROSS * (WIDTH + MARGIN)
        y = MARGIN + place // ACROSS * (HEIGHT + MARGIN + CAPTION)
        pen.text((x, y), picture.stem, fill="white")
        with Image.open(picture) as image:
            image.thumbnail((WIDTH, HEIGHT))
            sheet.paste(image, (x, y + CAPTION))
    sheet.save(target)
