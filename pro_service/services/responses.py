"""Responses: save some answers, submit an assessment. The busiest code of the service, so every statement counts.

On PostgreSQL either takes two statements: read the sheet, write all there is to write (storage/sheets.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from pro_service.domain import responses as documents
from pro_service.domain.assessments import Mode, require_answerable
from pro_service.domain.errors import IncompleteForm, Problem
from pro_service.domain.instruments import Answer, missing_items
from pro_service.domain.participants import audited
from pro_service.domain.responses import Changes, Draft, Response, Sheet, Stamp
from pro_service.services.assessments import instrument_of
from pro_service.services.drafts import Hand, hand, laid, settled, write
from pro_service.services.work import Work
from pro_service.storage import responses
from pro_service.storage.sheets import Entry

NO_DRAFTS: Mapping[str, Draft] = {}


@dataclass(frozen=True, slots=True)
class Saved:
    """A response as it stands after saving."""

    revision: int
    answers: Mapping[str, Answer]
    stamps: Mapping[str, Stamp]


@dataclass(frozen=True, slots=True)
class Submitted:
    """When the assessment was submitted; `first` is False where it had been before."""

    submitted_at: datetime
    first: bool


def save(
    work: Work,
    *,
    assessment_id: UUID,
    instrument: str,
    answers: Mapping[str, Answer | None],
    revision: int,
    seen: Mapping[str, datetime] | None = None,
    language: str | None = None,
    mode: Mode | None = None,
    answered_on: date | None = None,
) -> Saved:
    """Save some answers of one questionnaire; None takes an answer back. The same again changes nothing.

    Items merge with what others saved since `revision`; StaleRevision, with the current answers in its details, where
    one of them was changed to something else. Staff enter a paper form or an interview with `mode`, and the day it
    was filled in with `answered_on`. Also raises InvalidAnswer, UnknownItem, UnknownInstrument, NotOpenYet,
    WindowClosed, AlreadySubmitted; nothing of a refused request is stored.
    """
    draft = Draft(answers, revision, seen or {}, language)
    return settled(
        work,
        assessment_id,
        lambda sheet: _save(work, sheet, instrument, draft, hand(work, sheet, mode, answered_on)),
    )


def submit(
    work: Work,
    *,
    assessment_id: UUID,
    drafts: Mapping[str, Draft] = NO_DRAFTS,
    mode: Mode | None = None,
    answered_on: date | None = None,
    closing: bool = False,
) -> Submitted:
    """Store the last answers, if they come along, and submit the assessment: both or neither. Again answers the same.

    From then on its answers wait to be scored, and nobody is reminded. Raises IncompleteForm where an item that may
    not be skipped was left open, AlreadySubmitted where it was submitted with other answers, and what `save` raises.
    `closing` promises that nothing is written after it in this unit of work; it may then be stored at once.
    """
    return settled(
        work,
        assessment_id,
        lambda sheet: _submit(work, sheet, drafts, hand(work, sheet, mode, answered_on), closing),
    )


def _save(work: Work, sheet: Sheet, instrument: str, draft: Draft, by: Hand) -> Saved:
    after = laid(work, sheet, instrument, draft, by)
    before = sheet.responses.get(instrument)
    if after is not before and after.revision:
        changes = {**_begun(sheet, by), **documents.changes(before, after)}
        event = audited(sheet.participant, "response.save", after.id, changes)
        write(work, sheet, Entry([after], by.mode, by.at, submits=False, event=event))
    return Saved(after.revision, after.answers, after.stamps)


def _submit(work: Work, sheet: Sheet, drafts: Mapping[str, Draft], by: Hand, closing: bool) -> Submitted:
    one = sheet.assessment
    laid_out = {code: laid(work, sheet, code, draft, by, prefix=f"{code}.") for code, draft in drafts.items()}
    if one.submitted_at is not None:
        return Submitted(one.submitted_at, first=False)
    require_answerable(one, by.at)
    _require_complete(work, sheet, {**sheet.responses, **laid_out})
    changed = [
        replace(after, to_score=True) for code, after in laid_out.items() if after is not sheet.responses.get(code)
    ]
    changed = [after for after in changed if after.revision]
    changes = {**_begun(sheet, by), "submitted_at": (None, by.at)}
    for after in changed:
        news = documents.changes(sheet.responses.get(after.instrument), after)
        changes.update({f"{after.instrument}.{item}": pair for item, pair in news.items()})
    event = audited(sheet.participant, "assessment.submit", one.id, changes)
    others = sheet.responses.keys() - {after.instrument for after in changed}
    write(work, sheet, Entry(changed, by.mode, by.at, submits=True, event=event), closing=closing and not others)
    if others:
        responses.settle(work.session, one.id, now=work.now)
    return Submitted(by.at, first=True)


def _require_complete(work: Work, sheet: Sheet, given: Mapping[str, Response]) -> None:
    """IncompleteForm, naming each item, where one is shown, may not be skipped, and has no answer."""
    problems = []
    for code in sheet.assessment.instruments:
        instrument = instrument_of(work, code)
        compulsory = {item.code for item in instrument.items if not item.skippable}
        if compulsory:
            missing = missing_items(instrument, given[code].answers if code in given else {})
            problems += [Problem("expected an answer", f"{code}.{item}") for item in missing if item in compulsory]
    if problems:
        raise IncompleteForm("some questions cannot be left open", problems=problems)


def _begun(sheet: Sheet, by: Hand) -> Changes:
    """That the assessment begins here, or goes on in another hand, as fields of the audit line."""
    one = sheet.assessment
    changes: Changes = {} if one.started_at is not None else {"started_at": (None, by.at)}
    if one.mode != by.mode:
        changes["mode"] = (one.mode, by.mode)
    return changes
