"""The scale as somebody with a trembling thumb, a keyboard or a screen reader has it; its ends say what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from pro_service.domain.wording import Pack
from pro_service.instruments import load_catalogue
from pro_service.instruments.wording import entries
from pro_service.runtime import Runtime
from pro_service.services import wording
from tests.services.test_wording import as_csv, invented
from tests.support import people
from tests.web.conftest import Phone, Visitor
from tests.web.test_every_screen import SOUND, faults

Invite = Callable[..., Visitor]
VAS = "eq-5d-5l.VAS"
LOW, HIGH = "The slowest bicycle of the country", "The fastest bicycle of the country"


def long_words() -> Pack:
    """Ends as long as an owner's are, and invented."""
    pack = invented(load_catalogue()["eq-5d-5l"], "en")
    return replace(pack, items=(*pack.items[:-1], replace(pack.items[-1], low_end=LOW, high_end=HIGH)))


def loaded(runtime: Runtime, pack: Pack) -> None:
    with runtime.work(people.everything) as work:
        wording.load(work, texts=entries(as_csv(pack), file="pack.csv"))


class Finger:
    """A finger on the glass, down to the pixel."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def does(self, *moves: tuple[float, float]) -> None:
        """Comes down on the first point, goes over the others, and is lifted."""
        for place, (x, y) in enumerate(moves):
            kind = "touchMove" if place else "touchStart"
            self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def place(one: Locator) -> dict[str, float]:
    box = one.bounding_box()
    assert box
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    return {"x": x, "y": y, "width": width, "bottom": y + height, "middle": y + height / 2}


def apart(one: Locator, other: Locator) -> bool:
    """Do the two lie beside or above each other, without a pixel in common?"""
    a, b = place(one), place(other)
    beside = a["x"] + a["width"] <= b["x"] + 1 or b["x"] + b["width"] <= a["x"] + 1
    return beside or a["bottom"] <= b["y"] + 1 or b["bottom"] <= a["y"] + 1


def test_by_thumb_by_key_by_typing_and_back_to_no_answer(on_phone: Phone, patient: Invite, runtime: Runtime) -> None:
    loaded(runtime, long_words())
    person, page = patient(), on_phone.page
    on_phone.open(person)
    current = page.locator(".question.current")
    slider, field, rail = (current.locator(each) for each in (".vas-slider", ".input", ".vas-rail"))
    low, high, side = current.locator(".vas-end").last, current.locator(".vas-end").first, current.locator(".vas-side")
    for width, height in ((320, 568), (390, 664), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        on_phone.go(VAS)
        assert faults(page) == SOUND
        assert place(high)["bottom"] <= place(rail)["y"] < place(rail)["bottom"] <= place(low)["y"]
        for words in (low, high):
            assert all(apart(words, part) for part in (side.locator("label"), field, side.locator(".vas-clear")))
    for each in (slider, field):
        expect(each).to_have_accessible_description(re.compile(f"Touch the scale.* 100: {HIGH} 0: {LOW}"))
    clear = page.get_by_role("button", name="Clear")
    expect(slider).to_have_attribute("aria-valuetext", "not set")
    expect(clear).to_be_hidden()

    x, box, finger = place(rail)["x"] + 9, place(rail), Finger(page)
    finger.does((x, box["middle"]), (x, box["middle"] + 5), (x + 3, box["middle"] - 6))  # it trembles
    expect(field).to_have_value("50")
    finger.does((x, box["middle"]), (x, box["middle"] - 60), (x, box["y"] - 20))
    expect(field).to_have_value("100")
    expect(slider).to_have_attribute("aria-valuetext", f"100: {HIGH}")
    mark = place(current.locator(".vas-marks span").nth(6))
    finger.does((place(current.locator(".vas-marks"))["x"] + 4, mark["middle"] + 6))  # beside the number, and not quite
    expect(field).to_have_value("40")
    page.get_by_role("button", name="One more").click()
    expect(field).to_have_value("41")

    slider.focus()
    for key, shown in (("PageUp", "51"), ("ArrowLeft", "50"), ("End", "100"), ("ArrowUp", "100"), ("Home", "0")):
        page.keyboard.press(key)
        expect(field).to_have_value(shown)
    expect(slider).to_have_attribute("aria-valuetext", f"0: {LOW}")
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {"VAS": 0}
    page.keyboard.press("Delete")
    expect(field).to_have_value("")
    expect(slider).to_have_attribute("aria-valuetext", "not set")
    page.keyboard.press("Home")  # 0 is a value, from nothing as well
    expect(field).to_have_value("0")

    on_phone.type("7")
    expect(slider).to_have_js_property("value", "7")
    clear.click()
    expect(field).to_have_value("")
    expect(slider).to_be_focused()
    expect(clear).to_be_hidden()
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {}
    page.keyboard.press("ArrowUp")
    expect(field).to_have_value("50")
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {"VAS": 50}


def test_without_script_the_ends_stand_before_the_field_and_belong_to_it(
    client: FlaskClient, signed_in: Invite, runtime: Runtime
) -> None:
    page = client.get(signed_in().form).text
    field = re.search(rf'<input[^>]* id="{VAS}:field"[^>]*>', page)
    assert field
    described = re.search(r'aria-describedby="([^"]+)"', field[0])
    assert described
    assert described[1].split() == [f"{VAS}:{part}" for part in ("hint", "high", "low")]
    ends = re.findall(rf'<p class="vas-end" id="{VAS}:(\w+)"><span class="only-read">(\d+):</span> (\w+)</p>', page)
    assert ends == [("high", "100", "Best"), ("low", "0", "Worst")]
    assert page.index('class="vas-end"') < field.start()
    loaded(runtime, long_words())
    assert "Worst" not in client.get(signed_in().form).text
