"""A whole assessment on two phones and a tablet, by hand and by keyboard; every screen held to its measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Phone, Visitor

Invite = Callable[..., Visitor]
DOUBLE_SIZE = """new MutationObserver((_, watch) => {
  if (document.documentElement) { document.documentElement.style.fontSize = "225%"; watch.disconnect(); }
}).observe(document, { childList: true })"""
FAULTS = """(least) => {
  const unseen = ".only-read, .skip, .scripted .question .recall, .vas-slider, svg, svg *";
  const shown = [...document.querySelectorAll("body *")].filter((each) =>
    each.checkVisibility() && each.getClientRects().length && !each.closest(unseen)
    && getComputedStyle(each).visibility === "visible");
  const box = (each) => each.getBoundingClientRect();
  const says = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const size = (each) => parseFloat(getComputedStyle(each).fontSize);
  const name = (each) => `${each.tagName} ${each.className} ${each.textContent.trim().slice(0, 30)}`;
  const words = shown.filter((each) => !each.closest(".steps, .recall-line")).flatMap((each) =>
    [...each.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim()).flatMap((node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      return [...range.getClientRects()].map((at) => ({ each, at }));
    }));
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 6;
  const pressed = "button, .choice, .input, summary, .brand a, .open-list a";
  return {
    wide: document.documentElement.scrollWidth > innerWidth,
    outside: shown.filter((each) => box(each).left < -0.5 || box(each).right > innerWidth + 0.5).map(name),
    cut: shown.filter((each) => says(each) && each.scrollWidth > each.clientWidth + 1
      && getComputedStyle(each).overflowX !== "visible").map(name),
    over: words.flatMap((one, nth) => words.slice(nth + 1).filter((other) =>
      one.each !== other.each && meet(one.at, other.at)).map((other) => `${name(one.each)} | ${name(other.each)}`)),
    small: shown.filter((each) => says(each) && size(each) < least).map(name),
    narrow: shown.filter((each) => each.matches(pressed) && (box(each).height < 44 || box(each).width < 44)).map(name),
  };
}"""
SOUND = {"wide": False, "outside": [], "cut": [], "over": [], "small": [], "narrow": []}


def faults(page: Page, least: float = 18) -> Any:
    """What is too wide, outside the screen, cut off, over another, too small to read (in pixels) or to hit (44)."""
    return page.evaluate(FAULTS, least)


def by_hand(on_phone: Phone) -> None:
    """Tap the second answer, or type, and press Next."""
    on_phone.answer(1)


def by_keyboard(on_phone: Phone) -> None:
    """From the heading with Tab, arrows and Enter alone; the scale with its own keys."""
    keys = on_phone.page.keyboard
    current = on_phone.page.locator(".question.current")
    if on_phone.question == "qlq-c30.q1":
        current.locator("h3").focus()  # the others have it already
    keys.press("Tab")
    if current.get_attribute("data-kind") == "vas":
        expect(current.locator(".vas-slider")).to_be_focused()
        for key in ("Home", "PageUp", "ArrowUp", "ArrowDown"):
            keys.press(key)
        keys.press("Tab")
        keys.press("Control+A")
        keys.type("70")
    else:
        expect(current.locator("input").first).to_be_focused()
        keys.press("ArrowDown")
    before = on_phone.question
    keys.press("Enter")
    expect(on_phone.page.locator(f"[id='{before}']")).not_to_have_class("question current")


@pytest.mark.parametrize(
    ("width", "height", "answer"),
    [(320, 568, by_hand), (390, 844, by_hand), (768, 1024, by_keyboard)],
    ids=["small phone", "phone", "tablet by keyboard"],
)
def test_a_whole_assessment_is_answered_sent_and_gone_from_the_device(
    on_phone: Phone, patient: Invite, width: int, height: int, answer: Callable[[Phone], None]
) -> None:
    person, page = patient(), on_phone.page
    page.set_viewport_size({"width": width, "height": height})
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    on_phone.open(person)
    places = set()
    while name := on_phone.question:
        assert faults(page) == SOUND, name
        places.add(str([page.locator(button).bounding_box() for button in ("#back", "#next")]))
        answer(on_phone)
    assert len(places) == 1  # Back and Next never move
    assert faults(page) == SOUND
    page.click("#send")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert faults(page) == SOUND
    assert person.status() == "submitted"
    assert person.answers("qlq-c30") == {f"q{n}": 2 for n in range(1, 31)}
    assert person.answers("eq-5d-5l") == {"MO": 2, "SC": 2, "UA": 2, "PD": 2, "AD": 2, "VAS": 70}
    assert on_phone.kept() == "{}"
    assert hosts == {urlsplit(on_phone.base).netloc}


def test_double_text_on_the_smallest_phone_loses_nothing(on_phone: Phone, visitor: Invite) -> None:
    page = on_phone.page
    page.set_viewport_size({"width": 320, "height": 568})
    page.add_init_script(DOUBLE_SIZE)
    on_phone.open(visitor(language="nl"))
    for gate in ("imcq.home_household", "imcq.medication", "ipcq.work", "ipcq.absent", "ipcq.absent_long"):
        on_phone.go(gate)
        page.locator(".question.current input[value='1']").check()
    kinds = ("imcq.home_household_hours", "imcq.medication_list", "ipcq.absent_since", "tess-le.q1")
    for name in ("qlq-c30.q1", "eq-5d-5l.VAS", *kinds, "review"):
        on_phone.go(name)
        assert faults(page, least=36) == SOUND, name
    expect(page.locator(".steps")).to_have_css("position", "static")  # it would cover the question
