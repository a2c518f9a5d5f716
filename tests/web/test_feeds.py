"""My calendar: what a calendar app reads, and that it stays true when dates move, without a word of health."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar, Event

from pro_service.services import events
from tests.support import people
from tests.web.conftest import Visitor, csrf, words_of

Invite = Callable[..., Visitor]


def switch_on(client: FlaskClient) -> str:
    """Press the button; the path of the address it shows."""
    seen = client.post("/my/calendar", data={"csrf_token": csrf(client), "wish": "on"})
    assert seen.headers["Cache-Control"] == "no-store"
    found = re.search(r'value="http://[^/"]+(/c/[\w-]{43}\.ics)"', seen.text)
    assert found
    assert 'href="webcal://' in seen.text
    return found[1]


def entries(client: FlaskClient, path: str) -> dict[str, Event]:
    """What the calendar holds, by id, as another's code reads it."""
    seen = client.get(path)
    assert (seen.status_code, seen.mimetype) == (200, "text/calendar")
    assert all(len(line) <= 75 for line in seen.data.split(b"\r\n"))
    assert b"\n" not in seen.data.replace(b"\r\n", b"")
    calendar = Calendar.from_ical(seen.text)
    assert not calendar.errors
    found = {event.uid: event for event in calendar.events}
    assert not any(event.errors for event in found.values())
    return found


def record(person: Visitor, kind: str, day: date) -> None:
    with person.runtime.work(people.everything) as w:
        events.record(w, participant_id=person.participant.id, kind=kind, on=day, reason="as the hospital says")


def test_an_entry_moves_with_its_questionnaire_and_goes_when_it_is_done(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    path = switch_on(client)
    after = str(person.other("postop_30d"))
    before = entries(client, path)
    assert {str(person.assessment), after, str(person.other("month_24"))} <= set(before)
    assert str(person.other("baseline")) not in before  # it is over
    assert before[after].start == date(2026, 4, 12)
    assert before[after].end == date(2026, 4, 13)
    client.post(f"{person.form}/review", data={"csrf_token": csrf(client)})
    record(person, "surgery", date(2026, 3, 27))
    moved = entries(client, path)
    assert set(moved) == set(before) - {str(person.assessment)}
    assert moved[after].start == date(2026, 4, 19)
    assert moved[after].sequence > before[after].sequence
    record(person, "withdrawal", date(2026, 3, 19))
    assert entries(client, path) == {}


@pytest.mark.parametrize(
    ("language", "summary", "until"),
    [
        ("en", "Questions for you", "You can answer until Thursday 19 March 2026."),
        ("nl", "Vragen voor u", "U kunt antwoorden tot en met donderdag 19 maart 2026."),
    ],
)
def test_it_speaks_the_persons_language_and_names_nothing_of_the_study(
    client: FlaskClient, signed_in: Invite, language: str, summary: str, until: str
) -> None:
    person = signed_in(language=language)
    seen = client.get(switch_on(client), headers={"Accept-Language": "fr"})
    event = next(one for one in Calendar.from_ical(seen.text).events if one.uid == str(person.assessment))
    assert event.summary == summary
    assert until in str(event.description)
    for telling in ("scopes", "surgery", "operatie", "sarcoma", "qlq", "eq-5d", "NKI-", "treatment", "behandeling"):
        assert telling.lower() not in seen.text.lower()


def test_each_entry_is_a_whole_day_that_stays_itself(client: FlaskClient, signed_in: Invite) -> None:
    """No hour, zone or alarm: a day is a day wherever the phone is; read again, nothing has another id or stamp."""
    signed_in()
    path = switch_on(client)
    first, again = entries(client, path), entries(client, path)
    assert {uid: one.to_ical() for uid, one in first.items()} == {uid: one.to_ical() for uid, one in again.items()}
    for one in first.values():
        assert type(one.start) is date
        assert one.end - one.start == timedelta(days=1)
        assert datetime(2026, 3, 19, 9, tzinfo=UTC) == one.DTSTAMP
        assert not one.subcomponents
        assert {"TRANSP", "CLASS", "SEQUENCE"} <= set(one)
        assert str(one["URL"]).endswith("/my")  # where they sign in; no key stands in a calendar


def test_days_are_those_of_the_persons_own_zone(client: FlaskClient, patient: Invite) -> None:
    person = patient(timezone="Pacific/Auckland")
    client.post(person.link)
    found = entries(client, switch_on(client))[str(person.assessment)]
    assert found.start == date(2026, 3, 13)


def test_a_calendar_that_has_it_already_gets_no_more_than_that(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    path = switch_on(client)
    first = client.get(path)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    record(person, "surgery", date(2026, 3, 27))
    moved = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (moved.status_code, moved.headers["ETag"] == first.headers["ETag"]) == (200, False)


def test_the_address_opens_nothing_else_is_shown_once_and_can_be_taken_back(
    client: FlaskClient, signed_in: Invite, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in()
    path = switch_on(client)
    token = path.removeprefix("/c/").removesuffix(".ics")
    now = client.get("/my/calendar")
    assert token not in now.text
    assert "works since Thursday 19 March 2026" in words_of(now.text)
    stranger = client.application.test_client()
    assert stranger.get(path).status_code == 200
    assert stranger.get(f"/l/{token}").status_code == 401
    assert stranger.get("/my", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert client.post("/my/calendar", data={"csrf_token": csrf(client), "wish": "off"}).status_code == 303
    assert stranger.get(path).status_code == 404
    said = capsys.readouterr()
    assert token not in said.out + said.err
    assert "/c/<token>.ics" in said.out + said.err
