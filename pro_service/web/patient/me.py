"""Whose pages these are: the participant behind the session, their study, and the questionnaires as cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pro_service.domain import calendar, overlaps
from pro_service.domain.assessments import Assessment, Status
from pro_service.domain.burden import minutes
from pro_service.domain.errors import Forbidden
from pro_service.domain.overlaps import Wait
from pro_service.domain.participants import Participant
from pro_service.domain.preferences import hears
from pro_service.domain.protocol import Study
from pro_service.http.authentication import actor
from pro_service.http.transaction import work
from pro_service.services import participants, studies
from pro_service.services.assessments import AssessmentView
from pro_service.web import pages
from pro_service.web.i18n import ONE_MOMENT, long_date, marked

TO_DO = (Status.OPEN, Status.IN_PROGRESS)
TO_COME = (Status.PLANNED, Status.WAITING)
DONE = (Status.SUBMITTED, Status.PARTIAL, Status.MISSED)


@dataclass(frozen=True, slots=True)
class Person:
    """The participant, the protocol they are under, and the language their pages speak now."""

    participant: Participant
    study: Study
    language: str


@dataclass(frozen=True, slots=True)
class Card:
    """One assessment on the page "my questionnaires". Days are in words; "" where there is none."""

    id: UUID
    label: str
    answered: int
    total: int
    minutes: int
    from_day: str
    until: str
    sent_day: str
    waits_until: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """Does anything come, from which day ("" where that is not known), and is this person told when it opens?"""

    coming: bool
    day: str
    hears: bool


def person() -> Person:
    """Who asks; Forbidden for anybody who is not a participant."""
    who = actor()
    if who.kind != "participant":
        raise Forbidden("This is for patients.")
    participant = participants.by_id(work(), participant_id=UUID(who.id))
    pages.speak(participant.language)
    pages.suit(participant.preferences)
    study = studies.of_version(work(), study_version_id=participant.study_version_id)
    return Person(participant, study, pages.language())


def cards(of: Person, views: Sequence[AssessmentView], wanted: Sequence[Status]) -> list[Card]:
    """The assessments in one of these states, in the order they come."""
    chosen = [view for view in views if view.status in wanted]
    chosen.sort(key=lambda view: (view.assessment.opens_at is None, view.assessment.opens_at))
    days, zone = of.study.same_instrument_days, calendar.zone(of.participant.timezone)
    waits = overlaps.waits([view.assessment for view in views], days=days, now=work().now, zone=zone)
    return [_card(of, view, waits.get(view.assessment.id)) for view in chosen]


def ahead(of: Person, views: Sequence[AssessmentView]) -> Ahead:
    """What comes next for them."""
    coming = cards(of, views, TO_COME)
    day = next((each.from_day for each in coming if each.from_day), "")
    return Ahead(bool(coming), day, hears(of.participant.preferences))


def _card(of: Person, view: AssessmentView, wait: Wait | None) -> Card:
    """One assessment in words."""
    assessment, zone = view.assessment, of.participant.timezone
    return Card(
        id=assessment.id,
        label=marked(view.label, of.language),
        answered=view.answered,
        total=view.total,
        minutes=minutes(view.total),
        from_day=first_day(of, assessment),
        until=last_day(of, assessment),
        sent_day=long_date(assessment.submitted_at, of.language, zone) if assessment.submitted_at else "",
        waits_until=long_date(wait.until, of.language, zone) if wait else "",
    )


def first_day(of: Person, assessment: Assessment) -> str:
    """The day on which it opens; "" while that is not known."""
    return long_date(assessment.opens_at, of.language, of.participant.timezone) if assessment.opens_at else ""


def last_day(of: Person, assessment: Assessment) -> str:
    """The last day on which it can be answered: the window closes at 24:00, which is 00:00 of the day after."""
    closes = assessment.closes_at
    return long_date(closes - ONE_MOMENT, of.language, of.participant.timezone) if closes else ""
