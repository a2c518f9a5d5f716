"""A questionnaire answered on a phone, in a real browser, with everything that happens to phones."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from pro_service.domain.responses import Draft
from pro_service.services import responses
from tests.support import people
from tests.support.clock import Clock
from tests.web.conftest import Phone, Visitor

Invite = Callable[..., Visitor]
FAILURES = """document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive" || !document.getElementById("form")) return;
  const root = document.documentElement.classList;
  window.wasScripted = [];
  document.querySelector("link[rel=modulepreload]").dispatchEvent(new Event("error"));
  wasScripted.push(root.contains("scripted"));
  window.dispatchEvent(new ErrorEvent("error"));
  wasScripted.push(root.contains("scripted"));
})"""
"""Before our script is at work: a preload fails, as in Firefox where it comes twice; then a script of somebody else."""


def test_what_was_answered_is_there_after_leaving_and_it_goes_on_at_the_first_open_question(
    on_phone: Phone, patient: Invite
) -> None:
    person = patient()
    on_phone.open(person)
    expect(on_phone.page).to_have_title("Question 1 of 36 · Before surgery")
    for _ in range(3):
        on_phone.answer()
    on_phone.state("saved")
    on_phone.page.goto("about:blank")
    on_phone.page.goto(on_phone.base + "/my")
    expect(on_phone.page.locator("main")).to_contain_text("3 of 36 questions answered")
    on_phone.page.get_by_role("link", name="Go on").click()
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q4"
    on_phone.page.click("#back")
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("1")


def test_the_link_is_not_left_in_the_history(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.page.go_back()
    expect(on_phone.page).to_have_url(on_phone.base + "/my")


def test_next_without_an_answer_asks_once_and_then_lets_go_on(on_phone: Phone, patient: Invite) -> None:
    on_phone.open(patient())
    on_phone.next()
    assert on_phone.question == "qlq-c30.q1"
    expect(on_phone.page.locator(".question.current [role=alert]")).to_contain_text("not answered")
    on_phone.next()
    assert on_phone.question == "qlq-c30.q2"


def test_the_review_lists_what_is_open_and_jumps_there(on_phone: Phone, patient: Invite) -> None:
    on_phone.open(patient())
    on_phone.go("review")
    links = on_phone.page.locator("#review-open a")
    expect(links).to_have_count(36)
    links.nth(7).click()
    assert on_phone.question == "qlq-c30.q8"
    on_phone.choose(0)
    on_phone.next()  # from the review, Next goes on to what is open, and never back
    assert on_phone.question == "qlq-c30.q9"
    on_phone.go("eq-5d-5l.VAS")
    on_phone.type("50")
    on_phone.next()
    expect(links).to_have_count(34)


def test_without_network_answers_stay_here_and_travel_later(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.answer()
    on_phone.state("saved")
    on_phone.page.context.set_offline(True)
    for _ in range(3):
        on_phone.answer(2)
    on_phone.state("here")
    expect(on_phone.page.get_by_role("alert").first).to_contain_text("no connection")
    assert set(person.answers("qlq-c30")) == {"q1"}
    on_phone.page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 1, "q2": 3, "q3": 3, "q4": 3}
    on_phone.page.wait_for_function("!JSON.stringify(localStorage).includes('seen')")  # nothing waits any more


def test_answers_given_without_network_survive_closing_the_page(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.page.route("**/api/**", lambda route: route.abort())
    on_phone.answer(3)
    on_phone.state("here")
    on_phone.page.goto("about:blank")
    on_phone.page.unroute("**/api/**")
    on_phone.page.goto(on_phone.base + person.form)
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q2"
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 4}


def test_send_without_network_is_sent_when_it_is_back(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.answer()
    on_phone.state("saved")
    on_phone.go("review")
    on_phone.page.context.set_offline(True)
    on_phone.page.click("#send")
    expect(on_phone.page.locator("#alarm")).to_contain_text("no connection")
    on_phone.page.context.set_offline(False)
    expect(on_phone.page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert person.status() == "submitted"


def test_another_language_keeps_the_answers_and_the_place(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.answer(1)
    on_phone.choose(2)
    on_phone.page.get_by_role("button", name="Nederlands").click()
    expect(on_phone.page.locator("html")).to_have_attribute("lang", "nl")
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q2"
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("3")
    expect(on_phone.page.locator(".question.current h3")).to_have_text("Ver lopen")
    expect(on_phone.page).to_have_title("Vraag 2 van 36 · Voor de operatie")
    on_phone.page.locator("#back").click()
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("2")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3}


def test_an_untouched_scale_is_no_answer_and_zero_is_one(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.go("eq-5d-5l.VAS")
    slider = on_phone.page.locator(".question.current .vas-slider")
    expect(slider).to_have_attribute("aria-valuetext", "not set")
    slider.focus()
    on_phone.page.keyboard.press("Home")
    on_phone.page.keyboard.press("ArrowUp")
    on_phone.page.keyboard.press("ArrowDown")
    expect(slider).to_have_attribute("aria-valuetext", "0: Worst")
    expect(on_phone.page.locator(".question.current .input")).to_have_value("0")
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {"VAS": 0}
    on_phone.type("104")
    on_phone.next()
    expect(on_phone.page.locator(".question.current [role=alert]")).to_have_text("Please enter a number from 0 to 100.")
    on_phone.page.get_by_role("button", name="One more").click()
    on_phone.page.get_by_role("checkbox", name="I would rather not answer").check()
    expect(on_phone.page.locator(".question.current .input")).to_have_value("")
    on_phone.state("saved")
    assert person.answers("eq-5d-5l") == {"VAS": "declined"}


def test_questions_follow_from_their_gate(on_phone: Phone, visitor: Invite) -> None:
    person = visitor()
    on_phone.open(person)
    on_phone.go("imcq.gp")
    on_phone.page.locator(".question.current input[value='1']").check()
    on_phone.next()
    assert on_phone.question == "imcq.gp_visits"
    expect(on_phone.page.locator(".question.current .input")).to_have_attribute("inputmode", "numeric")
    on_phone.type("2,5")
    on_phone.next()
    expect(on_phone.page.locator(".question.current [role=alert]")).to_have_text("Please enter a whole number.")
    on_phone.type("2")
    on_phone.next()
    on_phone.go("imcq.gp")
    on_phone.page.locator(".question.current input[value='0']").check()
    on_phone.next()
    assert on_phone.question == "imcq.nurse"


def test_two_devices_merge_and_a_collision_is_asked_about(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    with person.runtime.work(people.patient(person.participant.id)) as w:
        other = Draft({"q1": 4, "q2": 2})
        responses.save(w, assessment_id=person.assessment, instrument="qlq-c30", answers=other.answers, revision=0)
    on_phone.choose(0)
    asked = on_phone.page.locator(".question.current [role=alert]")
    expect(asked).to_contain_text("differently on another device: Strong")
    asked.get_by_role("button", name="The one on this screen: None").click()
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 1, "q2": 2}
    on_phone.next()
    expect(on_phone.page.locator(".question.current input:checked")).to_have_value("2")


def test_a_window_that_closes_while_answering(on_phone: Phone, patient: Invite, clock: Clock) -> None:
    person = patient()
    clock.advance(hours=13, minutes=40)  # twenty minutes before midnight there
    on_phone.open(person)
    on_phone.answer()
    on_phone.state("saved")
    clock.advance(minutes=50)  # half an hour after it: the hour of grace
    on_phone.answer(1)
    on_phone.state("saved")
    clock.advance(minutes=50)
    on_phone.choose(1)
    expect(on_phone.page.locator("#alarm")).to_contain_text("time for this questionnaire is over")
    on_phone.page.get_by_role("link", name="Go on").click()
    expect(on_phone.page.get_by_role("heading", name="The time for this questionnaire is over")).to_be_visible()
    assert person.status() == "partial"
    assert person.answers("qlq-c30") == {"q1": 1, "q2": 2}
    assert on_phone.kept() == "{}"


def test_a_session_that_ends_while_answering_loses_nothing(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.open(person)
    on_phone.page.context.clear_cookies()
    on_phone.choose(1)
    expect(on_phone.page.locator("#alarm")).to_contain_text("signed out")
    on_phone.open(person)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2}


def test_the_first_paint_shows_one_question_even_before_the_script_has_come(
    phone: Page, patient: Invite, live_server: str
) -> None:
    person = patient()
    phone.goto(live_server + person.link)
    phone.route("**/js/form.js", lambda route: route.abort())
    phone.get_by_role("button", name="Begin").click()
    phone.wait_for_url(f"**{person.form}*")
    expect(phone.locator("html")).not_to_have_class("scripted")  # a script that never came leaves the plain long form
    expect(phone.locator("fieldset").nth(20)).to_be_visible()


def test_what_fails_beside_our_scripts_does_not_bring_the_long_form(on_phone: Phone, patient: Invite) -> None:
    person = patient()
    on_phone.page.add_init_script(FAILURES)
    on_phone.open(person)
    assert on_phone.page.evaluate("wasScripted") == [True, False]
    expect(on_phone.page.locator("html")).to_have_class("scripted")  # ours is at work all the same
    on_phone.answer(1)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2}
