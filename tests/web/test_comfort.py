"""What a person may have their own way: text size, moving on at the tap, and hearing the question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from pro_service.services import events, preferences
from tests.support import people
from tests.web.conftest import Phone, Visitor, csrf, words_of

Invite = Callable[..., Visitor]
VOICES = """{
  const heard = (window.heard = []);
  const voices = [
    { lang: "en-GB", localService: false, name: "far" },
    { lang: "en_GB", localService: true, name: "near" },
  ];
  window.SpeechSynthesisUtterance = function (text) { this.text = text; };
  Object.defineProperty(window, "speechSynthesis", { value: {
    getVoices: () => voices,
    speak: (said) => heard.push(said),
    cancel: () => heard.splice(0),
    addEventListener: () => {},
  } });
}"""
HEARD = "window.heard.map((each) => [each.text, each.lang, each.voice.name])"


def test_a_tap_leads_on_for_whoever_asked_for_it_and_can_be_undone(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.page.set_viewport_size({"width": 320, "height": 568})
    on_phone.open(person)
    page = on_phone.page
    heading = page.locator(".question.current h3")
    page.get_by_text("Text size and pace").click()
    page.get_by_text("Go to the next question as soon as I tap").click()
    expect(page.locator("#settings [role=status]")).to_have_text("Kept for you.")
    page.locator(".question.current label.choice").nth(2).dblclick()  # a hand that trembles
    expect(heading).to_have_text("Walking far")
    expect(heading).to_be_focused()
    undo = page.get_by_role("button", name="You chose “Clear”. Undo")
    box, bar = undo.bounding_box(), page.locator(".steps .wide").bounding_box()
    assert box
    assert bar
    assert box["height"] >= 44
    assert box["width"] > 0.85 * bar["width"]
    expect(page.locator(".steps")).to_have_css("position", "sticky")
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 3}
    undo.click()
    expect(heading).to_have_text("Heavy physical effort")
    expect(page.locator(".question.current input:checked")).to_have_count(0)
    expect(undo).to_be_hidden()
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {}
    page.locator(".question.current input").first.focus()
    page.keyboard.press("ArrowDown")  # arrows pass over answers
    on_phone.state("saved")
    expect(heading).to_have_text("Heavy physical effort")
    on_phone.page.reload()
    on_phone.ready()
    on_phone.choose(0)
    expect(heading).to_have_text("Walking far")
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 1}


def test_the_second_half_of_a_double_tap_falls_on_nothing(on_phone: Phone, patient: Invite) -> None:
    """Where Next stood, Send stands at the end: all would be sent, and nothing could be changed any more."""
    person, page = patient(), on_phone.page
    on_phone.open(person)
    place = page.locator("#next").bounding_box()
    assert place

    def tap_twice() -> None:
        for _ in range(2):
            page.touchscreen.tap(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)

    tap_twice()
    expect(page.locator(".question.current .message")).to_contain_text("press Next again")
    assert on_phone.question == "qlq-c30.q1"  # it was asked about, not passed over
    on_phone.choose()
    tap_twice()
    expect(page.locator("[id='qlq-c30.q2']")).to_be_visible()
    expect(page.locator(".question.current .message")).to_be_hidden()
    on_phone.go("eq-5d-5l.VAS")
    on_phone.type("70")
    on_phone.state("saved")
    tap_twice()
    expect(page.locator("#send")).to_be_enabled()
    expect(page.get_by_role("heading", name="Ready to send?")).to_be_visible()
    assert person.status() == "in_progress"


def test_the_size_of_text_is_kept_for_the_person(on_phone: Phone, patient: Invite) -> None:
    on_phone.open(patient())
    page = on_phone.page
    expect(page.locator("body")).to_have_css("font-size", "18px")
    page.get_by_text("Text size and pace").click()
    page.get_by_text("Largest").click()
    expect(page.locator("body")).to_have_css("font-size", "24px")
    expect(page.locator("#settings [role=status]")).to_have_text("Kept for you.")
    page.goto(on_phone.base + "/my")
    expect(page.locator("body")).to_have_css("font-size", "24px")


def test_a_question_is_read_aloud_by_a_voice_of_this_device(on_phone: Phone, patient: Invite) -> None:
    on_phone.page.add_init_script(VOICES)
    on_phone.open(patient())
    page = on_phone.page
    page.get_by_role("button", name="Read aloud").click()
    expect(page.get_by_role("button", name="Stop reading")).to_be_visible()
    heard = page.evaluate(HEARD)
    words = ["past week", "Heavy physical effort", "None", "Slight", "Clear", "Strong", "I would rather not answer"]
    assert heard == [[each, "en", "near"] for each in words]
    page.evaluate("window.heard.forEach((each) => each.onend())")
    expect(page.get_by_role("button", name="Read aloud")).to_be_visible()
    on_phone.go("eq-5d-5l.VAS")
    page.get_by_role("button", name="Read aloud").click()
    on_phone.page.click("#back")  # leaving the question ends it
    expect(page.get_by_role("button", name="Read aloud")).to_be_visible()
    assert page.evaluate(HEARD) == []
    page.get_by_role("button", name="Nederlands").click()
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    on_phone.ready()
    expect(page.locator(".speak").first).to_be_hidden()  # no Dutch voice here


@pytest.mark.parametrize(
    ("choices", "left", "said"),
    [
        ({}, False, "Your next questionnaire opens on Sunday 29 March 2026. We will send you a message."),
        ({"invitation": "no"}, False, "opens on Sunday 29 March 2026. You have turned our messages off"),
        ({"channel": "none"}, False, "opens on Sunday 29 March 2026. You have turned our messages off"),
        ({}, True, "That was the last questionnaire of this study."),
    ],
)
def test_every_page_promises_alike_what_comes(
    client: FlaskClient, signed_in: Invite, choices: dict[str, str], left: bool, said: str
) -> None:
    person = signed_in()
    client.post(f"{person.form}/review", data={"csrf_token": csrf(client)})
    with person.runtime.work(people.everything) as w:
        preferences.change(w, participant_id=person.participant.id, channels={}, choices=choices)
        if left:
            events.record(w, participant_id=person.participant.id, kind="withdrawal", on=date(2026, 3, 19))
    for path in (person.form, "/my", f"/my/assessments/{person.other('baseline')}"):  # sent; nothing open; over
        assert said in words_of(client.get(path).text)
    later = words_of(client.get(f"/my/assessments/{person.other('month_3')}").text)
    assert ("We will send you a message" in later) is (not choices and not left)
