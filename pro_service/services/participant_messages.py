"""Messages to participants, carried by `deliveries.py`: decided about again, then composed for their channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from pro_service.domain import sweeps
from pro_service.domain.assessments import Assessment
from pro_service.domain.deliveries import Delivery
from pro_service.domain.events import ends_of
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.protocol import Study
from pro_service.domain.reminders import Decision, Person, local_day
from pro_service.domain.sweeps import last_word
from pro_service.services import access, contacts, messages, studies
from pro_service.services.carriers import Letter, Outside
from pro_service.services.contacts import NOBODY
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
    decided = [(case, *_last_word(work, case)) for case in _cases(work, claimed, outside.channels)]
    going = [(case, spoken_of) for case, spoken_of, decision in decided if spoken_of and case.address is not None]
    tokens = access.mint_links(
        work,
        [(case.participant.id, case.participant.study_id, _ids(spoken_of)) for case, spoken_of in going],
    )
    letters = {
        case.delivery.id: _letter(work, case, spoken_of, token=token, base_url=outside.base_url)
        for (case, spoken_of), token in zip(going, tokens, strict=True)
    }
    return {case.delivery.id: letters.get(case.delivery.id, decision) for case, _, decision in decided}


def _last_word(work: Work, case: _Case) -> tuple[tuple[Assessment, ...], Decision]:
    return last_word(
        work.now,
        rule=case.study.reminders,
        assessments=case.assessments,
        meant=case.delivery.assessment_ids,
        person=case.person,
        occasion=case.delivery.occasion,
    )


def _ids(spoken_of: Sequence[Assessment]) -> tuple[UUID, ...]:
    return tuple(one.id for one in spoken_of)


def _letter(work: Work, case: _Case, spoken_of: Sequence[Assessment], *, token: str, base_url: str) -> Letter:
    message = messages.compose(
        work,
        delivery=case.delivery,
        to=case.address or "",
        participant=case.participant,
        study=case.study,
        assessments=spoken_of,
        token=token,
        base_url=base_url,
    )
    return Letter(
        channel=case.channel.name,
        repeatable=case.channel.deduplicates,
        call=partial(case.channel.send, message),
        assessment_ids=_ids(spoken_of),
        lost=partial(_lost, case=case),
    )


def _lost(work: Work, detail: str, *, case: _Case) -> None:
    """The address has proved wrong: it is left alone from now on, unless it is another one already."""
    contacts.mark_unreachable(
        work,
        participant_id=case.participant.id,
        field=case.channel.address,
        address=case.address,
        reason=detail,
    )


def _cases(work: Work, claimed: Sequence[Delivery], channels: Mapping[str, Channel]) -> Iterator[_Case]:
    """Everything to be known, in a fixed number of questions however many messages there are; the people locked."""
    owners = [(one, one.participant_id) for one in claimed if one.participant_id is not None]
    ids = [owner for _, owner in owners]
    people = participants.by_ids(work.session, ids, lock=True)
    versions = {one.study_version_id for one in people.values()}
    protocols = {version: studies.of_version(work, study_version_id=version) for version in versions}
    kinds = {kind for study in protocols.values() for kind in ends_of(study)}
    ends = deliveries.ends(work.session, participant_ids=ids, kinds=kinds)
    first_day = min(one.local_day for one in claimed)
    since = min(first_day, work.now.date()) - timedelta(days=2)
    past = deliveries.of_participants(work.session, ids, since=since)
    forms = assessments.of_participants(work.session, ids)
    known = contacts.read_many(work, participant_ids=ids)
    for delivery, owner in owners:
        participant, study = people[owner], protocols[people[owner].study_version_id]
        today, ending = local_day(work.now, participant.timezone), ends_of(study)
        channel, address = _way(delivery, participant, known.get(owner, NOBODY), channels)
        yield _Case(
            delivery=delivery,
            participant=participant,
            study=study,
            assessments=forms.get(owner, ()),
            channel=channel,
            address=address,
            person=sweeps.person(
                participant,
                [one for one in past.get(owner, ()) if one.id != delivery.id],
                work.now,
                ended=sweeps.ended([one for one in ends.get(owner, ()) if one.kind in ending], today),
                reachable=bool(address),
            ),
        )


def _way(
    delivery: Delivery, participant: Participant, contact: Contact, channels: Mapping[str, Channel]
) -> tuple[Channel, str | None]:
    """The channel and its address: the way they asked by, the one they chose, or else e-mail.

    Whichever of these this installation and the person have.
    """
    default = channels["email"]
    for name in (str(delivery.about.get("by", "")), participant.preferences.get("channel", "")):
        chosen = channels.get(name)
        if chosen is not None and (address := contact.address(chosen.address)) is not None:
            return chosen, address
    return default, contact.address(default.address)
