"""WCAG 2.2 where axe sees nothing: spacing, zoom, turning the phone, the person's own font, focus, contrast, time.

docs/reference/accessibility.md tells by criterion what is held to and by which test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from playwright.sync_api import CDPSession, Page, expect

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.web import assets
from pro_service.web.patient import screens
from tests.support.clock import Clock
from tests.web.conftest import Phone, Visitor, csrf, words_of
from tests.web.lived import lived
from tests.web.test_every_screen import SOUND, faults
from tests.web.test_screens import Filled

Invite = Callable[..., Visitor]
Session = Callable[..., str]
ROOT = Path(__file__).parents[2]
SPACED = """(on) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
    p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets = on ? [sheet] : [];
  window.dispatchEvent(new Event("resize"));
}"""
FOCUSED = """() => {
  const field = document.activeElement;
  if (field === document.body || field === document.documentElement) return null;
  const target = field.closest(".choice, .vas-rail") ?? field;
  const { left, top, width, height } = target.getBoundingClientRect();
  const spots = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [left + width * x, top + height * y]));
  const seen = spots.some(([x, y]) => target.contains(document.elementFromPoint(x, y)));
  const words = field.closest(".choice") && field.nextElementSibling;
  const drawn = words ? getComputedStyle(words, "::before") : getComputedStyle(field);
  const ring = drawn.outlineStyle === "solid" && parseFloat(drawn.outlineWidth) >= 2;
  return { name: field.id || field.textContent.trim() || field.value, seen, ring };
}"""
TURNED = ((320, 256), (568, 320))  # a screen of 1280 by 1024 at 400 %, and a small phone on its side
WALKED = ("a question left open, and the settings", "a scale with a number that cannot be", "my messages")


def states(phone: Phone, person: Visitor) -> Iterator[str]:
    """Opens one page and state after the other."""
    page = phone.page
    phone.open(person)
    page.get_by_text("Text size and pace").click()
    phone.next()
    yield "a question left open, and the settings"
    page.get_by_text("Text size and pace").click()
    phone.go("eq-5d-5l.VAS")
    phone.type("104")
    phone.next()
    expect(page.locator(".question.current .message")).to_be_visible()
    yield "a scale with a number that cannot be"
    phone.type("70")
    phone.go("review")
    expect(page.locator("#review-open a").first).to_be_visible()
    yield "before sending"
    for path, press in (("/in", "Sign in"), ("/new-link", "Send me a link")):
        page.goto(phone.base + path)
        page.get_by_role("button", name=press).click()
        expect(page.get_by_role("alert").first).to_be_visible()
        yield path
    page.goto(phone.base + "/my")
    yield "my questionnaires"
    page.goto(phone.base + "/my/messages")
    page.locator("#paused_until").fill("2020-01-01")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    yield "my messages"


def own_size(browser: CDPSession, page: Page, pixels: int) -> None:
    """What somebody set as the size of text in their browser; 16 is what it comes with."""
    browser.send("Page.setFontSizes", {"fontSizes": {"standard": pixels, "fixed": pixels}})
    expect(page.locator("body")).to_have_css("font-size", f"{pixels * 1.125:g}px")
    page.evaluate("window.dispatchEvent(new Event('resize'))")


def walk(page: Page) -> Iterator[dict[str, object]]:
    """Everything that Tab comes by, and Shift+Tab on the way back."""
    for key in ("Tab", "Shift+Tab"):
        for _ in range(40):
            page.keyboard.press(key)
            at = page.evaluate(FOCUSED)
            if at is None:
                break
            yield at


def test_no_page_loses_anything_however_it_is_looked_at(on_phone: Phone, patient: Invite) -> None:
    page = on_phone.page
    browser = page.context.new_cdp_session(page)
    page.set_viewport_size({"width": 320, "height": 568})
    for state in states(on_phone, patient()):
        page.evaluate(SPACED, True)
        assert faults(page) == SOUND, f"{state}: with more space in the text (1.4.12)"
        page.evaluate(SPACED, False)
        own_size(browser, page, 32)
        assert faults(page, least=36) == SOUND, f"{state}: in twice the size (1.4.4)"
        own_size(browser, page, 16)
        for width, height in TURNED:
            page.set_viewport_size({"width": width, "height": height})
            assert faults(page) == SOUND, f"{state}: at {width} by {height} (1.3.4, 1.4.10)"
        if state in WALKED:
            stops = list(walk(page))
            assert len(stops) > 8
            hidden = [stop["name"] for stop in stops if not stop["seen"]]
            assert hidden == [], f"{state}: the focus is behind something (2.4.11)"
            assert [stop["name"] for stop in stops if not stop["ring"]] == [], f"{state}: no ring (2.4.7)"
        page.set_viewport_size({"width": 320, "height": 568})


def test_nor_do_the_study_teams_pages(
    on_phone: Phone, runtime: Runtime, clock: Clock, enrolled: Callable[..., Participant], staff_session: Session
) -> None:
    person, page = enrolled(), on_phone.page
    lived(runtime, clock, person)
    page.set_viewport_size({"width": 320, "height": 568})
    host = on_phone.base.rpartition(":")[0].removeprefix("http://")
    page.context.add_cookies([{"name": "pro", "value": staff_session(), "domain": host, "path": "/"}])
    browser = page.context.new_cdp_session(page)
    for path in ("/staff", f"/staff/participants/{person.id}"):
        page.goto(on_phone.base + path)
        expect(page.get_by_text("NKI-001").first).to_be_visible()
        page.evaluate(SPACED, True)
        assert within(page), f"{path}: with more space in the text (1.4.12)"
        page.evaluate(SPACED, False)
        own_size(browser, page, 32)
        assert within(page), f"{path}: in twice the size (1.4.4)"
        own_size(browser, page, 16)
        assert [stop["name"] for stop in walk(page) if not (stop["ring"] and stop["seen"])] == []


def within(page: Page) -> bool:
    """Nothing is over another, and what is wider than the screen can be reached within its own frame."""
    found = faults(page, least=14)
    return not (found["wide"] or found["over"])


def test_on_its_side_a_phone_shows_the_question_with_an_answer(on_phone: Phone, patient: Invite) -> None:
    page = on_phone.page
    page.set_viewport_size({"width": 568, "height": 320})
    on_phone.open(patient())
    answer, bar = (
        page.locator(".question.current label.choice").first.bounding_box(),
        page.locator(".steps").bounding_box(),
    )
    assert answer
    assert bar
    assert answer["y"] + answer["height"] <= bar["y"]
    assert bar["y"] + bar["height"] <= 320.5


def test_whoever_skips_to_the_content_stays_at_their_question(on_phone: Phone, patient: Invite) -> None:
    page = on_phone.page
    on_phone.open(patient())
    on_phone.answer(1)
    page.click("#back")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.locator("#where")).to_have_text("Question 1 of 36")
    page.keyboard.press("Tab")
    expect(page.locator("main form :focus")).to_have_count(1)  # and not the head of the page
    page.go_back()
    expect(page.locator("#where")).to_have_text("Question 1 of 36")
    page.go_back()
    expect(page.locator("#where")).to_have_text("Question 2 of 36")
    expect(page.locator(".question.current h3")).to_be_focused()


CRITERIA = """
1.1.1 1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.3.3 1.3.4 1.3.5 1.4.1 1.4.2 1.4.3 1.4.4 1.4.5 1.4.10 1.4.11 1.4.12
1.4.13 2.1.1 2.1.2 2.1.4 2.2.1 2.2.2 2.3.1 2.4.1 2.4.2 2.4.3 2.4.4 2.4.5 2.4.6 2.4.7 2.4.11 2.5.1 2.5.2 2.5.3 2.5.4
2.5.7 2.5.8 3.1.1 3.1.2 3.2.1 3.2.2 3.2.3 3.2.4 3.2.6 3.3.1 3.3.2 3.3.3 3.3.4 3.3.7 3.3.8 4.1.2 4.1.3
"""


def test_the_statement_speaks_of_every_criterion_and_of_tests_that_are_there() -> None:
    text = (ROOT / "docs/reference/accessibility.md").read_text()
    rows = re.findall(r"^\| (\d+\.\d+\.\d+) .*? \| (met|partly|—) \|", text, re.MULTILINE)
    assert [number for number, _ in rows] == CRITERIA.split()
    unmet = text.split("## What is not met")[1]
    assert {number for number, verdict in rows if verdict == "partly"} == set(re.findall(r"\*\*(\d\.\d\.\d+),", unmet))
    for name in re.findall(r"\btest_\w+\.py", text):
        assert list(ROOT.glob(f"tests/**/{name}")), name


PAIRS = [
    ("edge", "page", 3),
    ("edge", "surface", 3),
    ("accent", "page", 3),
    ("accent", "surface", 3),
    ("accent", "tint", 3),
    ("bad", "surface", 3),
    ("bad", "bad-tint", 3),
    ("on-accent", "accent", 4.5),
    ("on-accent", "accent-strong", 4.5),
    ("ink", "tint", 4.5),
    ("muted", "tint", 4.5),
    ("notice-ink", "notice", 4.5),
]
"""Borders, rings and marks against what they stand on; words that only a hand on a mouse sees in these colours."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "ground", "least"), PAIRS)
def test_what_is_no_text_stands_out_too(scheme: str, mark: str, ground: str, least: float) -> None:
    lighter, darker = sorted((luminance(colours(scheme)[each]) for each in (mark, ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= least


def colours(scheme: str) -> dict[str, str]:
    """The colours of base.css, by name."""
    light, dark = re.findall(r":root \{(.*?)\}", assets.assets()["css/base.css"].plain.decode(), re.DOTALL)
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", light if scheme == "light" else dark))


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_whoever_is_still_there_is_asked_before_the_session_ends_and_stays(
    on_phone: Phone, patient: Invite, clock: Clock
) -> None:
    person, page = patient(), on_phone.page
    page.clock.install()
    on_phone.open(person)
    with page.expect_response("**/api/v1/me/preferences") as opened:
        page.clock.run_for(70_000)
    assert opened.value.status == 200, "whoever looks at a page has been there"
    on_phone.answer(1)
    on_phone.state("saved")
    page.clock.fast_forward(46 * 60_000)
    asked = page.get_by_role("alert").filter(has_text="Are you still there?")
    expect(asked).to_be_visible()
    clock.advance(minutes=50)
    with page.expect_response("**/api/v1/me/preferences") as kept:
        asked.get_by_role("button", name="I am still here").click()
    assert kept.value.status == 200
    expect(asked).to_be_hidden()
    expect(page.locator(".question.current h3")).to_be_focused()
    clock.advance(minutes=50)  # past the end the session would have had
    on_phone.choose(2)
    page.clock.run_for(1_000)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3}


def test_without_script_it_is_said_how_long_and_what_did_not_arrive(
    client: FlaskClient, signed_in: Invite, clock: Clock
) -> None:
    person = signed_in()
    token = csrf(client)
    assert "at least every 45 minutes" in words_of(client.get(person.form).text)
    clock.advance(minutes=61)
    late = client.post(person.form, data={"csrf_token": token, "intent": "save", "qlq-c30.q1": "3"})
    assert late.status_code == 401
    assert "what came after it did not reach us" in words_of(late.text)
    assert person.answers("qlq-c30") == {}


def test_a_question_that_needs_an_answer_says_so_before(app: Flask) -> None:
    (part,) = screens.parts([Filled({"care": 1})], "en")
    with app.test_request_context():
        seen = [
            words_of(render_template("patient/question.html", question=question, part=part, language="en", current=""))
            for question in part.questions
            if question.kind != "number"  # that one follows from another, and has a unit
        ]
    assert [("This question needs an answer." in each) for each in seen] == [False, True]


@pytest.mark.parametrize(
    ("path", "typed", "field"),
    [
        ("/in", {"code": "x", "birth_year": "1952"}, "code"),
        ("/new-link", {"who": " "}, "who"),
    ],
)
def test_after_a_mistake_the_title_says_so_and_the_focus_is_where_to_mend_it(
    client: FlaskClient, path: str, typed: dict[str, str], field: str
) -> None:
    seen = client.post(path, data=typed).text
    assert "<title>Please look again · " in seen
    (focused,) = re.findall(r"<[^>]* autofocus[^>]*>", seen)
    assert f'id="{field}"' in focused
    assert 'aria-invalid="true"' in focused
    assert len(re.findall(r'aria-describedby="[^"]*problem', seen)) == 1


def test_the_long_form_leads_to_what_needs_another_look_and_saves_between_its_parts(
    client: FlaskClient, signed_in: Invite
) -> None:
    person = signed_in()
    plain = client.get(person.form).text
    assert "<title>Before surgery</title>" in plain
    assert plain.count('name="intent" value="save"') == 3, "for Enter in a field, after the first part, and at the end"
    data = {"csrf_token": csrf(client), "intent": "review", "eq-5d-5l.VAS": "104"}
    seen = client.post(person.form, data=data).text
    assert "<title>Please look again · Before surgery</title>" in seen
    assert re.search(r'role="alert" tabindex="-1" autofocus>\s*<p>Some answers need another look', seen)
    assert "Go on where you were" not in seen
