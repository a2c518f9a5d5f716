"""Letters on paper: read back as a phone and a person would read them."""

from __future__ import annotations

import io
from dataclasses import replace

import pypdfium2
import zxingcpp

from pro_service.domain.letters import TEXTS, Letter, composed
from pro_service.paper import print_letters

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
    long = replace(LETTERS[1], contact="Contact: " + "a very long name of a department, " * 6)
    with pypdfium2.PdfDocument(printed([long])) as pdf:
        page = pdf[0]
        boxes = [one.get_bounds() for one in page.get_objects()]
        assert min(bottom for _, bottom, _, _ in boxes) > 25
        window = [box for box in boxes if box[1] > page.get_height() - 280]
        assert len(window) == 1, "the participant's code alone stands in the window"


def test_the_same_letters_are_the_same_bytes() -> None:
    assert printed(LETTERS) == printed(LETTERS)


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    with pypdfium2.PdfDocument(printed([replace(LETTERS[0], contact="<b>A&B</b>")])) as pdf:
        assert "<b>A&B</b>" in pdf[0].get_textpage().get_text_bounded()


def test_every_language_says_the_same_things() -> None:
    assert {frozenset(words) for words in TEXTS.values()} == {frozenset(TEXTS["en"])}
