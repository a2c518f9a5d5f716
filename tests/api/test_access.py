"""Who may call what: every route by every kind of caller, and nobody sees another's things."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import access, reminders
from pro_service.storage.audit import audit_event
from tests.api.conftest import API, Caller
from tests.support import people

PUBLIC = {
    "operations.healthz",
    "operations.readyz",
    "operations.metrics",
    "openapi.document",
    "openapi.docs",
    "openapi.static",
    "sessions.by_link",
    "sessions.by_password",
    "fhir.metadata",
}
"""Everything of ours that answers without a session (pages have a list of their own)."""

# method, path, body, then the status for: patient, admin, coordinator of the site, of another site, monitor
ROUTES = [
    ("GET", "/me", None, 200, 403, 403, 403, 403),
    ("GET", "/me/assessments", None, 200, 403, 403, 403, 403),
    ("GET", "/me/assessments/{assessment}", None, 200, 403, 403, 403, 403),
    ("PATCH", "/me/assessments/{assessment}/responses/qlq-c30", "draft", 200, 403, 403, 403, 403),
    ("POST", "/me/assessments/{assessment}/submission", "nothing", 200, 403, 403, 403, 403),
    ("GET", "/me/push-subscription", None, 200, 403, 403, 403, 403),
    ("PUT", "/me/push-subscription", "subscription", 409, 403, 403, 403, 403),
    ("DELETE", "/me/push-subscription", None, 204, 403, 403, 403, 403),
    ("PATCH", "/me/preferences", "preferences", 200, 403, 403, 403, 403),
    ("GET", "/studies", None, 200, 200, 200, 200, 200),
    ("GET", "/studies/scopes", None, 200, 200, 200, 200, 200),
    ("GET", "/instruments", None, 200, 200, 200, 200, 200),
    ("GET", "/instruments/qlq-c30", None, 200, 200, 200, 200, 200),
    ("POST", "/wordings", "wording", 403, 404, 403, 403, 403),
    ("GET", "/studies/scopes/participants", None, 403, 200, 200, 200, 200),
    ("POST", "/studies/scopes/participants", "enrolment", 403, 422, 422, 404, 403),
    ("GET", "/participants/{participant}/preferences", None, 200, 200, 200, 404, 200),
    ("PATCH", "/participants/{participant}/preferences", "preferences", 200, 200, 200, 404, 403),
    ("POST", "/participants/{participant}/screening", "screening", 403, 409, 409, 404, 403),
    ("GET", "/participants/{participant}", None, 200, 200, 200, 404, 200),
    ("GET", "/participants/{participant}/events", None, 403, 200, 200, 404, 200),
    ("POST", "/participants/{participant}/events", "event", 403, 201, 201, 404, 403),
    ("GET", "/participants/{participant}/schedule", None, 403, 200, 200, 404, 200),
    ("GET", "/participants/{participant}/assessments", None, 200, 200, 200, 404, 200),
    ("GET", "/participants/{participant}/scores", None, 403, 200, 200, 404, 200),
    ("GET", "/assessments/{assessment}", None, 200, 200, 200, 404, 200),
    ("PATCH", "/assessments/{assessment}/responses/qlq-c30", "entry", 403, 200, 200, 404, 403),
    ("PUT", "/assessments/{assessment}/missing-reason", "missing", 403, 204, 204, 404, 403),
    ("POST", "/participants/{participant}/links", "nothing", 403, 201, 201, 404, 403),
    ("GET", "/participants/{participant}/deliveries", None, 403, 200, 200, 404, 200),
    # of an endpoint that is not there nobody hears more than that
    ("GET", "/webhooks", None, 403, 200, 403, 403, 403),
    ("POST", "/webhooks", "webhook", 403, 422, 403, 403, 403),
    ("GET", "/webhooks/{webhook}", None, 404, 404, 404, 404, 404),
    ("PATCH", "/webhooks/{webhook}", "nothing", 404, 404, 404, 404, 404),
    ("DELETE", "/webhooks/{webhook}", None, 404, 404, 404, 404, 404),
    ("POST", "/webhooks/{webhook}/secret", "nothing", 404, 404, 404, 404, 404),
    # an API key has no account of its own
    ("GET", "/staff/me/preferences", None, 403, 403, 403, 403, 403),
    ("PATCH", "/staff/me/preferences", "nothing", 403, 403, 403, 403, 403),
    ("POST", "/bounces", "bounce", 403, 404, 403, 403, 403),
    ("GET", "/studies/scopes/deliveries?outcome=failed", None, 403, 200, 200, 200, 200),
    ("POST", "/deliveries/{delivery}/resend", "resend", 403, 409, 409, 404, 403),
    ("POST", "/deliveries/{delivery}/settlement", "settle", 403, 409, 409, 404, 403),
    ("POST", "/studies/scopes/exports", "export", 403, 202, 403, 403, 403),
]
BODIES: dict[str, Any] = {
    "draft": {"answers": {"q1": 1}, "revision": 0},
    "entry": {"answers": {"q1": 1}, "revision": 0, "mode": "paper"},
    "nothing": {},
    "bounce": {"message_id": "<00000000-0000-0000-0000-000000000001@clinic.test>"},
    "screening": {"eligibility": {}},
    "missing": {"reason": "inconvenient"},
    "preferences": {"text_size": "large"},
    "subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "x", "auth": "x"}},
    "event": {"kind": "surgery", "on": "2026-03-02", "actual": False},
    "enrolment": {"code": "NKI-999", "site": "nki", "eligibility": {}},
    "export": {"format": "csv"},
    "wording": {
        **dict.fromkeys(("version", "language", "title", "owner", "licence", "instrument"), "nl"),
        "expires_on": "never",
        "items": [{"code": "q1", "text": "?"}],
    },
    "webhook": {"study": "scopes", "url": "ftp://hospital.example/hook", "events": ["assessment.submitted"]},
    "resend": {"attempts": 0, "reason": "never arrived"},
    "settle": {"outcome": "sent", "reason": "it is there"},
}
FHIR = [
    ("/metadata", 200, 200, 200, 200, 200),
    ("/Questionnaire", 403, 200, 200, 200, 200),
    ("/Questionnaire/qlq-c30", 403, 200, 200, 200, 200),
    ("/QuestionnaireResponse", 403, 200, 200, 200, 200),
    ("/QuestionnaireResponse/x", 403, 404, 404, 404, 404),
    ("/Observation", 403, 200, 200, 200, 200),
    ("/Observation/x", 403, 404, 404, 404, 404),
    ("/Patient", 404, 404, 404, 404, 404),
]
"""FHIR is read only: path, then the status for the same callers. What one site may see of it: test_fhir.py."""
CALLERS = ("patient", "admin", "coordinator", "elsewhere", "monitor")


@pytest.fixture
def callers(client: FlaskClient, runtime: Runtime, patient: Caller) -> dict[str, Caller]:
    keys = {"admin": ("admin", ""), "coordinator": ("coordinator", "nki"), "elsewhere": ("coordinator", "lumc")}
    made = {"patient": patient}
    with runtime.work(people.everything) as w:
        for name, (role, site) in {**keys, "monitor": ("monitor", "")}.items():
            key = access.create_api_key(w, label=name, role=role, scopes=["*"], study="scopes", site=site)
            made[name] = Caller(client, key)
    return made


@pytest.fixture
def delivery(callers: dict[str, Caller], runtime: Runtime, participant: Participant) -> str:
    """The message to the participant, still on its way."""
    reminders.sweep(partial(runtime.work, people.system))
    (one,) = callers["admin"]("GET", f"/participants/{participant.id}/deliveries").get_json()["items"]
    return str(one["id"])


@pytest.mark.parametrize("caller", CALLERS)
def test_roles_and_routes(
    callers: dict[str, Caller], participant: Participant, open_one: dict[str, Any], delivery: str, caller: str
) -> None:
    made = {"participant": participant.id, "assessment": open_one["id"], "delivery": delivery}
    ids = {**made, "webhook": UUID(int=7)}
    answered, expected = {}, {}
    for method, path, body, *statuses in ROUTES:
        response = callers[caller](method, path.format(**ids), BODIES[body] if body else None)
        answered[method, path] = response.status_code
        expected[method, path] = statuses[CALLERS.index(caller)]
    assert answered == expected
    for path, *statuses in FHIR:
        headers = {"Authorization": f"Bearer {callers[caller].token}"}
        answer = callers[caller].client.get(f"/fhir{path}", headers=headers)
        assert answer.status_code == statuses[CALLERS.index(caller)], path


def test_the_table_knows_every_route(app: Flask) -> None:
    listed = {(method, path.partition("/responses/")[0].partition("?")[0]) for method, path, *_ in ROUTES}
    untested = {"sessions", "corrections", "exports.one", "exports.download"}
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1") and not {rule.endpoint, rule.endpoint.partition(".")[0]} & untested:
            path = rule.rule.removeprefix("/api/v1").partition("/responses/")[0]
            for name, value in {
                "<uuid:participant_id>": "{participant}",
                "<uuid:assessment_id>": "{assessment}",
                "<uuid:webhook_id>": "{webhook}",
                "<uuid:delivery_id>": "{delivery}",
                "<study>": "scopes",
                "<instrument>": "qlq-c30",
            }.items():
                path = path.replace(name, value)
            assert {(method, path) for method in rule.methods or () if method not in {"HEAD", "OPTIONS"}} <= listed
    served = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/fhir")}
    address = app.url_map.bind("")
    assert served == {address.match(f"/fhir{path}")[0] for path, *_ in FHIR}


def test_every_route_wants_to_know_who_asks(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/", "/fhir/")) or rule.endpoint in PUBLIC:
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<uuid:{argument}>", str(UUID(int=1))).replace(f"<{argument}>", "x")
        path = re.sub("<(?:any|path).*>", "Observation", path)
        for method in sorted(rule.methods or ()):
            if method not in {"OPTIONS", "HEAD"}:
                assert client.open(path, method=method).status_code == 401, (method, path)


def test_the_list_of_public_routes_is_complete(app: Flask) -> None:
    open_ = set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        is_open = getattr(view, "is_public", False) or rule.endpoint.endswith(".static")
        if is_open and rule.rule.startswith(("/api", "/fhir", "/healthz", "/readyz", "/metrics")):
            open_.add(rule.endpoint)
    assert open_ == PUBLIC


@pytest.mark.parametrize(
    ("path", "status"), [("", 404), ("/assessments", 404), ("/events", 403), ("/deliveries", 403), ("/links", 405)]
)
def test_another_patient_does_not_exist(
    patient: Caller, enrolled: Callable[..., Participant], path: str, status: int
) -> None:
    other = enrolled()
    assert patient("GET", f"/participants/{other.id}{path}").status_code == status


def test_a_key_does_no_more_than_its_scopes(client: FlaskClient, runtime: Runtime, participant: Participant) -> None:
    with runtime.work(people.everything) as w:
        key = access.create_api_key(w, label="reader", role="admin", scopes=["participants.read"])
    reader = Caller(client, key)
    assert reader("GET", f"/participants/{participant.id}").status_code == 200
    assert reader("GET", f"/participants/{participant.id}/deliveries").status_code == 403


def test_who_reads_of_one_person_is_on_record_and_what_a_person_reads_of_their_own_is_not(
    app: Flask, staff: Caller, patient: Caller, participant: Participant, open_one: dict[str, Any], engine: Engine
) -> None:
    """AT-17: every address that shows one person to the team leaves a line each time it is read."""
    shown = [
        rule.rule.removeprefix(API)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.arguments & {"participant_id", "assessment_id"}
        if rule.rule.startswith(f"{API}/") and not rule.rule.startswith(f"{API}/me/")
    ]
    assert len(shown) >= 8
    own = ("/me", "/me/assessments", f"/me/assessments/{open_one['id']}")
    for path in own:
        assert patient("GET", path).status_code == 200
    for path in shown:
        whose = path.replace("<uuid:participant_id>", str(participant.id))
        assert staff("GET", whose.replace("<uuid:assessment_id>", open_one["id"])).status_code == 200
    with engine.connect() as connection:
        query = select(audit_event.c.actor_kind, audit_event.c.participant_id)
        made = audit_event.c.actor_kind != "staff"  # who made the patient's link looked at them first
        lines = connection.execute(query.where(audit_event.c.action == "participant.read", made)).all()
    assert [tuple(line) for line in lines] == [("api_key", participant.id)] * len(shown)
