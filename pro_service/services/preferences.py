"""What a person chooses about messages: by themself, by staff on their behalf, or by the link that stands in a message.

That link carries a token of its own kind, a keyed hash over the person: it signs nobody in and shows no answer, it can
be used again and again, and there is nothing of it to store, to spend or to expire.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from pro_service.domain import preferences
from pro_service.domain.assessments import Assessment
from pro_service.domain.audit import Actor
from pro_service.domain.calendar import local_date, zone
from pro_service.domain.errors import Invalid, LinkUnknown, NotFound, Problem
from pro_service.domain.messages import Channel
from pro_service.domain.participants import Participant
from pro_service.domain.reminders import Kind
from pro_service.services import contacts, participants
from pro_service.services.permissions import require
from pro_service.services.work import Work
from pro_service.storage import assessments, belonging, deliveries
from pro_service.storage import participants as stored

ID_BYTES = 16
TOKEN_BYTES = 32


def change(
    work: Work,
    *,
    participant_id: UUID,
    channels: Mapping[str, Channel],
    language: str | None = None,
    choices: Mapping[str, str | None],
    reason: str = "",
) -> Participant:
    """Change a person's language, or what domain/preferences.py lists; None takes a choice back, the rest stays.

    `channels` are those of this installation. Raises Invalid with every problem named by its field.
    """
    before = stored.by_id(work.session, participant_id, lock=True)
    study = require(work, before, "participants.change")
    today = local_date(work.now, zone(before.timezone))
    offered = contacts.addressed(work, participant_id=participant_id, channels=channels)
    problems = list(preferences.problems(before.preferences, choices, today=today, channels=offered))
    if language is not None and language not in study.languages:
        problems.append(Problem(f"expected one of {', '.join(study.languages)}", "language"))
    if problems:
        raise Invalid("these preferences cannot be kept", problems=problems)
    after = replace(
        before, language=language or before.language, preferences=preferences.merged(before.preferences, choices)
    )
    if after != before:
        stored.change(work.session, after)
        participants.record(work, "participant.prefer", before, after, reason=reason)
        _look_again_after_a_pause(work, before, after)
    return after


def offered(work: Work, *, participant_id: UUID, channels: Mapping[str, Channel]) -> tuple[str, ...]:
    """The channels by which this person can be reached."""
    require(work, stored.by_id(work.session, participant_id), "participants.change")
    addressed = contacts.addressed(work, participant_id=participant_id, channels=channels)
    return tuple(name for name, has_address in addressed.items() if has_address)


def token(work: Work, *, participant_id: UUID) -> str:
    """What stands in the link to a person's own choices: the same each time, so any message's link is good."""
    return urlsafe_b64encode(participant_id.bytes + _proof(work, participant_id)).decode().rstrip("=")


def chooser(work: Work, *, token: str) -> Actor:
    """Whoever may choose with this token, for one request and nothing else. LinkUnknown for one that is not ours."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        participant_id = UUID(bytes=raw[:ID_BYTES])
        if not hmac.compare_digest(raw[ID_BYTES:], _proof(work, participant_id)):
            raise ValueError
        owner = belonging.by_participant(work.session, participant_id)
    except (ValueError, NotFound):  # forged, cut short, or of another installation: indistinguishable on purpose
        raise LinkUnknown("this link is not known; check that the whole address was copied") from None
    return Actor("participant", str(owner.participant_id), "participant", owner.study, owner.site)


def _proof(work: Work, participant_id: UUID) -> bytes:
    return work.keys.token_hash(f"preferences:{participant_id}")[: TOKEN_BYTES - ID_BYTES]


def _look_again_after_a_pause(work: Work, before: Participant, after: Participant) -> None:
    """Where a pause ended early, what it held back is looked at now, not on the morning that is off."""
    today = local_date(work.now, zone(after.timezone))
    if preferences.paused_until(before.preferences, today) is None:
        return
    if preferences.paused_until(after.preferences, today) == preferences.paused_until(before.preferences, today):
        return
    asked = assessments.of_participant(work.session, after.id)
    deliveries.look_again(work.session, {one.id: work.now for one in asked if _is_held_back(work, one)})
    since = today - preferences.LONGEST_PAUSE
    past = deliveries.of_participants(work.session, [after.id], since=since).get(after.id, [])
    paused = [one.id for one in past if one.decision is Kind.PAUSED and one.due_at is not None]
    deliveries.change_all(work.session, {one: {"due_at": work.now} for one in paused})


def _is_held_back(work: Work, one: Assessment) -> bool:
    over = one.submitted_at is not None or one.cancelled_at is not None
    return not over and one.opens_at is not None and one.opens_at <= work.now and one.next_reminder_at is not None
