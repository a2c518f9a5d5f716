"""May this actor do that to this person? Asked at the start of every use case that touches one participant.

Somebody of the team who reads what is known of one person leaves a line in the audit trail: `on_record`.
"""

from __future__ import annotations

from pro_service.domain import roles
from pro_service.domain.audit import AuditEvent
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.services import studies
from pro_service.services.work import Work

UNRECORDED = ("participant", "system")
"""Whose reading is no news: that of one's own answers, and what a worker looks up to do its work."""


def require(work: Work, participant: Participant, permission: str) -> Study:
    """The protocol the person is under, for the person themself and for staff with the permission at their site.

    Raises NotFound where the actor may not know of this person, Forbidden where they know but may not.
    """
    if work.actor.kind == "participant":
        roles.require_self(work.actor, participant.id)
        return studies.of_participant(work, participant)
    return require_staff(work, participant, permission)


def require_staff(work: Work, participant: Participant, permission: str) -> Study:
    """The protocol the person is under, for staff with the permission at their site; never for a participant."""
    study = studies.of_participant(work, participant)
    roles.require(work.actor, permission, study=study.code, site=participant.site)
    return study


def on_record(work: Work, participant: Participant, what: str) -> None:
    """Put on record who read what (a noun of the permissions) of this person: a line with the reading, or no reading.

    Lists of people leave no line: they show codes and states.
    """
    if work.actor.kind not in UNRECORDED:
        study_id, person_id = participant.study_id, participant.id
        work.record(AuditEvent("participant.read", what, person_id, study_id=study_id, participant_id=person_id))
