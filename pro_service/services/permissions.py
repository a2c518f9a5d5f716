"""May this actor do that to this person? Asked at the start of every use case that touches one participant."""

from __future__ import annotations

from pro_service.domain import roles
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.services import studies
from pro_service.services.work import Work


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
