"""Whatever is typed or pasted: kind words at the field, and everything else is kept; with script and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, Route, expect

from pro_service.domain.instruments import Answer, Instrument
from pro_service.instruments.reader import load_catalogue
from pro_service.web.patient import answers
from tests.web.conftest import Phone, Visitor, csrf, words_of

Invite = Callable[..., Visitor]
LONG = "ten letters" * 910  # 10,010 characters
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}'; DROP TABLE response;-- =cmd|' /C calc'!A0 \u202e"
BETWEEN = "Please enter a number from 0 to 168."
WRONG_DAY = "Please enter a whole date, with a year of four digits."
THOUSANDS = "Please enter the number without a point, comma or space between the thousands."


def wrong(page: Page, said: str) -> None:
    """The words stand at the field, which is marked as wrong and described by them."""
    field = page.locator(".question.current .input")
    expect(page.locator(".question.current [role=alert]")).to_have_text(said)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(said)))


def test_what_is_typed_wrong_is_said_at_the_field_and_the_rest_is_kept(on_phone: Phone, visitor: Invite) -> None:
    person = visitor()
    on_phone.open(person)
    page = on_phone.page
    for gate in ("imcq.home_household", "imcq.medication", "ipcq.work", "ipcq.absent", "ipcq.absent_long"):
        on_phone.go(gate)
        page.locator(".question.current input[value='1']").check()
    on_phone.go("imcq.home_household_hours")
    for typed, said in [
        ("169", BETWEEN),
        ("-1", BETWEEN),
        ("about 3 hours a week", "Please enter a number."),
        ("0000000000000012345", "Please enter a number."),
        ("\uff13", "Please enter a number."),  # of full width
        ("\u00bd", "Please enter a number."),
        ("1 5", "Please enter a number."),
        ("1.000", THOUSANDS),
        (" 1,5 ", ""),
    ]:
        on_phone.type(typed)
        if said:
            on_phone.next()
            wrong(page, said)
    expect(page.locator(".question.current .input")).to_have_attribute("aria-invalid", "false")
    on_phone.go("ipcq.absent_since")
    page.locator(".question.current .input").focus()
    page.keyboard.type("03")  # a day typed by half
    on_phone.next()
    wrong(page, WRONG_DAY)
    on_phone.type("0019-03-01")
    on_phone.next()
    wrong(page, WRONG_DAY)
    on_phone.type("2019-03-01")
    on_phone.go("imcq.medication_list")
    on_phone.type(LONG)
    on_phone.next()
    wrong(page, "Please say it in at most 2000 characters. These are 10010.")
    expect(page.locator(".question.current .input")).to_have_value(LONG)  # nothing was cut off behind one's back
    on_phone.type(HOSTILE)
    on_phone.next()
    on_phone.state("saved")
    assert person.answers("imcq")["home_household_hours"] == 1.5
    assert person.answers("imcq")["medication_list"] == HOSTILE.strip()
    assert person.answers("ipcq")["absent_since"] == "2019-03-01"
    page.reload()
    on_phone.ready()
    on_phone.go("imcq.medication_list")
    expect(page.locator(".question.current .input")).to_have_value(HOSTILE.strip())


MILLION = "(field) => { field.value = 'x'.repeat(1_000_000); field.dispatchEvent(new Event('input', {bubbles: true})) }"
HALF = "(field) => { field.value = 'a\\ud83d\\0b'; field.dispatchEvent(new Event('input', {bubbles: true})) }"


def test_what_no_keyboard_types_loses_nothing(on_phone: Phone, visitor: Invite) -> None:
    """A million characters, NUL and half an emoji; and a text that something on the way refuses."""
    person, page = visitor(), on_phone.page
    on_phone.open(person)
    on_phone.go("imcq.medication")
    on_phone.choose(0)
    on_phone.go("imcq.medication_list")
    field = page.locator(".question.current .input")
    on_phone.type("first")
    on_phone.state("saved")
    field.evaluate(MILLION)
    on_phone.next()
    wrong(page, "Please say it in at most 2000 characters. These are 1000000.")
    assert person.answers("imcq")["medication_list"] == "first"
    field.evaluate(HALF)
    on_phone.state("saved")
    assert person.answers("imcq")["medication_list"] == "ab"


def test_one_answer_that_something_on_the_way_refuses_takes_no_other_with_it(on_phone: Phone, visitor: Invite) -> None:
    """A whole request is refused for one word in it, and nothing says which: by us as malformed, or by a gateway."""
    person, page = visitor(), on_phone.page
    on_phone.open(person)
    for gate in ("imcq.medication", "imcq.gp"):
        on_phone.go(gate)
        on_phone.choose(0)
    on_phone.state("saved")

    def gateway(route: Route) -> None:
        if "DROP TABLE" in (route.request.post_data or ""):
            route.fulfill(status=400, json={"code": "malformed", "problems": []})
        else:
            route.continue_()

    page.route("**/responses/**", gateway)
    page.context.set_offline(True)
    on_phone.go("imcq.medication_list")
    on_phone.type(HOSTILE)
    on_phone.go("imcq.gp_visits")
    on_phone.type("3")
    on_phone.state("here")
    page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("imcq") == {"gp": 1, "medication": 1, "gp_visits": 3}
    on_phone.go("review")
    page.click("#send")
    expect(page.locator("[id='imcq.medication_list']")).to_be_visible()  # not sent: this comes first
    wrong(page, "This answer could not be saved. Please look at it again.")
    assert person.status() == "in_progress"
    on_phone.type("paracetamol")
    on_phone.state("saved")
    on_phone.go("review")
    page.click("#send")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert person.answers("imcq") == {"gp": 1, "medication": 1, "gp_visits": 3, "medication_list": "paracetamol"}


CASES: list[tuple[str, str, str, Answer | None]] = [
    ("imcq.medication_list", LONG, "Please say it in at most 2000 characters. These are 10010.", None),
    ("imcq.medication_list", "one\r\ntwo", "", "one\ntwo"),
    ("imcq.medication_list", "x" * 1999 + "\r\n" + "y", "Please say it in at most 2000 characters.", None),
    ("imcq.medication_list", "x" * 1998 + "\r\n" + "y", "", "x" * 1998 + "\ny"),
    ("imcq.medication_list", HOSTILE, "", HOSTILE.strip()),
    ("imcq.medication_list", "a\x00b", "", "ab"),
    ("imcq.home_household_hours", "2,5", "", 2.5),
    ("imcq.home_household_hours", "2.5", "", 2.5),
    ("imcq.home_household_hours", "169", BETWEEN, None),
    ("imcq.home_household_hours", "1.000", THOUSANDS, None),
    ("imcq.home_household_hours", "12 345", THOUSANDS, None),
    ("imcq.home_household_hours", "1e3", "Please enter a number.", None),
    ("imcq.home_household_hours", " 3\u00a0", "", 3),
    ("imcq.home_household_hours", "\uff13", "Please enter a number.", None),
    ("imcq.home_household_hours", "\u0663", "Please enter a number.", None),
    ("imcq.home_household_hours", "\u00bd", "Please enter a number.", None),
    ("imcq.home_household_hours", "1 5", "Please enter a number.", None),
    ("imcq.home_household_hours", "NaN", "Please enter a number.", None),
    ("imcq.home_household_weeks", "1,5", "Please enter a whole number.", None),
    ("imcq.home_household_weeks", "2,0", "", 2),
    ("imcq.medication_list", "=1+1", "", "=1+1"),
    ("imcq.medication_list", "\x00", "", None),
    ("imcq.home_household_hours", "0000000000000012345", "Please enter a number.", None),
    ("ipcq.absent_since", "2026-02-30", WRONG_DAY, None),
    ("ipcq.absent_since", "31-02-2026", WRONG_DAY, None),
    ("ipcq.absent_since", "1899-12-31", WRONG_DAY, None),
    ("ipcq.absent_since", "2200-01-01", WRONG_DAY, None),
    ("ipcq.absent_since", "\uff12026-01-05", WRONG_DAY, None),
    ("ipcq.absent_since", "0019-03-01", WRONG_DAY, None),
    ("ipcq.absent_since", "yesterday", WRONG_DAY, None),
    ("ipcq.absent_since", "2026-01-05", "", "2026-01-05"),
]
"""Field, what was typed, what is said about it, what is taken."""


@dataclass(frozen=True)
class Filled:
    instrument: Instrument
    answers: dict[str, Answer] = field(default_factory=dict)
    revision: int = 0


def test_what_the_long_form_makes_of_it(app: Flask) -> None:
    gates = {"imcq": ("home_household", "medication"), "ipcq": ("work", "absent", "absent_long")}
    filled = [Filled(load_catalogue()[code], dict.fromkeys(asked, 1)) for code, asked in gates.items()]
    with app.test_request_context():
        for name, typed, said, taken in CASES:
            posted = answers.read(filled, {name: typed}, "en")
            instrument, _, item = name.partition(".")
            assert posted.problems.get(name, "").startswith(said), typed
            draft = posted.drafts.get(instrument)
            assert (draft.answers[item] if draft else None) == taken, typed
            assert (
                posted.typed.get(name, "") == typed.replace("\r\n", "\n").replace("\x00", "").strip()
            )  # to be shown again


def test_the_same_without_script(client: FlaskClient, visitor: Invite) -> None:
    person = visitor()
    client.post(person.link)
    gates = ("imcq.home_household", "imcq.medication")
    data = {"csrf_token": csrf(client), "qlq-c30.q1": "2", **dict.fromkeys(gates, "1")}
    wrong = {"imcq.home_household_hours": "1.000", "imcq.medication_list": HOSTILE}
    answer = client.post(person.form, data=data | wrong)
    assert answer.status_code == 422
    assert THOUSANDS in words_of(answer.text)
    assert 'href="#imcq.home_household_hours"' in answer.text  # the top of the page leads to it
    assert "<img src=x" not in answer.text
    assert person.answers("imcq") == {"home_household": 1, "medication": 1, "medication_list": HOSTILE.strip()}
    assert person.answers("qlq-c30") == {"q1": 2}
    assert "<img src=x" not in client.get(person.form).text
    before = person.answers("imcq")
    million = {**data, "qlq-c30.q2": "2", "imcq.medication_list": "x" * 1_100_000}
    answer = client.post(person.form, data=million)
    assert answer.status_code == 413
    assert "what you filled in is still there" in words_of(answer.text)  # behind the browser's own way back
    assert (person.answers("imcq"), person.answers("qlq-c30")) == (before, {"q1": 2})
