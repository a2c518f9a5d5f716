"""Drafts on their way in: whose hand they come from, whether they may be taken, and what the response becomes.

Nothing is locked while a draft is looked at. Its write carries a guard, the assessment as it was read: where two tabs,
two phones or a retry come in between, nothing is written, and it is read and judged anew, this time under a lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import TypeVar
from uuid import UUID

from pro_service.domain import calendar, roles
from pro_service.domain import responses as documents
from pro_service.domain.assessments import BY_STAFF, Mode, Status, require_answerable, status
from pro_service.domain.errors import (
    AlreadySubmitted,
    Forbidden,
    Invalid,
    InvalidAnswer,
    Problem,
    UnknownInstrument,
    UnknownItem,
)
from pro_service.domain.instruments import Instrument, check_answers, unknown_items
from pro_service.domain.responses import Draft, Response, Sheet
from pro_service.domain.wording import shown_as
from pro_service.services import wording
from pro_service.services.assessments import instrument_of
from pro_service.services.permissions import require_staff
from pro_service.services.work import Work
from pro_service.storage import sheets
from pro_service.storage.metadata import new_id
from pro_service.storage.sheets import Entry

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Hand:
    """How the answers were put down, and at what instant they were given."""

    mode: Mode
    at: datetime


class OvertakenError(Exception):
    """Somebody else's answers came in between reading and writing; nothing was written yet."""


def settled(work: Work, assessment_id: UUID, act: Callable[[Sheet], Done]) -> Done:
    """Act on the sheet; should it be overtaken, lock it, read once more and act on that.

    `act` must write nothing before its guarded write has held.
    """
    try:
        return act(sheets.by_assessment(work.session, assessment_id))
    except OvertakenError:
        sheets.hold(work.session, assessment_id)
        return act(sheets.by_assessment(work.session, assessment_id))


def write(work: Work, sheet: Sheet, entry: Entry, *, closing: bool = False) -> None:
    """Write what a use case decided on, if the sheet is still as it was read; OvertakenError, nothing written, if not.

    `closing`: nothing is written after it in this unit of work.
    """
    if not sheets.write(work.session, sheet, entry, actor=work.actor, now=work.now, closing=closing):
        raise OvertakenError


def hand(work: Work, sheet: Sheet, mode: Mode | None, answered_on: date | None) -> Hand:
    """Whose hand this is. A patient answers for themself, now; staff say how the answers came, and on what day.

    NotFound for somebody else's assessment, Forbidden for staff who would answer as the patient, Invalid for a day
    to come.
    """
    if work.actor.kind == "participant":
        roles.require_self(work.actor, sheet.participant.id)
        if mode not in (None, "self") or answered_on is not None:
            raise Forbidden("participants answer for themselves, now")
        return Hand("self", work.now)
    require_staff(work, sheet.participant, "responses.save")
    known = next((one for one in BY_STAFF if one == (mode or sheet.assessment.mode)), None)
    if known is None:
        raise Forbidden("staff do not answer as the patient: say whether it was on paper, by interview or by proxy")
    return Hand(known, work.now if answered_on is None else _instant(work, sheet, answered_on))


def laid(work: Work, sheet: Sheet, code: str, draft: Draft, by: Hand, *, prefix: str = "") -> Response:
    """The response after this draft; the very same as before where the draft brings nothing that may still be taken.

    Raises UnknownInstrument, UnknownItem, InvalidAnswer (`prefix` goes before the items' codes), AlreadySubmitted,
    NotOpenYet, WindowClosed, StaleRevision.
    """
    instrument = wording.shown(work, _asked(work, sheet, code))
    _check(instrument, draft, prefix)
    one = sheet.assessment
    before = sheet.responses.get(code) or _blank(sheet, instrument)
    if documents.differs(before, draft):
        if one.submitted_at is not None:
            raise AlreadySubmitted("this assessment was submitted with other answers")
        require_answerable(one, by.at)
    elif status(one, by.at) not in {Status.OPEN, Status.IN_PROGRESS}:
        return before
    if by.mode != "self":
        draft = replace(draft, seen=dict.fromkeys(draft.answers, by.at))
    after = documents.merged(before, draft, work.now)
    if after is before:
        return after
    shown = shown_as(instrument, after.language)
    if (after.version, after.wording) == (instrument.version, shown):
        return after
    return replace(after, version=instrument.version, wording=shown)


def _asked(work: Work, sheet: Sheet, code: str) -> Instrument:
    if code not in sheet.assessment.instruments:
        raise UnknownInstrument("this assessment does not ask that questionnaire")
    return instrument_of(work, code)


def _check(instrument: Instrument, draft: Draft, prefix: str) -> None:
    problems = check_answers(instrument, draft.answers)
    unseen = unknown_items(instrument, dict.fromkeys(draft.seen)) if draft.seen else ()
    problems += tuple(Problem("no such item", code) for code in unseen if code not in draft.answers)
    if problems:
        unknown = unseen or unknown_items(instrument, draft.answers)
        named = [replace(problem, field=f"{prefix}{problem.field}") for problem in problems]
        raise (UnknownItem if unknown else InvalidAnswer)("these answers cannot be taken", problems=named)
    if draft.language is not None and draft.language not in instrument.title:
        expected = Problem(f"expected one of {', '.join(instrument.title)}", "language")
        raise Invalid("the questionnaire does not come in that language", problems=[expected])


def _blank(sheet: Sheet, instrument: Instrument) -> Response:
    return Response(
        id=new_id(),
        assessment_id=sheet.assessment.id,
        instrument=instrument.code,
        version=instrument.version,
        language=sheet.participant.language,
        answers={},
        stamps={},
    )


def _instant(work: Work, sheet: Sheet, answered_on: date) -> datetime:
    """Noon of that day where the person lives, or now where noon is still to come."""
    zone = calendar.zone(sheet.participant.timezone)
    if answered_on > calendar.local_date(work.now, zone):
        raise Invalid("these answers cannot be taken", problems=[Problem("lies in the future", "answered_on")])
    return min(datetime.combine(answered_on, time(12), zone).astimezone(work.now.tzinfo), work.now)
