"""The page behind the link at the foot of a message: looking changes nothing, one click stops, and it says what holds.

Guards rows 8 and 25 of the known failures: GET never writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import participants, preferences
from pro_service.storage.audit import audit_event
from tests.support import people
from tests.web.conftest import Visitor, words_of

Invite = Callable[..., Visitor]


def link_of(runtime: Runtime, person: Participant) -> str:
    with runtime.work(people.everything, writes=False) as w:
        return f"/m/{preferences.token(w, participant_id=person.id)}"


def chosen(runtime: Runtime, person: Participant) -> dict[str, str]:
    with runtime.work(people.system, writes=False) as w:
        return dict(participants.by_id(w, participant_id=person.id).preferences)


def lines(runtime: Runtime) -> int:
    with runtime.work(people.everything, writes=False) as w:
        return int(w.session.execute(select(func.count()).select_from(audit_event)).scalar_one())


@pytest.mark.parametrize(
    ("language", "heading", "not_leaving"),
    [
        ("en", "My messages", "Turning messages off does not end your part in the study."),
        ("nl", "Mijn berichten", "Berichten uitzetten is niet stoppen met het onderzoek."),
    ],
)
def test_looking_changes_nothing_and_says_that_it_is_not_leaving_the_study(
    client: FlaskClient, runtime: Runtime, patient: Invite, language: str, heading: str, not_leaving: str
) -> None:
    """Failure row 25: mail scanners open links; failure row 24: in the person's own language, whoever asks."""
    person = patient(language=language).participant
    link, before = link_of(runtime, person), lines(runtime)
    for _ in range(3):
        seen = client.get(link)
        assert seen.status_code == 200
        assert heading in words_of(seen.text)
        assert not_leaving in words_of(seen.text)
        assert "Set-Cookie" not in seen.headers
        assert person.code not in seen.text
    assert (chosen(runtime, person), lines(runtime)) == ({}, before)
    assert client.get("/my").status_code == 401


def test_the_button_of_a_mail_program_stops_everything_and_again_is_harmless(
    client: FlaskClient, runtime: Runtime, patient: Invite
) -> None:
    """RFC 8058: a POST with this body, from elsewhere, without cookies."""
    person = patient().participant
    for _ in range(2):
        answer = client.post(link_of(runtime, person), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "You will get no more messages" in words_of(answer.text)
        assert chosen(runtime, person) == {"invitation": "no", "reminder": "no"}
    assert client.get("/my").status_code == 401


def test_the_form_keeps_what_was_chosen_and_speaks_the_new_language(
    client: FlaskClient, runtime: Runtime, patient: Invite
) -> None:
    person = patient().participant
    answer = client.post(
        link_of(runtime, person),
        data={
            "invitation": "yes", "language": "nl", "channel": "email", "paused_until": "2026-04-01",
            "quiet_from": "18:00", "quiet_until": "09:00",
        },
    )  # fmt: skip
    assert answer.status_code == 200
    assert "Dit geldt nu" in words_of(answer.text)
    assert chosen(runtime, person) == {
        "invitation": "yes", "reminder": "no", "channel": "email", "paused_until": "2026-04-01",
        "quiet_from": "18:00", "quiet_until": "09:00",
    }  # fmt: skip
    assert 'value="2026-04-01"' in client.get(link_of(runtime, person)).text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("paused_until", "2020-01-01", "at most half a year ahead"),
        ("paused_until", "soon", "at most half a year ahead"),
        ("quiet_from", "23:00", "Please give both times"),
        ("channel", "pigeon", "Please choose one of these"),
        ("language", "fr", "Please choose one of these"),
    ],
)
def test_what_cannot_be_kept_is_said_at_the_field_and_nothing_is_kept(
    client: FlaskClient, runtime: Runtime, patient: Invite, field: str, value: str, words: str
) -> None:
    person = patient().participant
    answer = client.post(link_of(runtime, person), data={"invitation": "yes", field: value})
    assert answer.status_code == 422
    assert words in words_of(answer.text)
    told = re.search(r'id="(\w+-wrong)"', answer.text)
    assert told
    assert f'aria-describedby="{told[1]}"' in answer.text
    assert "Nothing is saved yet" in words_of(answer.text)
    (there,) = re.findall(r'href="#(\w+-wrong)"', answer.text)  # the top of the page leads to it
    assert f'id="{there}"' in answer.text
    assert chosen(runtime, person) == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_link(client: FlaskClient, method: str) -> None:
    answer = client.open("/m/forged", method=method, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 401
    assert "We do not know this link" in words_of(answer.text)


def test_a_sign_in_link_is_no_link_to_choices_nor_the_other_way_round(
    client: FlaskClient, runtime: Runtime, patient: Invite
) -> None:
    person = patient()
    assert client.get(person.link.replace("/l/", "/m/")).status_code == 401
    own = link_of(runtime, person.participant).removeprefix("/m/")
    assert client.post(f"/l/{own}").status_code == 401
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {own}"}).status_code == 401


def test_somebody_signed_in_finds_the_page_from_their_questionnaires(client: FlaskClient, signed_in: Invite) -> None:
    person = signed_in()
    link = link_of(person.runtime, person.participant)
    seen = client.get("/my").text  # kept on phones, so the key in the page's address is not in it
    assert 'href="/my/messages"' in seen
    assert link not in seen
    assert client.get("/my/messages").location == link
    assert client.get(link).status_code == 200
