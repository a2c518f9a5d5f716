"""The link in a message: looking spends nothing, pressing signs in, and a bad one reveals nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient

from pro_service.services import access, contacts, events, feeds, preferences, responses
from tests.support import people
from tests.support.clock import Clock
from tests.web.conftest import Visitor, csrf, words_of

Invite = Callable[..., Visitor]


def test_opening_the_link_signs_nobody_in_and_can_be_done_by_any_mail_scanner(
    client: FlaskClient, patient: Invite
) -> None:
    """Failure row 25: however often it was opened, it is there for the person, who presses."""
    person = patient()
    for _ in range(3):
        seen = client.get(person.link)
        assert seen.status_code == 200
        assert "Begin" in words_of(seen.text)
        assert "Set-Cookie" not in seen.headers
        assert person.participant.code not in seen.text
    assert client.head(person.link).status_code == 200
    assert client.get("/my").status_code == 401
    assert client.post(person.link).status_code == 303
    assert client.get("/my").status_code == 200


def test_pressing_begin_signs_in_and_goes_to_the_only_open_questionnaire(client: FlaskClient, patient: Invite) -> None:
    person = patient()
    answer = client.post(person.link)
    assert (answer.status_code, answer.location) == (303, person.form)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.get(person.form).status_code == 200


@pytest.mark.parametrize(
    ("language", "heading"), [("en", "We do not know this link"), ("nl", "Deze link kennen we niet")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_link(client: FlaskClient, method: str, language: str, heading: str) -> None:
    answer = client.open("/l/forged", method=method, headers={"Accept-Language": language})
    assert answer.status_code == 401
    assert heading in words_of(answer.text)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("language", "heading"), [("en", "does not work any more"), ("nl", "werkt niet meer")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_whose_work_is_done(
    client: FlaskClient, signed_in: Invite, method: str, language: str, heading: str
) -> None:
    person = signed_in()
    client.post(f"{person.form}/review", data={"csrf_token": csrf(client)})
    client.delete_cookie("pro")
    answer = client.open(person.link, method=method, headers={"Accept-Language": language})
    assert answer.status_code == 401
    assert heading in words_of(answer.text)


def test_a_link_whose_window_has_closed(client: FlaskClient, patient: Invite, clock: Clock) -> None:
    person = patient()
    clock.advance(days=3)
    assert client.get(person.link).status_code == 401
    assert client.post(person.link).status_code == 401


def sends_all(person: Visitor) -> None:
    with person.runtime.work(people.patient(person.participant.id)) as w:
        responses.submit(w, assessment_id=person.assessment, drafts={})


def happens(kind: str) -> Callable[[Visitor], None]:
    def record(person: Visitor) -> None:
        with person.runtime.work(people.everything) as w:
            events.record(w, participant_id=person.participant.id, kind=kind, on=date(2026, 3, 18), reason="told")

    return record


def is_ended(person: Visitor) -> None:
    with person.runtime.work(people.everything) as w:
        access.revoke_all(w, participant_id=person.participant.id, reason="the phone was stolen")


def is_erased(person: Visitor) -> None:
    with person.runtime.work(people.everything) as w:
        contacts.erase(w, participant_id=person.participant.id, reason="asked for it")


def nothing(person: Visitor) -> None:
    del person


def another_came(person: Visitor) -> None:
    with person.runtime.work(people.everything) as w:
        access.mint_link(w, participant_id=person.participant.id)


def is_read_by_a_scanner(person: Visitor) -> None:
    with person.runtime.work(people.system, writes=False) as w:
        for _ in range(3):
            assert access.link_state(w, token=person.link.rpartition("/")[2]) == "usable"


WORKS, DONE, UNKNOWN = "Your questionnaires are ready", "This link does not work any more", "We do not know this link"
FATES = [
    (nothing, WORKS),
    (is_read_by_a_scanner, WORKS),
    (another_came, WORKS),
    (is_erased, WORKS),
    (sends_all, DONE),
    (happens("withdrawal"), DONE),
    (happens("death"), DONE),
    (is_ended, UNKNOWN),
]


@pytest.mark.parametrize(
    ("fate", "said"), FATES, ids=["new", "scanned", "newer", "erased", "sent", "withdrawn", "died", "ended"]
)
def test_what_becomes_of_a_link(
    client: FlaskClient, patient: Invite, fate: Callable[[Visitor], None], said: str
) -> None:
    """Looking and pressing agree, whoever comes, however often, in whatever browser; and nothing is told of anybody."""
    person = patient()
    fate(person)
    for browser in (client, client.application.test_client()):
        for _ in range(2):
            seen = browser.get(person.link)
            assert (seen.status_code, said in words_of(seen.text)) == (200 if said == WORKS else 401, True)
            assert ("/new-link" in seen.text) is (said != WORKS)
            pressed = browser.post(person.link)
            assert pressed.status_code == (303 if said == WORKS else 401)
            assert pressed.headers.get("Location", "") == (person.form if said == WORKS else "")
            assert ("Set-Cookie" in pressed.headers) is (said == WORKS)
            for answer in (seen, pressed):
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert not any(each in answer.text for each in (person.participant.code, "scopes", "@"))


def test_what_mail_programs_and_strangers_make_of_a_link(client: FlaskClient, patient: Invite) -> None:
    link = patient().link
    made = {
        UNKNOWN: [link[:-1], link + "x", "/l/" + link[3:].swapcase(), "/l/" + "x" * 4000, "/l/%F0%9F%98%80", "/l/..."],
        WORKS: [link + ".", link + "),", link + "%3E", link + "%E2%80%9D", link + "?utm_source=mail#top"],
    }
    for said, links in made.items():
        for one in links:
            seen, pressed = client.get(one), client.post(one)
            assert (seen.status_code, pressed.status_code) == ((200, 303) if said == WORKS else (401, 401)), one
            assert said in words_of(seen.text)


def test_secrets_of_another_kind_are_no_links(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    session = client.get_cookie("pro")
    assert session is not None
    with person.runtime.work(people.patient(person.participant.id)) as w:
        choices = preferences.token(w, participant_id=person.participant.id)
        calendar = feeds.switch_on(w, participant_id=person.participant.id)
    stranger = client.application.test_client()
    for token in (session.value, choices, calendar):
        assert stranger.post(f"/l/{token}").status_code == 401
    for path in (f"/c/{person.link.rpartition('/')[2]}.ics", f"/m/{person.link.rpartition('/')[2]}"):
        assert stranger.get(path).status_code in (401, 404)


def test_in_another_browser_the_same_answers_go_on(client: FlaskClient, patient: Invite) -> None:
    """And whoever opens their own link on a phone where somebody is signed in is themself from then on."""
    anna, bob = patient(), patient()
    client.post(anna.link)
    client.post(anna.form, data={"csrf_token": csrf(client), "qlq-c30.q1": "3"})
    other = client.application.test_client()
    assert other.post(anna.link).location == anna.form
    other.post(anna.form, data={"csrf_token": csrf(other), "qlq-c30.q2": "2"})
    assert anna.answers("qlq-c30") == {"q1": 3, "q2": 2}
    assert client.get(anna.form).status_code == 200
    client.post(bob.link)
    assert client.get(bob.form).status_code == 200
    assert client.get(anna.form).status_code == 404
    assert other.get(anna.form).status_code == 200


def test_signing_out_ends_the_session(client: FlaskClient, signed_in: Invite) -> None:
    signed_in()
    answer = client.post("/my/sign-out", data={"csrf_token": csrf(client)})
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/my").status_code == 401
