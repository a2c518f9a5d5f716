"""What a screen reader is told, and what high contrast and a language from right to left make of the question page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from flask.testing import FlaskClient
from playwright.sync_api import Locator, expect

from pro_service.web import i18n
from tests.web.conftest import Phone, Visitor, csrf
from tests.web.test_every_screen import SOUND, faults

Invite = Callable[..., Visitor]
LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهو"
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")

CHOICE = """
- main:
  - progressbar "Progress"
  - paragraph: Question 1 of 36
  - paragraph: /\\d+ min left/
  - status
  - 'heading "Part 1 of 2: Quality of life with cancer (QLQ-C30) (1 of 30)" [level=2]'
  - group "past week Heavy physical effort":
    - text: past week
    - heading "Heavy physical effort" [level=3]
    - radio "None"
    - radio "Slight"
    - radio "Clear"
    - radio "Strong"
    - radio "I would rather not answer"
"""
SCALE = """
- main:
  - group "today Health on a ruler":
    - heading "Health on a ruler" [level=3]
    - alert: Please enter a number from 0 to 100.
    - paragraph: "/100: Best/"
    - slider "Health on a ruler"
    - paragraph: "/0: Worst/"
    - text: Your number
    - textbox "Your number": "104"
    - button "One less"
    - button "One more"
    - checkbox "I would rather not answer"
"""
REVIEW = """
- main:
  - heading "Ready to send?" [level=2]
  - paragraph: These questions are still open. You can answer them now, or send without them.
  - heading "Quality of life with cancer (QLQ-C30)" [level=3]
  - list:
    - listitem:
      - link "Walking far past week"
"""
STEPS = """
- main
- navigation "Steps":
  - button "Back"
  - button "Next"
- contentinfo
"""


def test_what_a_screen_reader_is_told(on_phone: Phone, patient: Invite) -> None:
    on_phone.open(patient())
    page = on_phone.page
    page.emulate_media(reduced_motion="reduce", forced_colors="active")
    expect(page.locator("main")).to_match_aria_snapshot(CHOICE)
    expect(page.locator("body")).to_match_aria_snapshot(STEPS)
    assert page.locator("#next").evaluate("(each) => getComputedStyle(each).transitionDuration") == "0s"
    assert page.locator(".steps").evaluate("(each) => getComputedStyle(each, '::before').display") == "none"
    on_phone.next()
    said = page.locator(".question.current [role=alert]")
    expect(said).to_contain_text("You have not answered this question.")
    expect(page.locator(".question.current")).to_have_accessible_description(re.compile("have not answered"))
    on_phone.choose(1)
    expect(said).to_be_hidden()
    expect(page.locator(".question.current")).to_have_accessible_description("")
    edge = "(each) => getComputedStyle(each.nextElementSibling, '::before').borderTopWidth"
    assert page.locator(".question.current input:checked").evaluate(edge) == "4px"  # colour alone would say nothing
    on_phone.next()
    expect(page.locator(".question.current h3")).to_be_focused()
    on_phone.go("eq-5d-5l.VAS")
    expect(page.locator("#spoken")).to_have_text("")
    on_phone.type("104")
    on_phone.next()
    expect(page.locator("main")).to_match_aria_snapshot(SCALE)
    field = page.get_by_role("textbox", name="Your number")
    expect(field).to_be_focused()
    expect(field).to_have_accessible_description(re.compile("Please enter a number from 0 to 100"))
    on_phone.type("70")
    page.get_by_role("button", name="One more").click()
    expect(page.locator("#spoken")).to_have_text("71")  # the focus stays on the button
    on_phone.go("review")
    expect(page.locator("#review-title")).to_be_visible()
    expect(page.locator("main")).to_match_aria_snapshot(REVIEW)


@pytest.fixture
def mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more language for the interface: the English catalogue in letters that run from right to left."""
    source = read_po(BytesIO((i18n.FOLDER / "en" / "LC_MESSAGES" / "web.po").read_bytes()), locale="en")
    mirror = Catalog(locale="ar", domain="web")
    for message in source:
        if message.id:
            plural = isinstance(message.id, tuple)
            words = str(message.id[-1] if plural else message.id)
            mirror.add(message.id, (mirrored_words(words),) * mirror.num_plurals if plural else mirrored_words(words))
    for language in ("en", "ar"):
        (tmp_path / language / "LC_MESSAGES").mkdir(parents=True)
        with (tmp_path / language / "LC_MESSAGES" / "web.po").open("wb") as target:
            write_po(target, mirror if language == "ar" else source)
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    for kept in (i18n.languages, i18n.translations):
        kept.cache_clear()
    yield
    for kept in (i18n.languages, i18n.translations):
        kept.cache_clear()


def mirrored_words(english: str) -> str:
    """The words in Arabic letters, with the places left as they are."""
    pieces = re.split(f"({PLACES.pattern})", english)
    return "".join(piece if nth % 2 else _letters(piece) for nth, piece in enumerate(pieces))


def _letters(piece: str) -> str:
    return re.sub("[A-Za-z]", lambda found: LETTERS[ord(found[0].lower()) - ord("a")], piece)


@pytest.mark.usefixtures("mirrored")
def test_a_language_from_right_to_left_turns_the_page_around(on_phone: Phone, patient: Invite) -> None:
    person, page = patient(), on_phone.page
    page.set_viewport_size({"width": 320, "height": 700})
    page.context.add_cookies([{"name": "language", "value": "ar", "url": on_phone.base}])
    on_phone.open(person)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    current = page.locator(".question.current")
    after(current.locator("label.choice input").first, current.locator("label.choice span").first)
    after(page.locator("#back"), page.locator("#next"))
    after(page.locator(".form-page .brand img"), page.locator(".languages"))
    assert faults(page) == SOUND
    on_phone.next()
    ours = page.locator(".where, .steps, .languages [lang=ar], .message:not([hidden]), .settings summary")
    assert not re.search("[A-Za-z]", " ".join(ours.all_inner_texts()))  # nothing is said past the catalogue
    on_phone.go("eq-5d-5l.VAS")
    after(current.locator(".vas-marks"), current.locator(".vas-rail"))
    after(current.locator(".vas-rail"), current.locator(".vas-side"))
    rail = current.locator(".vas-rail").bounding_box()
    assert rail
    page.mouse.click(rail["x"] + rail["width"] / 2, rail["y"] + 26)  # the top is the most, in every language
    expect(current.locator(".input")).to_have_value("100")
    assert faults(page) == SOUND
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {"VAS": 100}
    on_phone.go("review")
    expect(page.locator("#review-open section").first).to_have_attribute("lang", "en")


@pytest.mark.usefixtures("mirrored")
def test_words_in_another_language_than_the_pages_say_so(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    client.set_cookie("language", "ar")
    form = client.get(person.form).text
    assert '<html lang="ar" dir="rtl"' in form
    assert re.search(r'class="part-title">[^<]*<span lang="en">Quality of life with cancer', form)
    assert form.count('<legend lang="en">') == 36
    assert '<h1 class="form-title"><span lang="en">Before surgery</span></h1>' in form
    assert "<title>Before surgery</title>" in form
    assert '<h3><span lang="en">Before surgery</span></h3>' in client.get("/my").text
    wrong = client.post(person.form, data={"csrf_token": csrf(client), "intent": "review", "eq-5d-5l.VAS": "104"}).text
    assert '<li><a href="#eq-5d-5l.VAS" lang="en">' in wrong
    assert client.get(f"{person.form}/review").text.count('<ul lang="en">') == 2


def after(right: Locator, left: Locator) -> None:
    """The first of the two stands to the right of the second."""
    a, b = right.bounding_box(), left.bounding_box()
    assert a
    assert b
    assert a["x"] >= b["x"] + b["width"] - 1
