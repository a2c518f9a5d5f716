"""FHIR, read over HTTP: what leaves, what stays inside, who is told that there is nothing, and pages that add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from pro_service.domain.fhir_responses import ABSENT
from pro_service.domain.fhir_search import SEARCHES
from pro_service.domain.instruments import Instrument
from pro_service.domain.wording import Choice, Pack, Question
from pro_service.runtime import Runtime
from pro_service.services import access, assessments
from pro_service.storage import wordings
from pro_service.storage.audit import audit_event
from tests.services.tiny import IDENTIFIERS, Tiny, at
from tests.support import people, r4
from tests.support.clock import Clock

Ask = Callable[..., TestResponse]
T001 = "urn:pro-service:participants:tiny|T-001"
SECRET = "SECRET-LICENSED-WORDS"


@pytest.fixture
def lived(runtime: Runtime, clock: Clock) -> Tiny:
    """The tiny study at the end of its story: two submitted forms of T-001, three questionnaires, one corrected."""
    tiny = Tiny(runtime, clock)
    tiny.live()
    clock.set(at("02-28"))
    return tiny


@pytest.fixture
def key(runtime: Runtime, client: FlaskClient, lived: Tiny) -> Callable[..., Ask]:
    """Makes a caller with a key of that role, study and site."""

    def make(
        role: str = "statistician",
        *,
        study: str = "tiny",
        site: str = "",
        scopes: tuple[str, ...] = ("fhir.read", "arms.read"),
    ) -> Ask:
        with runtime.work(people.everything) as w:
            token = access.create_api_key(w, label=role, role=role, scopes=list(scopes), study=study, site=site)
        return asking(client, token)

    return make


def asking(client: FlaskClient, token: str) -> Ask:
    def ask(path: str, query: dict[str, str] | None = None, **headers: str) -> TestResponse:
        return client.get(f"/fhir/{path}", query_string=query, headers={"Authorization": f"Bearer {token}", **headers})

    return ask


def read(response: TestResponse) -> dict[str, Any]:
    """The resource of a good answer, which somebody else's reader takes as R4."""
    found = plain(response)
    assert r4.refusal(found) == ""
    return found


def plain(response: TestResponse) -> dict[str, Any]:
    """The resource of a good answer."""
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.mimetype == "application/fhir+json"
    found: dict[str, Any] = response.get_json()
    return found


def refused(response: TestResponse, status: int, kind: str) -> str:
    """What a refusal says; it is an OperationOutcome."""
    assert (response.status_code, response.mimetype) == (status, "application/fhir+json")
    found = response.get_json()
    assert r4.refusal(found) == ""
    assert found["issue"][0]["code"] == kind
    return json.dumps(found)


def inside(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle.get("entry", [])]


def every_page(ask: Ask, path: str, query: dict[str, str]) -> list[list[dict[str, Any]]]:
    """The resources of a search, page by page, by way of its next links."""
    pages, bundle = [], plain(ask(path, query))
    while True:
        pages.append(inside(bundle))
        onward = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        if onward is None:
            return pages
        split = urlsplit(onward)
        bundle = plain(ask(f"{split.path.removeprefix('/fhir/')}?{split.query}"))


def extension(resource: dict[str, Any], name: str) -> Any:
    """The value of an extension of ours."""
    (one,) = (part for part in resource["extension"] if part["url"].endswith(f":{name}"))
    return next(value for key, value in one.items() if key.startswith("value"))


def test_a_submitted_questionnaire_as_it_was_answered(key: Callable[..., Ask]) -> None:
    ask = key()
    (eq, ipcq) = sorted(
        inside(read(ask("QuestionnaireResponse", {"authored": "2026-01-13", "subject:identifier": T001}))),
        key=lambda one: str(one["questionnaire"]),
    )
    assert (eq["status"], ipcq["status"]) == ("amended", "completed")  # the first was corrected
    assert eq["questionnaire"].startswith("urn:pro-service:questionnaire:eq-5d-5l|")
    assert eq["authored"] == "2026-01-13T12:00:00Z"
    assert eq["meta"] == {"versionId": "2", "lastUpdated": "2026-01-20T09:00:00Z"}
    assert eq["subject"]["identifier"] == {"system": "urn:pro-service:participants:tiny", "value": "T-001"}
    assert (extension(eq, "timepoint"), extension(eq, "occurrence"), extension(eq, "mode")) == ("baseline", 1, "self")
    given = {item["linkId"]: item["answer"][0] for item in eq["item"] if "answer" in item}
    assert given["MO"]["valueCoding"]["code"] == "1"
    assert given["VAS"] == {"valueInteger": 62}
    items = {item["linkId"]: item for item in ipcq["item"]}
    assert items["work"]["answer"] == [{"valueBoolean": True}]
    assert items["absent_since"]["answer"] == [{"valueDate": "2026-01-02"}]
    assert items["days_week"]["answer"] == [{"valueDecimal": 4.5}]
    assert "bothered_days" not in items  # answered, and then hidden by a later answer
    left_open = [item for item in ipcq["item"] if "answer" not in item]
    assert {item["extension"][0]["url"] for item in left_open} <= {ABSENT}
    assert read(ask(f"QuestionnaireResponse/{eq['id']}")) == eq


def test_a_score_with_all_that_made_it(key: Callable[..., Ask]) -> None:
    ask = key()
    found = inside(read(ask("Observation", {"date": "2026-01-13", "code": "urn:pro-service:scales:eq-5d-5l|"})))
    scores = {one["code"]["coding"][0]["code"]: one for one in found}
    vas = next(one for name, one in scores.items() if one.get("valueQuantity", {}).get("value") == 62)
    assert vas["status"] == "amended"
    assert vas["category"][0]["coding"][0]["code"] == "survey"
    assert (vas["effectiveDateTime"], vas["issued"]) == ("2026-01-13T12:00:00Z", "2026-01-20T09:00:00Z")
    assert vas["derivedFrom"][0]["reference"].startswith("QuestionnaireResponse/")
    assert vas["method"]["coding"] == [{"system": "urn:pro-service:scorer", "code": "1"}]
    assert (extension(vas, "value-set"), extension(vas, "missing-rule"), extension(vas, "revision")) == (
        "nl-2016",
        "default",
        2,
    )
    assert len(extension(vas, "input-hash")) == 64
    assert (extension(vas, "items-answered"), extension(vas, "items")) == (1, 1)
    profile = next(one for one in found if "valueString" in one)
    assert profile["valueString"] == "11231"
    assert read(ask(f"Observation/{vas['id']}")) == vas
    assert inside(read(ask("Observation", {"derived-from": vas["derivedFrom"][0]["reference"]}))) == found
    one_scale = f"urn:pro-service:scales:eq-5d-5l|{vas['code']['coding'][0]['code']}"
    assert len(inside(read(ask("Observation", {"code": one_scale})))) == 2  # before, and after surgery


def test_only_what_was_submitted_leaves(key: Callable[..., Ask]) -> None:
    """T-002 answered half a form, T-003 none."""
    found = inside(read(key()("QuestionnaireResponse")))
    assert [one["subject"]["identifier"]["value"] for one in found] == ["T-001"] * 3
    text = json.dumps(found)
    assert not [word for word in (*IDENTIFIERS, "T-002") if word in text]


def test_pages_add_up(key: Callable[..., Ask]) -> None:
    ask = key()
    for resource, size in (("QuestionnaireResponse", 1), ("Observation", 4), ("Observation", 1)):
        whole = inside(plain(ask(resource)))
        pages = every_page(ask, resource, {"_count": str(size)})
        assert [one for page in pages for one in page] == whole
        assert max(map(len, pages)) <= size
        assert len(pages) >= len(whole) // size


SEARCHED: dict[str, int] = {
    "": 3,
    "authored=2026-02-10": 1,
    "authored=ge2026-02": 1,
    "authored=lt2026-02-10T09:00:00Z": 2,
    "authored=le2026-02-10T10:00:00%2B01:00": 3,
    "authored=ge2026-01-14&authored=lt2026-02-10": 0,
    "_lastUpdated=2026-01-20": 1,
    "_lastUpdated=gt2026-01-20": 1,
    "questionnaire=urn:pro-service:questionnaire:ipcq": 1,
    "questionnaire=Questionnaire/ipcq": 1,
    "questionnaire=urn:pro-service:questionnaire:ipcq|0": 0,
    "subject:identifier=T-001": 3,
    "patient:identifier=T-002": 0,
    "subject:identifier=urn:pro-service:participants:tiny|T-001": 3,
    "subject:identifier=urn:pro-service:participants:other|T-001": 0,
    "_id=T-001": 0,
    "_count=2": 2,
}
"""A search for responses -> how many it finds on its first page."""

REFUSED = (
    ("QuestionnaireResponse?subject=Patient/1", "subject"),
    ("QuestionnaireResponse?authored=yesterday", "authored"),
    ("QuestionnaireResponse?authored=ne2026-01-01", "authored"),
    ("QuestionnaireResponse?authored=2026-02-30", "authored"),
    ("QuestionnaireResponse?_count=0", "_count"),
    ("QuestionnaireResponse?_after=x", "_after"),
    ("QuestionnaireResponse?_id=a&_id=b", "_id"),
    ("QuestionnaireResponse?questionnaire=phq-9", "questionnaire"),
    ("QuestionnaireResponse?subject:identifier=T-1,T-2", "subject:identifier"),
    ("QuestionnaireResponse?_include=QuestionnaireResponse:subject", "_include"),
    ("Observation?code=72514-3", "code"),
    ("Observation?derived-from=x", "derived-from"),
    ("Questionnaire?title=x", "title"),
)
"""A search that is refused -> the parameter that is named."""


def test_searches(key: Callable[..., Ask]) -> None:
    ask = key()
    assert {query: len(inside(plain(ask(f"QuestionnaireResponse?{query}")))) for query in SEARCHED} == SEARCHED
    for path, named in REFUSED:
        assert named in refused(ask(path), 400, "invalid"), path


def test_a_key_of_one_site_sees_only_that(key: Callable[..., Ask]) -> None:
    here, elsewhere = key("coordinator", site="nki"), key("coordinator", site="lumc")
    (one, *_) = inside(read(here("QuestionnaireResponse")))
    (score, *_) = inside(read(here("Observation")))
    assert inside(read(elsewhere("QuestionnaireResponse"))) == inside(read(elsewhere("Observation"))) == []
    refused(elsewhere(f"QuestionnaireResponse/{one['id']}"), 404, "not-found")
    refused(elsewhere(f"Observation/{score['id']}"), 404, "not-found")
    assert inside(read(key(study="another")("Observation"))) == []


def test_who_may_not_see_arms_gets_no_date_that_tells_one(key: Callable[..., Ask]) -> None:
    """When somebody was operated on tells their arm; neither a date, nor a search by date, may tell that."""
    ask = key("investigator")
    by_timepoint = {extension(one, "timepoint"): one for one in inside(read(ask("QuestionnaireResponse")))}
    assert "authored" in by_timepoint["baseline"]
    assert "2026-" not in json.dumps(by_timepoint["after_surgery"])
    after = f"QuestionnaireResponse/{by_timepoint['after_surgery']['id']}"
    scores = inside(read(ask("Observation", {"derived-from": after})))
    assert scores
    assert "2026-" not in json.dumps(scores)
    for parameter in ("authored", "_lastUpdated"):
        found = inside(read(ask("QuestionnaireResponse", {parameter: "ge2026-01-01"})))
        assert {extension(one, "timepoint") for one in found} == {"baseline"}


def test_a_line_in_the_trail_for_whoever_was_given_data(key: Callable[..., Ask], runtime: Runtime) -> None:
    ask = key()
    read(ask("QuestionnaireResponse", {"subject:identifier": T001}))
    read(ask("Observation"))
    read(ask("Questionnaire?_count=1"))
    refused(ask("Observation?x=1"), 400, "invalid")
    with runtime.work(people.everything, writes=False) as w:
        lines = w.session.execute(
            select(audit_event.c.subject_id, audit_event.c.changes, audit_event.c.role, audit_event.c.study_id)
            .where(audit_event.c.action == "fhir.read")
            .order_by(audit_event.c.id)
        ).all()
    assert [(line.subject_id, line.changes.get("participant"), line.role) for line in lines] == [
        ("QuestionnaireResponse", [None, "T-001"], "statistician"),
        ("Observation", None, "statistician"),
    ]
    assert all(line.study_id for line in lines)


def test_questionnaires_leave_in_either_language(key: Callable[..., Ask], runtime: Runtime) -> None:
    ask = key()
    assert len(inside(plain(ask("Questionnaire", {"_count": "200"})))) == len(runtime.catalogue)
    pages = every_page(ask, "Questionnaire", {"_count": "7"})
    assert [one["id"] for page in pages for one in page] == sorted(runtime.catalogue)
    url = {"url": "urn:pro-service:questionnaire:phq-9"}
    assert [one["id"] for one in inside(read(ask("Questionnaire", url)))] == ["phq-9"]
    dutch = ask("Questionnaire/phq-9", **{"Accept-Language": "nl-NL,en;q=0.5"})
    assert (read(dutch)["language"], "Accept-Language" in dutch.headers["Vary"]) == ("nl", True)
    assert read(ask("Questionnaire/phq-9", **{"Accept-Language": "fr"}))["language"] == "en"
    refused(ask("Questionnaire/none"), 404, "not-found")


def a_pack(instrument: Instrument) -> Pack:
    """Words that must not get out, for every place that has words."""
    items = tuple(
        Question(
            item.code, SECRET, SECRET if item.recall else "", SECRET if item.unit else "",
            tuple(Choice(option.code, SECRET) for option in item.options),
        )
        for item in instrument.items
    )  # fmt: skip
    return Pack(instrument.code, instrument.version, "en", SECRET, SECRET, "owner", "licence", None, items)


def test_the_words_of_a_licensed_pack_never_leave(key: Callable[..., Ask], runtime: Runtime, lived: Tiny) -> None:
    ask = key()
    with runtime.work(people.everything) as w:
        for code in ("eq-5d-5l", "ipcq", "phq-9"):  # one of them is free for all: its pack stays all the same
            wordings.add(w.session, a_pack(runtime.catalogue[code]), at=w.now)
        runtime.wordings.forget()
        lived._correct(w, "T-001", "baseline", "eq-5d-5l", {"VAS": 63})
        w.record()
        form = assessments.form(w, assessment_id=lived.assessment(w, "T-001", "baseline"))
    assert SECRET in str(form.instruments)  # a patient is shown them
    for path in ("Questionnaire?_count=200", "QuestionnaireResponse", "Observation", "Questionnaire/phq-9"):
        assert SECRET not in json.dumps(plain(ask(path)))


def test_a_patient_is_refused(key: Callable[..., Ask], client: FlaskClient, runtime: Runtime, lived: Tiny) -> None:
    with runtime.work(people.everything) as w:
        form = lived.assessment(w, "T-003", "after_surgery")
        token = access.mint_link(w, participant_id=lived.people["T-003"].id, assessment_ids=[form])
    lived.clock.set(at("01-20", 10))
    with runtime.work(people.system) as w:
        patient = asking(client, access.sign_in_with_link(w, token=token).access_token)
    for resource in SEARCHES:
        refused(patient(resource), 403, "forbidden")
        refused(patient(f"{resource}/x"), 403, "forbidden")


def test_a_key_needs_the_scope_and_nobody_gets_in(key: Callable[..., Ask], client: FlaskClient) -> None:
    reader = key("admin", scopes=("responses.read", "exports.write"))
    for resource in SEARCHES:
        refused(reader(resource), 403, "forbidden")
        refused(client.get(f"/fhir/{resource}"), 401, "login")
    refused(client.get("/fhir/Patient"), 401, "login")
    refused(key()("Patient"), 404, "not-found")
    refused(client.post("/fhir/Observation"), 405, "not-supported")


def test_what_can_be_asked_for_is_written_down(client: FlaskClient) -> None:
    """Anybody may read it, and it names every parameter the searches take; OpenAPI says nothing of them."""
    assert not [path for path in client.get("/api/openapi.json").get_json()["paths"] if path.startswith("/fhir")]
    statement = read(client.get("/fhir/metadata"))
    assert statement["fhirVersion"] == "4.0.1"
    (rest,) = statement["rest"]
    listed = {one["type"]: {parameter["name"] for parameter in one["searchParam"]} for one in rest["resource"]}
    assert listed == {name: {"_id", *(one.partition(":")[0] for one in of)} for name, of in SEARCHES.items()}


ACCEPTED = {
    ("metadata", "application/fhir+json"): 200,
    ("metadata", "application/json"): 200,
    ("metadata", "*/*"): 200,
    ("metadata", "application/fhir+xml"): 406,
    ("metadata?_format=json", "application/fhir+xml"): 200,
    ("metadata?_format=xml", "*/*"): 406,
    ("metadata?_format=application/fhir%2Bjson", "*/*"): 200,
}


def test_json_is_all_there_is(client: FlaskClient) -> None:
    answers = {one: client.get(f"/fhir/{one[0]}", headers={"Accept": one[1]}).status_code for one in ACCEPTED}
    assert answers == ACCEPTED
