"""Messages to participants, carried by `deliveries.py`: decided about again, then composed for their channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from pro_service.domain import sweeps
from pro_service.domain.assessments import Assessment
from pro_service.domain.deliveries import Delivery
from pro_service.domain.events import ends_of
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study
from pro_service.domain.reminders import Decision, Kind, Person, local_day
from pro_service.domain.sweeps import last_word
from pro_service.services import contacts, messages, studies
from pro_service.services.carriers import Letter, Outside
from pro_service.services.work import Work
from pro_service.storage import assessments, deliveries, participants


@dataclass(frozen=True, slots=True)
class _Case:
    """One claimed delivery with everything a decision about it needs. `address` is None where there is none."""

    delivery: Delivery
    participant: Participant
    study: Study
    assessments: Sequence[Assessment]
    channel: Channel
    address: str | None
    person: Person


def prepare(work: Work, claimed: Sequence[Delivery], outside: Outside) -> Mapping[UUID, Letter | Decision]:
    """What is to be done now about each of these messages to participants."""
    return {one.id: _prepare(work, one, outside) for one in claimed}


def _prepare(work: Work, delivery: Delivery, outside: Outside) -> Letter | Decision:
    case = _case(work, delivery, outside.channels)
    spoken_of, decision = last_word(
        work.now,
        rule=case.study.reminders,
        assessments=case.assessments,
        meant=delivery.assessment_ids,
        person=case.person,
    )
    if decision.kind is not Kind.SEND or case.address is None:
        return decision
    return _letter(work, case, spoken_of, base_url=outside.base_url)


def _letter(work: Work, case: _Case, spoken_of: Sequence[Assessment], *, base_url: str) -> Letter:
    message = messages.compose(
        work,
        delivery=case.delivery,
        to=case.address or "",
        participant=case.participant,
        study=case.study,
        assessments=spoken_of,
        base_url=base_url,
    )
    return Letter(
        channel=case.channel.name,
        repeatable=case.channel.deduplicates,
        call=partial(case.channel.send, message),
        assessment_ids=tuple(one.id for one in spoken_of),
    )


def _case(work: Work, delivery: Delivery, channels: Mapping[str, Channel]) -> _Case:
    assert delivery.participant_id is not None
    participant = participants.by_id(work.session, delivery.participant_id, lock=True)
    study = studies.of_version(work, study_version_id=participant.study_version_id)
    today = local_day(work.now, participant.timezone)
    ends = deliveries.ends(work.session, participant_ids=[participant.id], kinds=ends_of(study))
    since = min(today, delivery.local_day) - timedelta(days=1)
    found = deliveries.of_participants(work.session, [participant.id], since=since).get(participant.id, [])
    channel = channels.get(participant.preferences.get("channel", "")) or channels["email"]
    address = getattr(contacts.read(work, participant_id=participant.id), channel.address)
    return _Case(
        delivery=delivery,
        participant=participant,
        study=study,
        assessments=assessments.of_participant(work.session, participant.id),
        channel=channel,
        address=address,
        person=sweeps.person(
            participant,
            [one for one in found if one.id != delivery.id],
            work.now,
            ended=sweeps.ended(ends.get(participant.id, []), today),
            reachable=bool(address),
        ),
    )
