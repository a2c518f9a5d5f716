"""When is the next message due; may we contact this person now, and if not, why not.

Everything is counted on local calendar days in the participant's zone and resolved to an instant last, so a clock
change moves nothing. `decide` is asked twice: when a message falls due, and again right before it is sent.

The days of an assessment whose window is open from 12 January until the end of 26 January:

    12 Jan 10:00  invitation
    15 Jan 10:00  reminder, 3 days after opening
    19 Jan 10:00  reminder, 7 days after opening
    24 Jan 10:00  reminder, 2 days before the last day
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Literal, Never

from pro_service.domain.assessments import Assessment
from pro_service.domain.calendar import local_date, zone
from pro_service.domain.preferences import NO_CHANNEL, paused_until, wants
from pro_service.domain.protocol import ReminderRule

Occasion = Literal["invitation", "reminder"]
Span = tuple[time, time]
ASKED_FOR = "link"
"""The occasion of a message somebody just asked for: neither night nor pause nor opt-out holds it back."""


class Kind(StrEnum):
    """What was decided about one message."""

    SEND = "send"
    BUNDLED = "bundled"  # said in another message of the same day
    QUIET_HOURS = "quiet_hours"  # wait until they are over
    DAILY_LIMIT = "daily_limit"  # wait until tomorrow
    SUPERSEDED = "superseded"  # a newer message about the same assessment is due as well
    SUBMITTED = "submitted"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    DIED = "died"
    MOVED = "moved"  # the window is somewhere else now, or gone
    OPTED_OUT = "opted_out"  # of all messages, or of this kind
    PAUSED = "paused"  # wait until the morning after the last day of the pause
    UNREACHABLE = "unreachable"  # no address for the channel
    DISABLED = "disabled"  # the account or the endpoint is closed, or may not see this any more
    NOTHING = "nothing"  # there is nothing to say


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided and why. `until` is when to ask again, where waiting is the answer.

    A decision has no truth value: `if decision:` would send to everyone who must not be written to.
    """

    kind: Kind
    reason: str
    until: datetime | None = None

    def __bool__(self) -> Never:
        raise TypeError("a Decision is neither true nor false: compare its kind")


@dataclass(frozen=True, slots=True)
class Person:
    """What deciding needs to know of a person. `ended` is the code of the event that ended their part, if any."""

    timezone: str
    preferences: Mapping[str, str] = field(default_factory=dict)
    ended: str | None = None
    reachable: bool = True
    messages_today: int = 0  # already sent, or possibly sent, on this local day


@dataclass(frozen=True, slots=True)
class Ruling:
    """One message that fell due at `due_at`, and what was decided about it."""

    assessment: Assessment
    due_at: datetime
    occasion: Occasion
    decision: Decision


@lru_cache(maxsize=4096)
def local_day(instant: datetime, timezone: str) -> date:
    """The calendar day it is there and then. Remembered: a sweep asks it of a few instants, thousands of times."""
    return local_date(instant, zone(timezone))


@lru_cache(maxsize=4096)
def instants(
    rule: ReminderRule, opens_at: datetime | None, closes_at: datetime | None, timezone: str
) -> tuple[datetime, ...]:
    """When messages about a window are due: the invitation, then reminders. Distinct, increasing, inside the window.

    A window too short for any of them gets its invitation the moment it opens. Without dates there are none. The answer
    is remembered: a sweep asks twice of each window, and people enrolled on one day share theirs.
    """
    if opens_at is None or closes_at is None or opens_at >= closes_at:
        return ()
    first_day = local_day(opens_at, timezone)
    if _at(first_day, rule.at, timezone) < opens_at:
        first_day += timedelta(days=1)
    last_day = local_day(closes_at - timedelta(microseconds=1), timezone)
    days = {first_day}
    days.update(first_day + timedelta(days=n) for n in rule.after_open)
    days.update(last_day - timedelta(days=n) for n in rule.before_close)
    found = {_at(day, rule.at, timezone) for day in days if day >= first_day}
    return tuple(sorted(instant for instant in found if opens_at <= instant < closes_at)) or (opens_at,)


def first_due(
    rule: ReminderRule, opens_at: datetime | None, closes_at: datetime | None, timezone: str
) -> datetime | None:
    """When the invitation is due, None where there is no window yet. It may lie in the past: the sweep sorts it out."""
    return next(iter(instants(rule, opens_at, closes_at, timezone)), None)


def next_due(
    rule: ReminderRule, opens_at: datetime | None, closes_at: datetime | None, timezone: str, *, after: datetime
) -> datetime | None:
    """The first message due later than `after`, None where nothing is left to say."""
    return next((at for at in instants(rule, opens_at, closes_at, timezone) if at > after), None)


@lru_cache(maxsize=4096)
def quiet_until(now: datetime, spans: tuple[Span, ...], timezone: str) -> datetime | None:
    """When the quiet hours that hold at `now` end, None where it is not quiet. Spans are local, and may pass midnight.

    Spans that leave no minute of the day free bind nobody for ever: then the first span alone counts.
    """
    until = now
    for _ in range(2 * len(spans) + 1):
        ends = [_span_end(until, span, timezone) for span in spans if _within(until, span, timezone)]
        if not ends:
            return None if until == now else until
        until = max(ends)
    return quiet_until(now, spans[:1], timezone) if len(spans) > 1 else None


def quiet_spans(rule: ReminderRule, preferences: Mapping[str, str]) -> tuple[Span, ...]:
    """The study's night, and the person's own quiet hours (preferences `quiet_from`, `quiet_until`) on top of it.

    Hours that cannot be read count as none of their own: one bad row must not keep everybody's messages back.
    """
    night = (rule.quiet_from, rule.quiet_until)
    try:
        own = (time.fromisoformat(preferences["quiet_from"]), time.fromisoformat(preferences["quiet_until"]))
    except (KeyError, ValueError):
        return (night,)
    return (night, own)


def decide(now: datetime, *, rule: ReminderRule, assessment: Assessment, person: Person, occasion: str) -> Decision:
    """May this person be written to now about this assessment? The first reason against it is the answer."""
    day = local_day(now, person.timezone)
    asked_for = occasion == ASKED_FOR
    stops = (
        *(_over(assessment), _ended(person), _outside(now, assessment)),
        None if asked_for else _opted_out(person, occasion),
        None if asked_for else _paused(person, day, rule),
    )
    for stop in stops:
        if stop is not None:
            return stop
    if not person.reachable:
        return Decision(Kind.UNREACHABLE, "no address for the chosen channel")
    if asked_for:
        return Decision(Kind.SEND, "asked for")
    if person.messages_today >= rule.most_per_day:
        tomorrow = _at(day + timedelta(days=1), rule.at, person.timezone)
        return Decision(Kind.DAILY_LIMIT, "had a message today", tomorrow)
    until = quiet_until(now, quiet_spans(rule, person.preferences), person.timezone)
    if until is not None:
        return Decision(Kind.QUIET_HOURS, "quiet hours", until)
    return Decision(Kind.SEND, "due")


def rulings(
    now: datetime, *, rule: ReminderRule, assessment: Assessment, person: Person, told_on: date | None = None
) -> tuple[Ruling, ...]:
    """What happens to every message about this assessment that is due and unsaid: one decision each, oldest first.

    Only the newest can be sent; older ones were not wanted, fell into a pause, or are superseded. `told_on` is the last
    local day on which a message already spoke of this assessment; what was due up to that day has been said.
    """
    at = instants(rule, assessment.opens_at, assessment.closes_at, person.timezone)
    due = [t for t in at if t <= now and (told_on is None or local_day(t, person.timezone) > told_on)]
    if not due:
        return ()
    occasions: list[Occasion] = ["invitation" if t == at[0] else "reminder" for t in due]
    newest = decide(now, rule=rule, assessment=assessment, person=person, occasion=occasions[-1])
    if newest.kind is Kind.CLOSED:  # the window went by: in a pause, or because nobody looked in time
        newest = _missed(person, due[-1], occasions[-1], otherwise=newest)
    newer = Decision(Kind.SUPERSEDED, "a newer message is due as well")
    older = zip(due[:-1], occasions, strict=False)
    decisions = [*(_missed(person, t, occasion, otherwise=newer) for t, occasion in older), newest]
    return tuple(
        Ruling(assessment, t, occasion, decision)
        for t, occasion, decision in zip(due, occasions, decisions, strict=True)
    )


def bundle(ruled: Sequence[Ruling]) -> tuple[Ruling, ...]:
    """One message per person: of all that may be sent, the one whose window closes first speaks for the others."""
    sendable = [ruling for ruling in ruled if ruling.decision.kind is Kind.SEND]
    if len(sendable) < 2:
        return tuple(ruled)
    speaker = min(sendable, key=_closing)
    bundled = Decision(Kind.BUNDLED, "said in the day's one message")
    return tuple(
        replace(ruling, decision=bundled) if ruling.decision.kind is Kind.SEND and ruling is not speaker else ruling
        for ruling in ruled
    )


def ask_again(
    now: datetime, *, rule: ReminderRule, assessment: Assessment, person: Person, ruled: Sequence[Ruling]
) -> datetime | None:
    """When this assessment must be looked at next, once `ruled` has been recorded; None: never."""
    last = ruled[-1].decision if ruled else None
    if last is not None and last.until is not None:
        return last.until
    if last is not None and last.kind in {Kind.SUBMITTED, Kind.CLOSED, Kind.WITHDRAWN, Kind.DIED, Kind.MOVED}:
        return None
    return next_due(rule, assessment.opens_at, assessment.closes_at, person.timezone, after=now)


def _over(assessment: Assessment) -> Decision | None:
    if assessment.submitted_at is not None:
        return Decision(Kind.SUBMITTED, "the assessment has been submitted")
    if assessment.cancelled_at is None:
        return None
    reason = assessment.cancel_reason or "no reason given"
    return _ENDINGS.get(reason, Decision(Kind.MOVED, f"the assessment was cancelled: {reason}"))


def _ended(person: Person) -> Decision | None:
    if person.ended is None:
        return None
    return _ENDINGS.get(person.ended, Decision(Kind.WITHDRAWN, f"the person's part ended: {person.ended}"))


def _outside(now: datetime, assessment: Assessment) -> Decision | None:
    if assessment.opens_at is None or assessment.closes_at is None:
        return Decision(Kind.MOVED, "the assessment has no dates any more")
    if now < assessment.opens_at:
        return Decision(Kind.MOVED, "the window opens later now")
    if now >= assessment.closes_at:
        return Decision(Kind.CLOSED, "the window is over")
    return None


def _opted_out(person: Person, occasion: str) -> Decision | None:
    if person.preferences.get("channel") == NO_CHANNEL:
        return Decision(Kind.OPTED_OUT, "the person wants no messages")
    if not wants(person.preferences, occasion):
        return Decision(Kind.OPTED_OUT, f"the person wants no {occasion}s")
    return None


def _paused(person: Person, day: date, rule: ReminderRule) -> Decision | None:
    last = paused_until(person.preferences, day)
    if last is None:
        return None
    return Decision(Kind.PAUSED, f"paused until {last}", _at(last + timedelta(days=1), rule.at, person.timezone))


def _missed(person: Person, due_at: datetime, occasion: Occasion, *, otherwise: Decision) -> Decision:
    """Why a message of the past is not said any more: it was not wanted, fell into the pause, or something else."""
    last = paused_until(person.preferences, local_day(due_at, person.timezone))
    if last is not None:
        return Decision(Kind.PAUSED, f"paused until {last}")
    opted_out = _opted_out(person, occasion)
    return otherwise if opted_out is None else opted_out


_ENDINGS = {
    "withdrawal": Decision(Kind.WITHDRAWN, "the person has withdrawn"),
    "death": Decision(Kind.DIED, "the person has died"),
}


def _closing(ruling: Ruling) -> tuple[datetime, datetime, str]:
    closes_at = ruling.assessment.closes_at
    return (closes_at or datetime.max.replace(tzinfo=UTC), ruling.due_at, ruling.assessment.timepoint)


def _at(day: date, at: time, timezone: str) -> datetime:
    return datetime.combine(day, at, zone(timezone)).astimezone(UTC)


def _within(instant: datetime, span: Span, timezone: str) -> bool:
    start, end = span
    at = instant.astimezone(zone(timezone)).time()
    return start <= at < end if start <= end else at >= start or at < end


def _span_end(instant: datetime, span: Span, timezone: str) -> datetime:
    """The first time the span's end comes round after `instant`."""
    day = local_day(instant, timezone)
    ends = (_at(day + timedelta(days=n), span[1], timezone) for n in range(3))
    return next(end for end in ends if end > instant)
