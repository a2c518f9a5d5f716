"""Ways in, as people go them on a phone: a letter, a link that is no good, a new link; nothing of it stays behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from functools import partial

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Request, expect

from pro_service.domain.participants import Contact
from pro_service.services import deliveries, letters, link_requests
from tests.support import people
from tests.support.clock import Clock
from tests.web.conftest import Phone, Visitor, csrf
from tests.web.test_accessibility import assert_accessible

Invite = Callable[..., Visitor]
JAN = Contact(email="jan@example.org", birth_year=1961)


def test_with_a_letter(on_phone: Phone, patient: Invite) -> None:
    """A wrong year, said kindly; then the right one, with the code still there."""
    person = patient(contact=JAN)
    with person.runtime.work(people.everything) as w:
        (letter,) = letters.write(w, study="scopes", base_url=on_phone.base)
    page = on_phone.page
    page.goto(on_phone.base)
    page.get_by_role("link", name="Sign in with your letter").click()
    page.get_by_label("Code on your letter").fill(letter.code.lower())
    page.get_by_label("The year you were born").fill("1916")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    assert_accessible(page)
    page.get_by_label("The year you were born").fill("1961")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{person.form}*")
    on_phone.ready()


def test_with_a_new_link_after_one_that_is_no_good(on_phone: Phone, patient: Invite) -> None:
    """And whatever link was pressed is in no history, and told to nobody."""
    person, page = patient(contact=JAN), on_phone.page
    told: list[str] = []

    def note(request: Request) -> None:
        told.append(request.headers.get("referer", ""))

    page.on("request", note)
    page.goto(f"{on_phone.base}/l/forged")
    page.get_by_role("link", name="Ask for a new link").click()
    assert_accessible(page)
    page.get_by_label("Your e-mail address").fill("JAN@example.org")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading", name="Look at your messages")).to_be_visible()
    assert_accessible(page)
    link = mailed(person)
    page.goto(on_phone.base + link)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(f"**{person.form}*")
    on_phone.ready()
    history = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    assert not [entry["url"] for entry in history if link in entry["url"]]
    assert not [referrer for referrer in told if "/l/" in referrer]


def mailed(person: Visitor) -> str:
    """What a worker puts in the mailbox of somebody who asked: the path of its link."""
    with person.runtime.work(people.system) as w:
        assert link_requests.answer(w) == 1
    open_work = partial(person.runtime.work, people.system)
    assert deliveries.send_due(open_work, channels=person.runtime.channels, base_url="https://pro.test") == 1
    (file,) = (person.runtime.settings.data_dir / "outbox").glob("*.eml")
    body = message_from_bytes(file.read_bytes(), policy=default).get_body(("plain",))
    assert body is not None
    found = re.search(r"https://pro\.test(/l/\S+)", body.get_content())
    assert found
    return found[1]


def test_no_log_line_holds_a_link_a_code_or_what_was_typed(
    client: FlaskClient, patient: Invite, capsys: pytest.CaptureFixture[str]
) -> None:
    person = patient()
    client.get(person.link)
    client.post(person.link)
    client.post("/in", data={"code": "28T-5CY-4TH", "birth_year": "1961"})
    client.post("/new-link", data={"who": "jan@example.org"})
    printed = capsys.readouterr()
    logged = printed.out + printed.err
    assert "/l/<token>" in logged
    for secret in (person.link, person.link.rpartition("/")[2], "28T", "1961", "jan@"):
        assert secret not in logged


def test_a_session_that_is_over_loses_nothing(client: FlaskClient, patient: Invite, clock: Clock) -> None:
    """Each answer keeps it for an hour; idle for longer, the way back is the same link, and the answers are there."""
    person = patient()
    client.post(person.link)
    token = csrf(client)
    for item in ("q1", "q2"):
        assert client.post(person.form, data={"csrf_token": token, f"qlq-c30.{item}": "2"}).status_code == 303
        clock.advance(minutes=50)
        assert client.get(person.form).status_code == 200
    clock.advance(minutes=10)
    over = client.get(person.form)
    assert over.status_code == 401
    assert "/new-link" in over.text
    assert client.post(person.link).location == person.form
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 2}
