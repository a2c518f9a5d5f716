"""The page of one participant: what a nurse reads there, in two languages, on a phone and on paper; and who may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, select

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.storage.audit import audit_event
from tests.support.clock import Clock
from tests.web.conftest import words_of
from tests.web.lived import lived
from tests.web.test_accessibility import assert_accessible

Enrol = Callable[..., Participant]
Session = Callable[..., str]


def page_of(client: FlaskClient, person: Participant, language: str = "en") -> str:
    answer = client.get(f"/staff/participants/{person.id}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return words_of(answer.text)


@pytest.fixture
def anna(runtime: Runtime, clock: Clock, enrolled: Enrol) -> Participant:
    """Half a year of answers."""
    person = enrolled()
    lived(runtime, clock, person)
    return person


SAID = {
    "en": (
        "Randomisation 12 Jan 2026 Happened",
        "Surgery 20 Mar 2026 Planned",
        "End of radiotherapy Waiting for a date",
        "One month after surgery Missed",
        "Global health 0 to 100, higher is better 16.7 33.3 Better, +16.7",
        "Worse, −40.0 than at baseline, by at least what matters Beyond threshold",
        "No score: 1 of 4 answered, 2 needed",
        "No score: a scale it is made of has none",
        "No answers No score: 0 of 2 answered –",
        "Of clinical importance below 83 [2] A change of 10 matters (published: 5 to 10) [1]",
        "Giesinger JM et al.",
        "none of this is a diagnosis",
        "Made with definition 1, scorer 1, value set nl-2016, each scale",
        "Asked 4 times, never answered.",
        "Utility index −1 to 1, higher is better 0.787 0.388",
    ),
    "nl": (
        "Randomisatie 12 jan 2026 Gebeurd",
        "Een maand na de operatie Gemist",
        "Algehele gezondheid 0 tot 100, hoger is beter 16,7 33,3 Beter, +16,7",
        "Geen score: 1 van 4 beantwoord, 2 nodig",
        "Klinisch van belang onder 83",
        "niets hiervan is een diagnose",
        "waarderingsset nl-2016",
        "0,787",
    ),
}


def test_what_it_says_in_both_languages(client: FlaskClient, anna: Participant, staff_session: Session) -> None:
    client.set_cookie("pro", staff_session())
    for language, sentences in SAID.items():
        text = page_of(client, anna, language)
        for sentence in sentences:
            assert sentence in text, sentence
        assert "@" not in text


def test_somebody_without_answers(client: FlaskClient, enrolled: Enrol, staff_session: Session) -> None:
    client.set_cookie("pro", staff_session())
    text = page_of(client, enrolled())
    assert "No scores yet. They appear when a questionnaire has been sent" in text
    assert "Before treatment Open" in text


def test_opening_it_is_on_record_and_reading_the_desk_is_not(
    client: FlaskClient, enrolled: Enrol, staff_session: Session, engine: Engine
) -> None:
    """AT-17: who opened which subject."""
    person = enrolled()
    client.set_cookie("pro", staff_session("coordinator", study="scopes", site="nki"))
    assert f'href="/staff/participants/{person.id}"' in client.get("/staff/studies/scopes").text
    page_of(client, person)
    with engine.connect() as connection:
        lines = connection.execute(select(audit_event).where(audit_event.c.action == "participant.read")).all()
    assert [(line.actor_kind, line.role, line.participant_id) for line in lines] == [
        ("staff", "coordinator", person.id)
    ]


def test_who_may_open_it(client: FlaskClient, enrolled: Enrol, staff_session: Session, engine: Engine) -> None:
    person = enrolled()
    path = f"/staff/participants/{person.id}"
    assert client.get(path).location == "/staff/sign-in"
    arms = {}
    for role, within, status in (
        ("coordinator", {"study": "scopes", "site": "lumc"}, 404),
        ("statistician", {"study": "scopes"}, 200),
        ("investigator", {"study": "scopes", "site": "nki"}, 200),
    ):
        client.set_cookie("pro", staff_session(role, **within))
        answer = client.get(path)
        assert answer.status_code == status, role
        arms[role] = "Treatment arm" in answer.text
    assert arms == {"coordinator": False, "statistician": True, "investigator": False}
    assert client.get("/staff/participants/01890a5d-ac96-774b-bcce-b302099a8057").status_code == 404


def test_patients_do_not_get_in(client: FlaskClient, signed_in: Callable[..., object]) -> None:
    signed_in()
    assert client.get("/staff/participants/01890a5d-ac96-774b-bcce-b302099a8057").status_code == 403


def test_on_a_phone_on_a_desk_and_by_keyboard(
    browser: Browser, live_server: str, anna: Participant, staff_session: Session
) -> None:
    """Without script: nothing is wider than the screen, axe finds nothing, a footnote is a key away."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    host = live_server.rpartition(":")[0].removeprefix("http://")
    context.add_cookies([{"name": "pro", "value": staff_session(), "domain": host, "path": "/"}])
    page = context.new_page()
    page.goto(f"{live_server}/staff/participants/{anna.id}")
    expect(page.get_by_role("heading", name="NKI-001")).to_be_visible()
    physical = page.get_by_role("row", name="Physical functioning")
    expect(physical.get_by_role("img", name="Physical functioning over time: 66.7, 26.7, 40.0, 100.0")).to_be_visible()
    physical.get_by_role("link", name="source 2").press("Enter")
    expect(page.locator("[id='qlq-c30-2']")).to_be_in_viewport()
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")
    assert_accessible(page)
    context.close()
