"""The study team hands over a way in: on the screen, on paper; and ends them all. Nothing of it can be seen again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Browser, Error, expect
from sqlalchemy import Engine, select

from pro_service.domain import letters
from pro_service.domain.participants import Contact
from pro_service.settings import Settings
from pro_service.storage.audit import audit_event
from tests.web.conftest import Visitor, csrf, words_of
from tests.web.test_accessibility import assert_accessible

Session = Callable[..., str]
HERE = {"study": "scopes", "site": "nki"}
BORN = Contact(email="jan@example.org", birth_year=1961)
POSTS = ("link", "letter", "end")


@pytest.fixture
def jan(patient: Callable[..., Visitor]) -> Visitor:
    return patient(contact=BORN)


def ways_in(person: Visitor, what: str = "") -> str:
    return f"/staff/participants/{person.participant.id}/ways-in{what and '/' + what}"


@pytest.mark.parametrize(
    ("role", "within", "status"),
    [
        ("coordinator", HERE, 200),
        ("coordinator", HERE | {"site": "lumc"}, 404),
        ("investigator", HERE, 403),
        ("statistician", {"study": "scopes"}, 403),
    ],
)
def test_who_may_and_where_the_way_to_it_is_shown(
    client: FlaskClient, jan: Visitor, staff_session: Session, role: str, within: dict[str, str], status: int
) -> None:
    client.set_cookie("pro", staff_session(role, **within))
    assert client.get(ways_in(jan)).status_code == status
    assert (ways_in(jan) in client.get(f"/staff/participants/{jan.participant.id}").text) is (status == 200)
    if status != 200:
        token = csrf(client, "/staff/studies/scopes")
        for what in POSTS:
            given = {"csrf_token": token, "reason": "x", "sure": "yes"}
            assert client.post(ways_in(jan, what), data=given).status_code == status


def test_patients_strangers_and_other_sites_do_nothing(
    client: FlaskClient, jan: Visitor, staff_session: Session, engine: Engine
) -> None:
    stranger, patient, nurse = client, client.application.test_client(), client.application.test_client()
    patient.post(jan.link)
    nurse.set_cookie("pro", staff_session("coordinator", **HERE))
    meant, elsewhere = {"reason": "x", "sure": "yes"}, {"Sec-Fetch-Site": "cross-site"}
    for what in POSTS:
        assert stranger.post(ways_in(jan, what)).status_code == 401
        assert patient.post(ways_in(jan, what), data={"csrf_token": csrf(patient), **meant}).status_code == 403
        assert nurse.post(ways_in(jan, what), data=meant).status_code == 403
        right = {"csrf_token": csrf(nurse, ways_in(jan)), **meant}
        assert nurse.post(ways_in(jan, what), data=right, headers=elsewhere).status_code == 403
    with engine.connect() as connection:
        actions = set(connection.execute(select(audit_event.c.action)).scalars())
    assert not actions & {"letter.write", "link.revoke"}


def test_a_letter_is_a_file_to_print_that_signs_in(client: FlaskClient, jan: Visitor, staff_session: Session) -> None:
    client.set_cookie("pro", staff_session("coordinator", **HERE))
    answer = client.post(ways_in(jan, "letter"), data={"csrf_token": csrf(client, ways_in(jan))})
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=NKI-001.pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    with pypdfium2.PdfDocument(answer.data) as pdf:
        (square,) = zxingcpp.read_barcodes(pdf[0].render(scale=2).to_pil())
        code = re.search(r"\b\w{3}-\w{3}-\w{3}\b", pdf[0].get_textpage().get_text_bounded().replace("NKI-001", ""))
    assert code
    visitor = client.application.test_client()
    base = jan.runtime.settings.base_url
    assert visitor.post(square.text.removeprefix(base)).location == jan.form
    assert visitor.post("/in", data={"code": code[0], "birth_year": "1961"}).location == jan.form
    seen = words_of(client.get(ways_in(jan)).text)
    assert "Letter 19 Mar 2026" in seen
    assert "It ends the letter before" in seen


def test_a_letter_that_cannot_be_printed_was_not_made(
    client: FlaskClient, jan: Visitor, staff_session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "TEXTS", {"en": {**letters.TEXTS["en"], "contact": "東 {contact}"}})
    client.set_cookie("pro", staff_session("coordinator", **HERE))
    answer = client.post(ways_in(jan, "letter"), data={"csrf_token": csrf(client, ways_in(jan))})
    assert answer.status_code == 422
    assert "This letter cannot be printed" in words_of(answer.text)
    with engine.connect() as connection:
        assert "letter.write" not in set(connection.execute(select(audit_event.c.action)).scalars())


@pytest.mark.parametrize(
    ("language", "missing", "done"),
    [
        ("en", ("Please say why, without names", "Please tick this"), "Ended: 2 links and letters, one session"),
        ("nl", ("Geef een reden, zonder namen", "Vink dit aan"), "Beëindigd: 2 links en brieven, één sessie"),
    ],
)
def test_ending_them_wants_a_reason_and_a_tick(
    client: FlaskClient, jan: Visitor, staff_session: Session, language: str, missing: tuple[str, str], done: str
) -> None:
    phone = client.application.test_client()
    phone.post(jan.link)
    client.set_cookie("pro", staff_session("coordinator", **HERE))
    client.set_cookie("language", language)
    token = csrf(client, ways_in(jan))
    client.post(ways_in(jan, "letter"), data={"csrf_token": token})
    for given, said in (
        ({}, missing),
        ({"reason": " \n "}, missing),
        ({"reason": "lost"}, missing[1:]),
        ({"sure": "yes"}, missing[:1]),
    ):
        answer = client.post(ways_in(jan, "end"), data={"csrf_token": token, **given})
        assert answer.status_code == 422
        for sentence in missing:
            assert (sentence in words_of(answer.text)) is (sentence in said)
        assert "lost" not in given.get("reason", "") or 'value="lost"' in answer.text
        assert phone.get("/my").status_code == 200
    answer = client.post(ways_in(jan, "end"), data={"csrf_token": token, "reason": "lost", "sure": "yes"})
    assert (answer.status_code, done in words_of(answer.text)) == (200, True)
    assert phone.get("/my").status_code == 401
    assert phone.get(jan.link).status_code == 401


def test_on_the_screen_for_a_phone_held_before_it(
    browser: Browser, live_server: str, jan: Visitor, staff_session: Session, settings: Settings, tmp_path: Path
) -> None:
    """Light on dark or dark on light, the camera reads it; pages fit a phone, axe finds nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", color_scheme="dark")
    host = live_server.rpartition(":")[0].removeprefix("http://")
    context.add_cookies([{"name": "pro", "value": staff_session("coordinator", **HERE), "domain": host, "path": "/"}])
    page = context.new_page()
    page.goto(f"{live_server}/staff/participants/{jan.participant.id}")
    page.get_by_role("link", name="Ways in").click()
    expect(page.get_by_role("heading", name="Ways in for NKI-001")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="End all ways in").click()
    expect(page.get_by_text("Please say why")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Make a link").click()
    square = page.get_by_role("img", name="A square for the camera of a phone")
    expect(square).to_be_visible()
    link = page.get_by_label("Or copy the address").input_value()
    square.screenshot(path=tmp_path / "square.png")
    with Image.open(tmp_path / "square.png") as picture:
        (read,) = zxingcpp.read_barcodes(picture)
    assert read.text == link
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(f"document.documentElement.scrollWidth <= {width}")
    assert_accessible(page)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_text("Links that work, letters too")).to_be_visible()
    with pytest.raises(Error, match="ERR_CACHE_MISS"):  # an answer to a POST is kept nowhere, the way back neither
        page.go_back()
    phone = browser.new_context(viewport={"width": 390, "height": 844})
    other = phone.new_page()
    other.goto(live_server + link.removeprefix(settings.base_url))
    other.get_by_role("button", name="Begin").click()
    other.wait_for_url(f"**{jan.form}*")
    phone.close()
    context.close()
