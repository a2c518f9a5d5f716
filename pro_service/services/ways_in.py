"""The ways in that somebody has now, for the member of the team who is asked for another, or must end them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pro_service.domain.links import lives, unfinished
from pro_service.domain.participants import Participant
from pro_service.services import contacts
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import access, assessments, feeds, letters, participants
from pro_service.storage.letters import Sent


@dataclass(frozen=True, slots=True)
class WaysIn:
    """How many links and sessions are good, the letter that is, and what another would need.

    `left` counts what can still be answered: a link to nothing opens nothing. `year_known` says whether a letter would
    have a code; `on_calendar`, whether somebody's calendar reads along.
    """

    participant: Participant
    study: str
    left: int
    links: int
    sessions: int
    letter: Sent | None
    year_known: bool
    on_calendar: bool


def of_participant(work: Work, *, participant_id: UUID) -> WaysIn:
    """The ways in of one participant, for who may make them others. Raises NotFound, Forbidden."""
    person = participants.by_id(work.session, participant_id)
    study = require_staff(work, person, "links.mint")
    forms = assessments.of_participant(work.session, person.id)
    good = [one for one in access.living_links(work.session, person.id) if lives(one.assessment_ids, forms, work.now)]
    left = len(unfinished(forms, work.now))
    return WaysIn(
        participant=person,
        study=study.code,
        left=left,
        links=len(good),
        sessions=access.living_sessions(work.session, person.id, at=work.now),
        letter=letters.newest(work.session, person.id) if left else None,
        year_known=person.id in contacts.with_birth_year(work, participant_ids=[person.id]),
        on_calendar=feeds.of_participant(work.session, person.id) is not None,
    )
