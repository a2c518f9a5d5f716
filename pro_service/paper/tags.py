"""The order of reading of a PDF, for who has it read aloud: what is a heading, a text, a picture (ISO 32000, 14.8).

ReportLab draws and does not tag, but writes what it is given: marks go into the page as they are drawn, and the tree
that names them is put together at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFString
from reportlab.pdfgen.canvas import Canvas

Box = tuple[float, float, float, float]


class Tags:
    """The tree of one document, with a section for each page."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas, self._document = canvas, canvas._doc
        self._tree = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        self._whole = PDFDictionary({"S": PDFName("Document"), "P": self._document.Reference(self._tree)})
        self._tree["K"] = self._document.Reference(self._whole)
        self._sections: list[Any] = []
        self._marks: list[list[Any]] = []

    @contextmanager
    def page(self, language: str) -> Iterator[None]:
        """One page: a section of its own, in that language. Ends the page."""
        self._marks.append([])
        section = PDFDictionary({"S": PDFName("Sect"), "P": self._tree["K"], "Lang": PDFString(language)})
        self._sections.append(self._document.Reference(section))
        yield
        section["K"] = PDFArray(self._marks[-1])
        self._canvas.showPage()
        page = self._document.Pages.pages[-1]
        page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
        page.StructParents, page.Tabs = len(self._marks) - 1, PDFName("S")

    @contextmanager
    def mark(self, kind: str, *, instead: str = "", box: Box | None = None) -> Iterator[None]:
        """What is drawn within is one `kind` (H1, P, Figure), read after what was marked before it.

        A picture has words `instead` of it, and its place on the page.
        """
        marks = self._marks[-1]
        self._canvas.addLiteral(f"/{kind} <</MCID {len(marks)}>> BDC")
        yield
        self._canvas.addLiteral("EMC")
        element = PDFDictionary({
            "S": PDFName(kind), "P": self._sections[-1], "Pg": self._document.thisPageRef(), "K": len(marks),
        })  # fmt: skip
        if instead:
            element["Alt"] = PDFString(instead)
        if box is not None:
            element["A"] = PDFDictionary({"O": PDFName("Layout"), "BBox": PDFArray(list(box))})
        marks.append(self._document.Reference(element))

    def close(self) -> None:
        """Hand the tree to the document. To be called last, before it is saved."""
        self._whole["K"] = PDFArray(self._sections)
        places = [part for number, marks in enumerate(self._marks) for part in (number, PDFArray(marks))]
        self._tree["ParentTree"] = PDFDictionary({"Nums": PDFArray(places)})
        self._tree["ParentTreeNextKey"] = len(self._marks)
        self._document.Catalog.StructTreeRoot = self._tree
        self._document.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
