"""The answers to one instrument in one assessment, and how drafts from several places become one document.

Every item carries a stamp: when it was seen on the device, when its answer reached the server, and the revision of
the response that set it. A draft says which revision its author had in hand; an item that somebody else has changed
since, to something else, is a collision, and everything else merges. Whole-form saving, where the last writer
silently wins, cannot happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from pro_service.domain.assessments import Assessment
from pro_service.domain.errors import StaleRevision
from pro_service.domain.instruments import Answer, Answers
from pro_service.domain.participants import Participant

Stamp = Mapping[str, object]
"""`seen` and `answered` (RFC 3339 instants in UTC) and `revision`; each is absent where it did not happen."""

Changes = dict[str, tuple[object, object]]


@dataclass(frozen=True, slots=True)
class Response:
    """What is stored of a response. Revision 0 is one that nothing was saved to yet; `wording`: see domain.wording."""

    id: UUID
    assessment_id: UUID
    instrument: str
    version: str
    language: str
    answers: Answers
    stamps: Mapping[str, Stamp]
    revision: int = 0
    to_score: bool = False
    wording: str = "placeholder"


@dataclass(frozen=True, slots=True)
class Draft:
    """Some answers on their way in; None clears an item. `seen` is the device's own time, never trusted alone."""

    answers: Mapping[str, Answer | None]
    revision: int = 0
    seen: Mapping[str, datetime] = field(default_factory=dict)
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One assessment as it lies on the table: whose it is, and every response it has so far, by instrument."""

    assessment: Assessment
    participant: Participant
    responses: Mapping[str, Response]


@dataclass(frozen=True, slots=True)
class Correction:
    """Who changed a submitted answer, when and why; the answers before and after stand beside it."""

    by: str
    at: datetime
    reason: str


def differs(response: Response, draft: Draft) -> bool:
    """Whether the draft says anything the response does not say already."""
    return any(response.answers.get(item) != answer for item, answer in draft.answers.items())


def merged(response: Response, draft: Draft, now: datetime) -> Response:
    """The response with the draft laid over it; the very same object when the draft brings nothing new.

    Raises StaleRevision, with the current answers of the items that collide, when somebody else changed one of the
    draft's items after the revision the draft is based on, to another answer.
    """
    known = response.answers.get
    changed = {item: answer for item, answer in draft.answers.items() if known(item) != answer}
    _refuse_collisions(response, draft, changed)
    touched = {*changed, *(item for item in draft.seen if item not in response.stamps)}
    if not touched:
        return response
    answers = {**response.answers, **changed}
    revision, answered = response.revision + 1, instant(now)
    stamps = dict(response.stamps)
    fresh: Stamp = {"revision": revision, "answered": answered}  # of most items: answered for the first time
    for item in touched:
        if item in changed and item not in stamps and item not in draft.seen:
            stamps[item] = fresh
            continue
        stamp = {**stamps.get(item, {}), "revision": revision}
        if item in draft.seen and "seen" not in stamp:  # the first sight counts, on whichever device
            stamp["seen"] = instant(draft.seen[item])
        if item in changed:
            stamp["answered"] = answered
        stamps[item] = stamp
    return replace(
        response,
        answers={item: answer for item, answer in answers.items() if answer is not None},
        stamps=stamps,
        revision=revision,
        language=draft.language or response.language,
    )


def changes(before: Response | None, after: Response) -> Changes:
    """Old and new answer of every item that differs, and the first sight of items still without an answer."""
    old: Answers = {} if before is None else before.answers
    known = {} if before is None else before.stamps
    found: Changes = {item: (answer, None) for item, answer in old.items() if item not in after.answers}
    for item, answer in after.answers.items():
        before_it = old.get(item)
        if before_it != answer:
            found[item] = (before_it, answer)
    for item, stamp in after.stamps.items():
        if item not in known and item not in found and "seen" in stamp:
            found[f"{item}.seen"] = (None, stamp["seen"])
    return found


def _refuse_collisions(response: Response, draft: Draft, changed: Mapping[str, Answer | None]) -> None:
    if draft.revision == response.revision:
        return  # nobody came in between
    collisions = sorted(item for item in changed if _changed_at(response, item) > draft.revision)
    if not collisions and (not changed or draft.revision <= response.revision):
        return
    current = {item: response.answers.get(item) for item in collisions or sorted(changed)}
    raise StaleRevision(
        "somebody else saved these items since" if collisions else "this revision does not exist",
        details={"instrument": response.instrument, "revision": response.revision, "answers": current},
    )


def _changed_at(response: Response, item: str) -> int:
    """The revision that last set the item's answer; 0 for an item that was only looked at."""
    stamp = response.stamps.get(item, {})
    revision = stamp.get("revision")
    return revision if "answered" in stamp and isinstance(revision, int) else 0


def instant(at: datetime) -> str:
    """An aware instant as stamps hold it: RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
