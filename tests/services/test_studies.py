"""Studies: versions are loaded, activated once, never changed afterwards, and read back as they were written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError

from pro_service.domain.audit import Actor
from pro_service.domain.errors import (
    AlreadyActive,
    Conflict,
    Forbidden,
    InvalidStudy,
    NotFound,
    PlaceholderWording,
    ProError,
    StudyNotActive,
    UnknownStudy,
)
from pro_service.domain.protocol import StudyVersion
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage.audit import audit_event
from pro_service.storage.studies import study_version
from pro_service.studies.reader import shipped
from tests.support import people

Works = Callable[..., AbstractContextManager[Work]]
TEXT, PATH = shipped("scopes")
AMENDED = TEXT.replace("version: 1\n", "version: 2\n").replace("overdue_after: 7d", "overdue_after: 10d")


def load(work: Works, document: str = TEXT, actor: Actor = people.everything) -> None:
    with work(actor) as w:
        studies.load(w, document=document, file=PATH)


def activate(work: Works, actor: Actor = people.everything) -> None:
    with work(actor) as w:
        studies.activate(w, code="scopes")


def versions(work: Works) -> tuple[StudyVersion, ...]:
    with work(writes=False) as w:
        return studies.listing(w)


def audited(engine: Engine) -> list[tuple[str, dict[str, list[object]]]]:
    with engine.connect() as connection:
        query = select(audit_event.c.action, audit_event.c.changes).order_by(audit_event.c.id)
        return [(row.action, row.changes) for row in connection.execute(query) if row.action.startswith("study.")]


def test_a_loaded_study_is_not_active_yet(work: Works) -> None:
    load(work)
    (version,) = versions(work)
    assert (version.code, version.version, version.activated_at) == ("scopes", 1, None)
    with work(writes=False) as w, pytest.raises(StudyNotActive, match="activate it first"):
        studies.active(w, code="scopes")


def test_activation_is_the_beginning(work: Works, engine: Engine) -> None:
    """Read back, the protocol is the one that was written; both steps are on the audit trail."""
    load(work)
    activate(work)
    with work(writes=False) as w:
        found = studies.active_version(w, code="scopes")
        assert (
            studies.of_version(w, study_version_id=found.version_id) == found.study == studies.active(w, code="scopes")
        )
    (version,) = versions(work)
    assert (version.id, version.study_id, version.sha256) == (found.version_id, found.study_id, found.study.sha256)
    assert [action for action, _ in audited(engine)] == ["study.load", "study.activate"]
    assert audited(engine)[0][1] == {"version": [None, 1], "sha256": [None, found.study.sha256]}


def test_the_same_bytes_again_change_nothing(work: Works, engine: Engine) -> None:
    for _ in range(2):
        load(work)
    for _ in range(2):
        activate(work)
    load(work)
    assert len(versions(work)) == 1
    assert [action for action, _ in audited(engine)] == ["study.load", "study.activate"]


def test_a_draft_may_change(work: Works, engine: Engine) -> None:
    load(work)
    load(work, TEXT.replace("overdue_after: 7d", "overdue_after: 9d"))
    activate(work)
    with work(writes=False) as w:
        assert studies.active(w, code="scopes").reminders.overdue_after == 9
    assert [action for action, _ in audited(engine)] == ["study.load", "study.replace", "study.activate"]


def test_an_active_version_may_not(work: Works, scopes: object) -> None:
    with pytest.raises(AlreadyActive, match="give the file a higher version"):
        load(work, TEXT.replace("overdue_after: 7d", "overdue_after: 9d"))
    with work(writes=False) as w:
        assert studies.active(w, code="scopes").reminders.overdue_after == 7


def test_the_database_holds_an_active_version_unchangeable(engine: Engine, scopes: object) -> None:
    """Even past our own code."""
    with engine.connect() as connection, pytest.raises((DBAPIError, ProError)):
        connection.execute(text("UPDATE study_version SET document = 'other'"))
    with engine.connect() as connection, pytest.raises((DBAPIError, ProError)):
        connection.execute(text("DELETE FROM study_version"))


def test_an_amendment_is_a_new_version(work: Works, scopes: object) -> None:
    """Failure 18: who was enrolled under the first version stays under it; the active one is the newest activated."""
    with work(writes=False) as w:
        first = studies.active_version(w, code="scopes")
    load(work, AMENDED)
    with work(writes=False) as w:
        assert studies.active(w, code="scopes").version == 1
    activate(work)
    with work(writes=False) as w:
        assert studies.active(w, code="scopes").version == 2
        assert studies.active_version(w, code="scopes").study_id == first.study_id
        assert studies.of_version(w, study_version_id=first.version_id).reminders.overdue_after == 7


def test_an_older_version_cannot_follow(work: Works) -> None:
    load(work, AMENDED)
    activate(work)
    with pytest.raises(Conflict, match="version 2 of scopes is active"):
        load(work)


def test_a_broken_file_stores_nothing(work: Works, engine: Engine) -> None:
    with pytest.raises(InvalidStudy, match=r"scopes\.yaml:\d+: timezone: 'Europe/Amsterdm' is not"):
        load(work, TEXT.replace("timezone: Europe/Amsterdam", "timezone: Europe/Amsterdm"))
    assert versions(work) == ()
    assert audited(engine) == []


def test_placeholder_wording_is_not_for_real_participants(work: Works) -> None:
    load(work)
    with work() as w, pytest.raises(PlaceholderWording, match=r"wording is lacking in qlq-c30 \(en, nl\), eq-5d-5l"):
        studies.activate(w, code="scopes", real_participants=True)
    assert versions(work)[0].activated_at is None
    with work() as w:
        licensed = {code: replace(one, placeholder_wording=False) for code, one in w.catalogue.items()}
        studies.activate(replace(w, catalogue=licensed), code="scopes", real_participants=True)
    assert versions(work)[0].activated_at is not None


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (people.nobody, Forbidden),
        (people.investigator, Forbidden),
        (people.patient(UUID(int=1)), Forbidden),
        (replace(people.everything, study="another"), NotFound),
    ],
    ids=["nobody", "investigator", "patient", "another study's"],
)
def test_who_may_not(work: Works, actor: Actor, error: type[ProError]) -> None:
    with pytest.raises(error):
        load(work, actor=actor)
    load(work)
    with pytest.raises(error):
        activate(work, actor)
    assert [version.activated_at for version in versions(work)] == [None]


def test_a_listing_shows_ones_own_study(work: Works, scopes: object) -> None:
    with work(people.investigator, writes=False) as w:
        assert [version.code for version in studies.listing(w)] == ["scopes"]
    with work(replace(people.investigator, study="another"), writes=False) as w:
        assert studies.listing(w) == ()


def test_unknown_studies(work: Works) -> None:
    for ask in (studies.active, studies.activate, studies.active_version):
        with work() as w, pytest.raises(UnknownStudy, match="no study 'scopes'; load its file first"):
            ask(w, code="scopes")
    with work() as w, pytest.raises(UnknownStudy):
        studies.of_version(w, study_version_id=uuid4())


def test_two_studies_side_by_side(work: Works) -> None:
    load(work)
    load(work, TEXT.replace("study: scopes", "study: another"))
    assert [(version.code, version.version) for version in versions(work)] == [("another", 1), ("scopes", 1)]


def test_a_protocol_is_parsed_once(work: Works, scopes: object) -> None:
    """Kept by the hash of its text, so that an amendment can never be mistaken for its predecessor."""
    with work(writes=False) as w:
        assert studies.active(w, code="scopes") is studies.active(w, code="scopes")
        assert w.session.execute(select(func.count()).select_from(study_version)).scalar() == 1
