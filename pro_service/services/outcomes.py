"""Outcomes: messages that failed, or of which nobody knows whether they arrived; and what staff make of them.

Neither way sends anything twice by accident: only a message that is over can be sent again, by somebody who says how
many attempts they saw, and every reason not to send is asked again before it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from pro_service.domain import roles
from pro_service.domain.deliveries import Attempt, Delivery, Explanation, Outcome
from pro_service.domain.errors import Conflict, Invalid, Problem, UnknownStudy
from pro_service.services.carriers import event
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import attempts as stored
from pro_service.storage import deliveries, participants, studies

OVER = ("failed", "unknown")
MOST = 500


@dataclass(frozen=True, slots=True)
class Trouble:
    """One message that failed or is in doubt. `code` and `site` are those of a participant, else empty."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]
    code: str
    site: str


def listing(work: Work, *, study: str, outcome: str, limit: int = MOST) -> tuple[Trouble, ...]:
    """Messages of a study that ended so, at the sites the actor may see, the newest first.

    Those to staff and webhooks are shown to whoever may see every site.
    """
    roles.require(work.actor, "deliveries.read", study=study, site=work.actor.site)
    study_id = studies.id_of(work.session, study)
    if study_id is None:
        raise UnknownStudy(f"no study '{study}'")
    found = deliveries.ended_so(
        work.session, study_id=study_id, site=work.actor.site, outcome=_over(outcome), limit=limit
    )
    tried = stored.of_deliveries(work.session, [one.id for one, _, _ in found])
    return tuple(Trouble(one, tuple(tried.get(one.id, ())), code, site) for one, code, site in found)


def resend(work: Work, *, delivery_id: UUID, reason: str, attempts: int | None = None) -> Delivery:
    """Send a message that failed or is in doubt once more, as soon as a worker wakes and nothing speaks against it.

    `attempts` is how many the asker has seen. Conflict where it is on its way, has arrived, or was tried since.
    """
    before = _held(work, delivery_id)
    tried = len(stored.of_deliveries(work.session, [before.id]).get(before.id, ()))
    if before.outcome not in OVER:
        raise Conflict(_NOT_OVER.get(before.outcome or "", "this message is on its way, or was never to be sent"))
    if attempts is not None and attempts != tried:
        raise Conflict(f"this message has been tried {tried} times by now, not {attempts}: look again before resending")
    news = {"outcome": None, "due_at": work.now, "claimed_until": None, "sent_at": None}
    deliveries.change_all(work.session, {before.id: news})
    work.record(event("delivery.resend", before, {"outcome": (before.outcome, None)}, reason))
    return deliveries.by_id(work.session, before.id)


def settle(work: Work, *, delivery_id: UUID, outcome: str, reason: str) -> Delivery:
    """Put on record what somebody found out about a message in doubt: it was `sent`, or `failed`.

    Conflict where it is not in doubt (any more).
    """
    if outcome not in ("sent", "failed"):
        raise Invalid("this is no outcome", problems=[Problem("expected sent or failed", "outcome")])
    before = _held(work, delivery_id)
    if before.outcome != "unknown":
        raise Conflict("this message is not in doubt")
    tried = stored.of_deliveries(work.session, [before.id]).get(before.id, ())
    sent_at = (tried[-1].handed_at or tried[-1].started_at) if outcome == "sent" and tried else None
    deliveries.change_all(work.session, {before.id: {"outcome": outcome, "sent_at": sent_at}})
    work.record(event("delivery.settle", before, {"outcome": ("unknown", outcome)}, reason))
    return deliveries.by_id(work.session, before.id)


def with_attempts(work: Work, one: Delivery) -> Explanation:
    """A message with everything that was tried."""
    return Explanation(one, tuple(stored.of_deliveries(work.session, [one.id]).get(one.id, ())))


_NOT_OVER = {"sent": "this message was sent"}


def _held(work: Work, delivery_id: UUID) -> Delivery:
    """The message, held until the end of the transaction, for whoever may decide about it."""
    one = deliveries.by_id(work.session, delivery_id, lock=True)
    if one.participant_id is not None:
        require_staff(work, participants.by_id(work.session, one.participant_id), "deliveries.resend")
    else:  # neither staff nor endpoints belong to one site
        study = studies.code_of(work.session, one.study_id) if one.study_id else "every study"
        roles.require(work.actor, "deliveries.resend", study=study, site="every site")
    return one


def _over(outcome: str) -> Outcome:
    if outcome not in OVER:
        raise Invalid("this is no such outcome", problems=[Problem("expected failed or unknown", "outcome")])
    return "failed" if outcome == "failed" else "unknown"
