"""What a demo needs beside a simulated cohort: an account and a key, and a person with something to answer today."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pro_service.domain.assessments import Assessment, Status, status
from pro_service.domain.calendar import local_date, zone
from pro_service.domain.errors import ProError
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import TrialEvent
from pro_service.services import access, participants, staff, studies
from pro_service.services.work import Work
from pro_service.storage import datasets

EMAIL = "demo@example.org"
OPEN = (Status.OPEN, Status.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Doors:
    """How the study team comes in: an account that may do everything, and an API key."""

    email: str
    password: str
    totp_secret: str
    api_key: str


def has_participants(work: Work, *, study: str) -> bool:
    """Whether the study is there and somebody takes part in it."""
    if study not in {version.code for version in studies.listing(work) if version.activated_at is not None}:
        return False
    return bool(participants.listing(work, study=study, limit=1))


def open_doors(work: Work) -> Doors:
    """A new password, second factor and key for the demo's account, which is made where there is none."""
    password = secrets.token_urlsafe(12)
    if EMAIL in {member.email for member in staff.staff_list(work)}:
        credentials = staff.reset_staff(work, email=EMAIL, password=password)
    else:
        credentials = staff.create_staff(work, email=EMAIL, password=password, role="admin", organisation="demo")
    key = access.create_api_key(work, label="demo", role="admin", scopes=["*"], study="", site="")
    return Doors(EMAIL, password, credentials.totp_secret, key)


def knows(work: Work, *, api_key: str) -> bool:
    """Whether this key of an earlier start is one of this database."""
    try:
        return bool(access.who(work, token=api_key))
    except ProError:
        return False


def opens(work: Work, *, token: str) -> bool:
    """Whether a sign-in link of an earlier start still leads somewhere."""
    try:
        return access.link_state(work, token=token) == "usable"
    except ProError:
        return False


def fresh_link(work: Work, *, study: str) -> str:
    """The token of a link to what somebody can answer today; with nothing open, somebody new takes part from today."""
    version = studies.active_version(work, code=study)
    person, form = _somebody_with_an_open_form(work, version.study_id, version.study.languages[0]) or _newcomer(
        work, version.study
    )
    return access.mint_link(work, participant_id=person.id, assessment_ids=[form.id])


def _somebody_with_an_open_form(
    work: Work, study_id: UUID, first_language: str
) -> tuple[Participant, Assessment] | None:
    """Of those who read the study's first language, who enrolled last, and of their open forms what closes last."""
    people = {one.id: one for one in datasets.people(work.session, study_id=study_id, known_by=work.now)}
    forms = datasets.forms(work.session, list(people))
    found = [
        (people[one.participant_id], one)
        for of_one in forms.values()
        for one in of_one
        if status(one, work.now) in OPEN
    ]
    return max(found, key=lambda one: (one[0].language == first_language, *_lateness(*one)), default=None)


def _lateness(person: Participant, form: Assessment) -> tuple[datetime | None, datetime | None]:
    return person.enrolled_at, form.closes_at


def _newcomer(work: Work, study: Study) -> tuple[Participant, Assessment]:
    site = study.sites[0]
    today = local_date(work.now, zone(site.timezone))
    person = participants.enrol(
        work,
        study=study.code,
        code=f"DEMO-{work.now:%Y%m%d%H%M%S}",
        site=site.code,
        arm=study.arm_codes[0],
        stratum=study.stratum_codes[0],
        language=study.languages[0],
        contact=Contact(name="Synthetic Newcomer", email="newcomer@example.org"),
        eligibility={one.code: "no" if one.excludes else "yes" for one in study.criteria},
        consented_on=today,
        events=[TrialEvent(kind.code, today) for kind in study.events if kind.required],
    )
    forms = datasets.forms(work.session, [person.id])[person.id]
    return person, next(one for one in forms if status(one, work.now) in OPEN)
