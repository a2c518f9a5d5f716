"""The plain long form: the same rules without any script, checked by the server."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from flask.testing import FlaskClient

from pro_service.domain.instruments import Answer
from pro_service.services import events, responses
from tests.support import people
from tests.web.conftest import Visitor, csrf, words_of

Invite = Callable[..., Visitor]


@pytest.mark.parametrize(
    ("posted", "stored"),
    [
        ({"qlq-c30.q1": "3"}, {"q1": 3}),
        ({"qlq-c30.q1": "declined"}, {"q1": "declined"}),
        ({"qlq-c30.q1": " 2 "}, {"q1": 2}),
        ({}, {}),
        ({"qlq-c30.q99": "3", "nothing.q1": "3", "qlq-c30": "3"}, {}),
    ],
)
def test_what_is_posted_is_stored(
    client: FlaskClient, signed_in: Invite, posted: dict[str, str], stored: dict[str, Answer]
) -> None:
    person = signed_in()
    answer = client.post(person.form, data={"csrf_token": csrf(client), "intent": "save", **posted})
    assert (answer.status_code, answer.location) == (303, f"{person.form}?saved=yes")
    assert person.answers("qlq-c30") == stored
    assert "Saved." in words_of(client.get(answer.location).text)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("101", "Please enter a number from 0 to 100."),
        ("-1", "Please enter a number from 0 to 100."),
        ("6,5", "Please enter a whole number."),
        ("a lot", "Please enter a number."),
        ("9" * 400, "Please enter a number."),
        ("<script>alert(1)</script>", "Please enter a number."),
        ("٤٢", "Please enter a number."),
    ],
)
def test_what_is_no_answer_is_said_at_the_field_and_the_rest_is_kept(
    client: FlaskClient, signed_in: Invite, typed: str, said: str
) -> None:
    person = signed_in()
    data = {"csrf_token": csrf(client), "intent": "review", "qlq-c30.q1": "2", "eq-5d-5l.VAS": typed}
    answer = client.post(person.form, data=data)
    assert answer.status_code == 422
    assert said in words_of(answer.text)
    assert "<script>alert" not in answer.text
    assert person.answers("qlq-c30") == {"q1": 2}
    assert person.answers("eq-5d-5l") == {}


def test_declining_wins_over_a_number_left_in_the_field(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    data = {"csrf_token": csrf(client), "eq-5d-5l.VAS": "80", "eq-5d-5l.VAS:word": "declined"}
    client.post(person.form, data=data)
    assert person.answers("eq-5d-5l") == {"VAS": "declined"}


def test_an_emptied_field_takes_the_answer_back(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    token = csrf(client)
    client.post(person.form, data={"csrf_token": token, "eq-5d-5l.VAS": "80"})
    client.post(person.form, data={"csrf_token": token, "eq-5d-5l.VAS": "", "eq-5d-5l:revision": "1"})
    assert person.answers("eq-5d-5l") == {}


def test_an_answer_that_does_not_follow_yet_asks_for_its_gate(client: FlaskClient, visitor: Invite) -> None:
    person = visitor()
    client.post(person.link)
    token = csrf(client)
    answer = client.post(person.form, data={"csrf_token": token, "imcq.gp_visits": "3"})
    assert answer.status_code == 422
    assert "follows from another one above" in words_of(answer.text)
    assert person.answers("imcq") == {}
    client.post(person.form, data={"csrf_token": token, "imcq.gp": "0", "imcq.gp_visits": "3"})
    assert person.answers("imcq") == {"gp": 0}
    client.post(person.form, data={"csrf_token": token, "imcq.gp": "1", "imcq.gp_visits": "3", "imcq:revision": "1"})
    assert person.answers("imcq") == {"gp": 1, "gp_visits": 3}


def test_another_device_was_first(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    with person.runtime.work(people.patient(person.participant.id)) as w:
        responses.save(w, assessment_id=person.assessment, instrument="qlq-c30", answers={"q1": 4, "q2": 4}, revision=0)
    data = {"csrf_token": csrf(client), "qlq-c30.q1": "2", "qlq-c30:revision": "0"}
    answer = client.post(person.form, data=data)
    assert answer.status_code == 422
    assert "differently on another device" in words_of(answer.text)
    assert person.answers("qlq-c30") == {"q1": 4, "q2": 4}
    assert 'name="qlq-c30:revision" value="1"' in answer.text
    client.post(person.form, data=data | {"qlq-c30:revision": "1"})
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 4}


def test_the_language_button_saves_and_switches(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    answer = client.post(person.form, data={"csrf_token": csrf(client), "qlq-c30.q1": "2", "language": "nl"})
    assert (answer.status_code, answer.location) == (303, person.form)
    assert person.answers("qlq-c30") == {"q1": 2}
    assert "Voor de operatie" in client.get(person.form).text


@pytest.mark.parametrize(
    ("language", "heading", "thanks"),
    [("en", "Ready to send?", "Thank you"), ("nl", "Klaar om te versturen?", "Dank u")],
)
def test_review_and_send(client: FlaskClient, signed_in: Invite, language: str, heading: str, thanks: str) -> None:
    person = signed_in(language=language)
    data = {"csrf_token": csrf(client), "intent": "review", "qlq-c30.q1": "2"}
    review = client.post(person.form, data=data)
    assert (review.status_code, review.location) == (303, f"{person.form}/review")
    seen = client.get(review.location).text
    assert heading in words_of(seen)
    assert seen.count("<li>") == 35
    assert re.findall(r"<h2>.*\((.*)\)</h2>", seen) == ["QLQ-C30", "EQ-5D-5L"]  # by questionnaire
    for _ in range(2):  # twice is harmless
        sent = client.post(review.location, data={"csrf_token": csrf(client)})
        assert (sent.status_code, sent.location) == (303, person.form)
    assert thanks in words_of(client.get(person.form).text)
    assert person.status() == "submitted"


@pytest.mark.parametrize(
    ("timepoint", "language", "said"),
    [
        ("month_3", "en", "This questionnaire is not open yet It opens on Sunday 29 March 2026"),
        (
            "month_3",
            "nl",
            "Deze vragenlijst is nog niet open U kunt deze vragenlijst invullen vanaf zondag 29 maart 2026",
        ),
        ("end_of_radiotherapy", "en", "Its date is not known yet"),
        ("end_of_radiotherapy", "nl", "De datum is nog niet bekend"),
        ("baseline", "en", "The time for this questionnaire is over It could be answered until Monday 2 February 2026"),
        ("baseline", "nl", "De tijd voor deze vragenlijst is voorbij Invullen kon tot en met maandag 2 februari 2026"),
    ],
)
def test_not_yet_and_too_late(client: FlaskClient, signed_in: Invite, timepoint: str, language: str, said: str) -> None:
    person = signed_in(language=language)
    path = f"/my/assessments/{person.other(timepoint)}"
    seen = client.get(path)
    assert seen.status_code == 200
    assert said in words_of(seen.text)
    answer = client.post(path, data={"csrf_token": csrf(client), "qlq-c30.q1": "2"})
    assert answer.status_code == 409


def test_not_needed_any_more(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    with person.runtime.work(people.everything) as w:
        events.record(w, participant_id=person.participant.id, kind="withdrawal", on=date(2026, 3, 19))
    seen = client.get(f"/my/assessments/{person.other('month_3')}")
    assert "not needed any more" in words_of(seen.text)
