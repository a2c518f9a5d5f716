"""Can this protocol work? What a simulation found that a trial's designer must, or had better, change first.

Each check looks at the tally of a simulated cohort. An error is something that cannot work; a warning works, but asks
more of people, or reaches fewer of them, than was probably meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import Literal

from pro_service.domain.protocol import Study
from pro_service.domain.reminders import quiet_spans, quiet_until
from pro_service.domain.schedule import NO_WINDOW
from pro_service.domain.tally import Tally

ENOUGH = 20
"""With fewer people, what happened to none of them may be chance: a warning, not an error."""

MANY = 0.1
"""More people than this share are many."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the designer has promised: None where nothing was. Minutes are those of the estimate people are shown."""

    weekly_messages: int | None = None
    form_minutes: int | None = None
    total_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: how bad, a stable code, and what was found, with numbers."""

    severity: Severity
    code: str
    text: str


def findings(tally: Tally, limits: Limits) -> tuple[Finding, ...]:
    """Everything found, errors first."""
    found = chain.from_iterable(check(tally, limits) for check in CHECKS)
    return tuple(sorted(found, key=lambda one: one.severity))


def _asks_nothing(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """Timepoints that ask nobody anything, and people whom no timepoint asks anything."""
    study = tally.study
    for point in study.timepoints:
        if not any(study.instruments_for(point, stratum) for stratum in study.stratum_codes):
            yield Finding("error", "asks-nothing", f"{point.code}: asks nothing of any stratum")
    for (arm, stratum), people in sorted(tally.groups.items()):
        if tally.idle[arm, stratum] == people:
            yield Finding("error", "asks-nothing", f"{arm}, {stratum}: these {people} people are asked nothing")


def _never_opens(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """Timepoints that open for nobody: in the whole cohort, or in an arm and stratum in which they are asked."""
    for point in tally.study.timepoints:
        code = point.code
        judged = {group: tally.asked[code, group] - tally.undecided[code, group] for group in tally.groups}
        people = sum(judged.values())
        if people and not tally.timepoint(tally.opened, code):
            yield _for_nobody(tally, code, people)
        else:
            nobody = [group for group, number in sorted(judged.items()) if number and not tally.opened[code, group]]
            for arm, stratum in nobody:
                number = judged[arm, stratum]
                text = f"{code}: opens for none of {number} people in {arm}, {stratum}"
                yield Finding("error" if number >= ENOUGH else "warning", "never-opens", text)


def _for_nobody(tally: Tally, code: str, people: int) -> Finding:
    reasons = {reason: number for (point, reason), number in tally.unopened.items() if point == code}
    if reasons.get(NO_WINDOW) == people:
        return Finding("error", "no-window", f"{code}: its cap leaves no window for any of {people} people")
    why = ", ".join(f"{reason} {number}" for reason, number in sorted(reasons.items()))
    return Finding("error", "never-opens", f"{code}: opens for none of {people} people ({why})")


def _no_window(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """A cap that leaves many people no window, though not all of them."""
    for point in tally.study.timepoints:
        without, opened = tally.unopened[point.code, NO_WINDOW], tally.timepoint(tally.opened, point.code)
        if opened and _many(without, without + opened):
            share = _share(without, without + opened)
            yield Finding("warning", "no-window", f"{point.code}: its cap leaves {share} no window")


def _known_too_late(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """Windows that are over before the date they hang on is written down: nobody can be asked in time."""
    for point in tally.study.timepoints:
        lapsed, opened = tally.lapsed[point.code], tally.timepoint(tally.opened, point.code)
        if lapsed and lapsed == opened:
            text = f"{point.code}: over before its date is known, for all of {opened} people"
            yield Finding("error", "known-too-late", text)
        elif _many(lapsed, opened):
            text = f"{point.code}: over before its date is known, for {_share(lapsed, opened)}"
            yield Finding("warning", "known-too-late", text)


def _inside(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """Two timepoints of which one always lies within the other."""
    for (code, other), both in tally.both.items():
        if tally.inside[code, other] < both:
            continue
        shared = _shared(tally.study, code, other)
        twice = f" and both ask {', '.join(shared)}" if shared else ""
        text = f"{code} and {other}: one window lies within the other for all of {both} people{twice}"
        yield Finding("error" if shared and both >= ENOUGH else "warning", "one-inside-the-other", text)


def _too_close(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    days = tally.study.same_instrument_days
    for (earlier, later, instruments), people in tally.crowded.items():
        if _many(people, tally.participants):
            text = f"{earlier} and {later}: {', '.join(instruments)} may be asked twice within {days} days of"
            yield Finding("warning", "too-close", f"{text} {_share(people, tally.participants)}")


def _quiet_hours(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """The hour at which messages are due lies in the study's night: none ever goes out when it is due."""
    rule = tally.study.reminders
    noon = datetime.combine(date(2001, 1, 1), rule.at, UTC)
    until = quiet_until(noon, quiet_spans(rule, {}), "UTC")
    if until is not None:
        quiet = f"the quiet hours from {rule.quiet_from:%H:%M} until {rule.quiet_until:%H:%M}"
        text = f"messages are due at {rule.at:%H:%M}, within {quiet}: each waits until {until:%H:%M}"
        yield Finding("error", "quiet-hours", text)


def _no_message(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    """Windows that close without an answer, and without a word having been said about them."""
    for point in tally.study.timepoints:
        silent, unanswered = tally.silent[point.code], tally.silent[point.code] + tally.spoken[point.code]
        if silent and silent == unanswered:
            text = f"{point.code}: of {silent} windows left unanswered not one was spoken of in a message"
            yield Finding("error" if silent >= ENOUGH else "warning", "no-message", text)
        elif _many(silent, unanswered):
            text = f"{point.code}: {silent} of {unanswered} windows left unanswered were spoken of in no message"
            yield Finding("warning", "no-message", text)


def _reminders_that_never_fit(tally: Tally, _limits: Limits) -> Iterator[Finding]:
    rule, longest = tally.study.reminders, tally.longest_days
    named = [(days, f"{days} days after opening") for days in rule.after_open]
    named += [(days, f"{days} days before closing") for days in rule.before_close]
    for days, words in named:
        if longest and days >= longest:
            text = f"the reminder {words} fits in no window: the longest is {longest} days"
            yield Finding("warning", "reminder-never-due", text)


def _messages(tally: Tally, limits: Limits) -> Iterator[Finding]:
    """More messages than the protocol allows on a day, or than was promised for a week."""
    for name, most, unit in (
        ("busiest_day", tally.study.reminders.most_per_day, "day"),
        ("busiest_week", limits.weekly_messages, "calendar week"),
    ):
        over = sum(people for one, people in tally.burdens.items() if most is not None and getattr(one, name) > most)
        if over:
            worst = tally.spread(name).most
            text = f"up to {worst} in one {unit} where {most} are allowed, for {_share(over, tally.participants)}"
            yield Finding("error", "too-many-messages", text)


def _burden(tally: Tally, limits: Limits) -> Iterator[Finding]:
    for code, minutes in tally.minutes_of.items():
        if limits.form_minutes is not None and minutes > limits.form_minutes:
            text = f"{code}: takes up to {minutes} minutes where {limits.form_minutes} are allowed"
            yield Finding("warning", "too-long", text)
    most = limits.total_minutes
    over = sum(people for one, people in tally.burdens.items() if most is not None and one.minutes > most)
    if over:
        text = f"all forms together take {_share(over, tally.participants)} more than {most} minutes"
        yield Finding("warning", "too-long", f"{text}, up to {tally.spread('minutes').most}")


CHECKS = (
    _asks_nothing,
    _never_opens,
    _no_window,
    _known_too_late,
    _inside,
    _quiet_hours,
    _no_message,
    _messages,
    _too_close,
    _reminders_that_never_fit,
    _burden,
)


def _shared(study: Study, code: str, other: str) -> tuple[str, ...]:
    """The questionnaires two timepoints have in common, in some stratum."""
    one, two = study.timepoint(code), study.timepoint(other)
    asked = (
        instrument
        for stratum in study.stratum_codes
        for instrument in study.instruments_for(one, stratum)
        if instrument in study.instruments_for(two, stratum)
    )
    return tuple(dict.fromkeys(asked))


def _many(number: int, total: int) -> bool:
    return total > 0 and number > MANY * total


def _share(number: int, total: int) -> str:
    return f"{number} of {total} people ({100 * number / total:.0f}%)"
