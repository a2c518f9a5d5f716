"""News: what of the things on record, and of time passing, other systems are told.

What people and workers did is read off the audit trail, so nothing is told that did not happen, and nothing that
happened is left out. That a window opened or closed is on no record; it follows from the assessment's dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pro_service.domain.assessments import GRACE, Assessment, Status, status
from pro_service.domain.audit import AuditLine
from pro_service.domain.webhooks import Mark, News, Webhook

WITHDRAWAL = "withdrawal"
SCORED = "scores.compute"
TOLD: Mapping[str, str] = {
    "assessment.submit": "assessment.submitted",
    "event.record": "event.changed",
    "event.correct": "event.changed",
    "event.retract": "event.changed",
    "alert.raise": "alert.raised",
}
"""Action of an audit line -> the event it is to a webhook."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Where something belongs: codes, and the participant's id."""

    participant_id: UUID
    participant: str
    site: str


@dataclass(frozen=True, slots=True)
class Scored:
    """One set of scores with the form it was made from."""

    id: UUID
    response_id: UUID
    assessment_id: UUID
    timepoint: str
    instrument: str
    computed_at: datetime
    whose: Whose


@dataclass(frozen=True, slots=True)
class Dated:
    """An assessment with whose it is."""

    assessment: Assessment
    whose: Whose


def wanted(webhook: Webhook) -> tuple[str, ...]:
    """The actions of audit lines that are news to this endpoint."""
    told = tuple(action for action, type_ in TOLD.items() if _asks(webhook, type_, action))
    return (*told, SCORED) if "score.computed" in webhook.events else told


def watches(webhook: Webhook) -> bool:
    """Whether it is told of windows. Then new dates of an assessment matter: they may lie in the past."""
    return not {"assessment.opened", "assessment.missed"}.isdisjoint(webhook.events)


def portion(lines: Sequence[AuditLine], most: int) -> Sequence[AuditLine]:
    """As many of the lines, at least one, as together stand for at most so many things: a line on scores for many."""
    total = 0
    for count, line in enumerate(lines):
        total += int(str(line.changes.get("forms", (None, 1))[1])) if line.action == SCORED else 1
        if total > most and count:
            return lines[:count]
    return lines


def of_line(line: AuditLine, *, study: str, whose: Whose, dated: Mapping[UUID, Dated]) -> Iterator[News]:
    """What one audit line about a person is to other systems. `dated` holds the assessments that lines name."""
    kind, data = TOLD[line.action], _about(study, whose)
    if kind == "assessment.submitted":
        yield News(f"audit:{line.id}", kind, line.at, _about_assessment(study, dated[UUID(line.subject_id)]))
        return
    data[f"{line.subject_kind}_id"] = line.subject_id
    yield News(f"audit:{line.id}", kind, line.at, data)
    if _withdraws(line):
        yield News(f"audit:{line.id}:withdrawn", "participant.withdrawn", line.at, data)


def of_scores(scored: Iterable[Scored], *, study: str) -> Iterator[News]:
    """That scores were computed: of which form, not which scores."""
    for one in scored:
        data = {
            **_about(study, one.whose),
            "assessment_id": str(one.assessment_id),
            "timepoint": one.timepoint,
            "instrument": one.instrument,
            "response_id": str(one.response_id),
            "score_set_id": str(one.id),
        }
        yield News(f"score:{one.id}", "score.computed", one.computed_at, data)


def opened(found: Iterable[Dated], *, study: str, now: datetime) -> Iterator[News]:
    """Windows that have opened: not those that were cancelled, and not those that are over already."""
    for one in found:
        state, at = status(one.assessment, now), one.assessment.opens_at
        if at is not None and at <= now and state in {Status.OPEN, Status.IN_PROGRESS, Status.SUBMITTED}:
            yield News(f"opened:{one.assessment.id}", "assessment.opened", at, _about_assessment(study, one))


def missed(found: Iterable[Dated], *, study: str, now: datetime) -> Iterator[News]:
    """Windows that are over, the hour of grace included, without the form having been submitted."""
    for one in found:
        at = one.assessment.closes_at
        if at is not None and at + GRACE <= now and status(one.assessment, now) in {Status.MISSED, Status.PARTIAL}:
            data = {**_about_assessment(study, one), "status": str(status(one.assessment, now))}
            yield News(f"missed:{one.assessment.id}", "assessment.missed", at, data)


def passed(at: datetime | None, assessment_id: UUID, mark: Mark) -> bool:
    """Has the reader of openings (or closings) gone past this one already?"""
    return at is not None and (at, assessment_id) <= (mark.at, mark.id)


def _asks(webhook: Webhook, type_: str, action: str) -> bool:
    withdrawals = action in {"event.record", "event.correct"} and "participant.withdrawn" in webhook.events
    return type_ in webhook.events or withdrawals


def _withdraws(line: AuditLine) -> bool:
    """Does it say that a withdrawal has happened? A planned one has not, and a corrected date is not a second one."""
    if line.action not in {"event.record", "event.correct"}:
        return False
    before, after = line.changes.get(f"{WITHDRAWAL}.on", (None, None))
    if f"{WITHDRAWAL}.actual" in line.changes:
        return line.changes[f"{WITHDRAWAL}.actual"][1] is True
    return before is None and after is not None  # recorded once more, after it had been taken back


def _about(study: str, whose: Whose) -> dict[str, str]:
    return {
        "study": study,
        "site": whose.site,
        "participant": whose.participant,
        "participant_id": str(whose.participant_id),
    }


def _about_assessment(study: str, one: Dated) -> dict[str, str]:
    named = {"assessment_id": str(one.assessment.id), "timepoint": one.assessment.timepoint}
    return {**_about(study, one.whose), **named}
