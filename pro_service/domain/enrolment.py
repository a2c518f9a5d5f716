"""Who may take part: an enrolment checked against the protocol, every problem named by its field.

Every criterion is answered yes, no or not_sure. One "not sure" parks the person in screening, with the open question
in their record; an inclusion answered no or an exclusion answered yes keeps them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pro_service.domain import calendar, events
from pro_service.domain.errors import Invalid, NotFound, Problem
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import TrialEvent

YES, NO, NOT_SURE = "yes", "no", "not_sure"
VERDICTS = (YES, NO, NOT_SURE)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is known of somebody who is to take part. `timezone` is an IANA name; an arm may be open in screening."""

    code: str
    site: str
    arm: str | None
    stratum: str | None
    language: str
    timezone: str
    eligibility: Mapping[str, str]
    consented_on: date | None
    events: Sequence[TrialEvent]

    @property
    def parked(self) -> bool:
        """Whether a criterion is still open, so that the person waits in screening."""
        return bool(open_questions(self.eligibility))


def open_questions(eligibility: Mapping[str, str]) -> tuple[str, ...]:
    """The criteria somebody was not sure about, in the order they were answered."""
    return tuple(code for code, verdict in eligibility.items() if verdict == NOT_SURE)


def problems(study: Study, enrolment: Enrolment, today: date) -> tuple[Problem, ...]:
    """Everything that keeps this enrolment from being made, named by field; `today` is the participant's own date."""
    return (
        *_identity(study, enrolment),
        *_eligibility(study, enrolment.eligibility),
        *_allocation(study, enrolment),
        *_consent(enrolment, today),
        *_events(study, enrolment, today),
    )


def _identity(study: Study, one: Enrolment) -> Iterator[Problem]:
    if _CODE.fullmatch(one.code) is None:
        yield Problem("expected up to 40 letters, digits and . _ / - without spaces, not starting with a mark", "code")
    yield from _one_of("site", one.site, [site.code for site in study.sites])
    yield from _one_of("language", one.language, study.languages)
    try:
        calendar.zone(one.timezone)
    except Invalid:
        yield Problem("expected an IANA time zone such as Europe/Amsterdam", "timezone")


def _eligibility(study: Study, eligibility: Mapping[str, str]) -> Iterator[Problem]:
    known = {criterion.code: criterion for criterion in study.criteria}
    for code in eligibility:
        if code not in known:
            yield Problem("the protocol has no such criterion", f"eligibility.{code}")
    for code, criterion in known.items():
        verdict = eligibility.get(code)
        if verdict not in VERDICTS:
            yield Problem("expected yes, no or not_sure", f"eligibility.{code}")
        elif verdict == (YES if criterion.excludes else NO):
            rule = "this exclusion criterion is met" if criterion.excludes else "this inclusion criterion is not met"
            yield Problem(rule, f"eligibility.{code}")


def _allocation(study: Study, one: Enrolment) -> Iterator[Problem]:
    for field, value, codes in (
        ("arm", one.arm, [arm.code for arm in study.arms]),
        ("stratum", one.stratum, [stratum.code for stratum in study.strata]),
    ):
        if value is not None or not one.parked:
            yield from _one_of(field, value, codes)


def _consent(one: Enrolment, today: date) -> Iterator[Problem]:
    if one.consented_on is None:
        if not one.parked:
            yield Problem("expected the date of the signed consent", "consented_on")
    elif one.consented_on > today:
        yield Problem("consent cannot lie in the future", "consented_on")


def _events(study: Study, one: Enrolment, today: date) -> Iterator[Problem]:
    kinds = [event.kind for event in one.events]
    for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        yield Problem("given more than once", f"events.{kind}")
    required = {kind.code for kind in study.events if kind.required}
    if not one.parked:
        for kind in sorted(required - set(kinds)):
            yield Problem("expected its date", f"events.{kind}")
    for event in one.events:
        try:
            events.check(study, event, today)
        except (Invalid, NotFound) as refusal:
            yield Problem(refusal.message, f"events.{event.kind}")
        else:
            if event.kind in required and one.consented_on is not None and event.on < one.consented_on <= today:
                yield Problem("lies before the signed consent", f"events.{event.kind}")


def _one_of(field: str, value: str | None, codes: Sequence[str]) -> Iterator[Problem]:
    if value not in codes:
        yield Problem(f"expected one of {', '.join(codes)}", field)
