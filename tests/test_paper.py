"""Letters on paper: read back as a phone and a person would read them."""

from __future__ import annotations

import ctypes
import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import zxingcpp
from pypdfium2 import PdfDocument

from pro_service.domain.errors import Unprintable
from pro_service.domain.letters import TEXTS, Letter, composed
from pro_service.paper.letters import print_letters

TOKEN = "x" * 43
LETTERS = [
    composed(
        participant=f"NKI-{number:03}",
        language=language,
        contact="Hôpital Zuid, +31 20 123 4567",
        base_url="https://questionnaires.hospital.example.org",
        token=TOKEN,
        code="28T-5CY-4TH" if number == 1 else "",
    )
    for number, language in enumerate(["en", "nl", "fr"], start=1)
]


def printed(letters: list[Letter]) -> bytes:
    target = io.BytesIO()
    print_letters(letters, target)
    return target.getvalue()


def test_a_phone_reads_the_link_and_a_person_the_rest() -> None:
    with pypdfium2.PdfDocument(printed(LETTERS)) as pdf:
        assert len(pdf) == len(LETTERS)
        for page, letter in zip(pdf, LETTERS, strict=True):
            (square,) = zxingcpp.read_barcodes(page.render(scale=2).to_pil())
            assert square.text == letter.link
            words = page.get_textpage().get_text_bounded().replace("\r\n", " ")
            assert letter.participant in words
            assert letter.title in words
            assert "Hôpital Zuid" in words
            assert ("28T-5CY-4TH" in words) is bool(letter.code)
            assert ("questionnaires.hospital.example.org/in" in words) is bool(letter.code)


def test_everything_stays_on_its_page_below_the_window_of_the_envelope() -> None:
    words = "Contact: " + "a very long name of a department, " * 6 + "https://" + "w" * 90
    long = replace(LETTERS[1], contact=words, link=LETTERS[1].link + "x" * 60)
    with pypdfium2.PdfDocument(printed([long])) as pdf:
        page = pdf[0]
        boxes = [one.get_bounds() for one in page.get_objects()]
        assert min(bottom for _, bottom, _, _ in boxes) > 25
        assert max(right for _, _, right, _ in boxes) <= page.get_width() - 60
        window = [box for box in boxes if box[1] > page.get_height() - 280]
        assert len(window) == 1, "the participant's code alone stands in the window"


def test_the_same_letters_are_the_same_bytes() -> None:
    assert printed(LETTERS) == printed(LETTERS)


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    with pypdfium2.PdfDocument(printed([replace(LETTERS[0], contact="<b>A&B</b>")])) as pdf:
        assert "<b>A&B</b>" in pdf[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize(
    "contact",
    [
        "Szpital Kliniczny w Łodzi: zażółć gęślą jaźń",
        "Ege Üniversitesi, İzmir: ışık, ağaç, şeker",
        "Νοσοκομείο Ευαγγελισμός, Αθήνα",
        "Болница „Света Марина“, Варна; Київ, їжак, ґанок",
        "Spitalul din Iași: știință, țară, ăîâ",
        "Őrült írógép, Győr; Žďár, Příbram; Jūrmala; Tõrva",
        "École d’Orléans, œuvre, 24 €",
    ],
)
def test_every_letter_of_europe_is_there_and_embedded(contact: str) -> None:
    """Read back as text, and drawn: where a font has no sign it draws the same box for every one."""
    with PdfDocument(printed([replace(LETTERS[0], contact=contact)])) as pdf:
        assert contact in re.sub(r"\s+", " ", pdf[0].get_textpage().get_text_bounded())
    content = printed([replace(LETTERS[0], contact=contact)])
    assert b"/FontFile2" in content
    assert b"Helvetica" not in content


def test_an_accent_that_comes_apart_is_put_on_its_letter() -> None:
    with PdfDocument(printed([replace(LETTERS[0], contact="Orle\u0301ans")])) as pdf:
        assert "Orl\u00e9ans" in pdf[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("contact", ["東京病院", "مستشفى", "בית חולים", "\N{BRAIN}\N{VARIATION SELECTOR-16}"])
def test_what_cannot_be_printed_is_said_before_anything_is(contact: str) -> None:
    target = io.BytesIO()
    with pytest.raises(Unprintable, match=r"the contact of the study cannot be printed: .* U\+[0-9A-F]{4}"):
        print_letters([LETTERS[1], replace(LETTERS[0], contact=contact)], target)
    assert target.getvalue() == b""


def test_it_is_read_aloud_in_order_and_in_its_own_language() -> None:
    """As another's reader finds it: heading, paragraphs, what the square is, and the rest."""
    with PdfDocument(printed(LETTERS)) as pdf:
        assert (pdf.is_tagged(), pdf.get_metadata_dict()["Title"]) == (True, "Your questionnaires")
        for number, letter in enumerate(LETTERS):
            whole = pdfium.FPDF_StructTree_GetChildAtIndex(pdfium.FPDF_StructTree_GetForPage(pdf[number]), 0)
            section = pdfium.FPDF_StructElement_GetChildAtIndex(whole, number)
            parts = [
                pdfium.FPDF_StructElement_GetChildAtIndex(section, place)
                for place in range(pdfium.FPDF_StructElement_CountChildren(section))
            ]
            kinds = [told(part, pdfium.FPDF_StructElement_GetType) for part in parts]
            assert kinds == ["P", "H1", "P", "Figure", "P", "P", *["P"] * (4 if letter.code else 2)]
            assert [pdfium.FPDF_StructElement_GetMarkedContentID(part) for part in parts] == list(range(len(parts)))
            assert told(parts[3], pdfium.FPDF_StructElement_GetAltText) == letter.square
            assert told(section, pdfium.FPDF_StructElement_GetLang) == letter.language


def told(part: Any, question: Callable[..., int]) -> str:
    """What a part of the tree says of itself."""
    answer = ctypes.create_string_buffer(question(part, None, 0))
    question(part, answer, len(answer))
    return answer.raw.decode("utf-16-le").rstrip("\0")


def test_every_language_says_the_same_things() -> None:
    assert {frozenset(words) for words in TEXTS.values()} == {frozenset(TEXTS["en"])}
