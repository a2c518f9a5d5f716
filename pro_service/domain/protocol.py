"""A study protocol as values: what is asked of whom, and when, counted from which event.

Everything here is frozen and carries no behaviour beyond reading itself; `schedule.plan` does the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from pro_service.domain.errors import UnknownTimepoint

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Offset:
    """A distance on the calendar: months clip to the month's end, then days are added. May be negative."""

    days: int = 0
    months: int = 0


@dataclass(frozen=True, slots=True)
class Arm:
    code: str
    label: Text


@dataclass(frozen=True, slots=True)
class Stratum:
    code: str
    label: Text


@dataclass(frozen=True, slots=True)
class Site:
    code: str
    label: str
    timezone: str


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of trial event. `ends` marks withdrawal and death: whatever closes after that day is cancelled."""

    code: str
    label: Text
    required: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Criterion:
    """One eligibility criterion; enrolment needs every inclusion yes and no exclusion yes."""

    code: str
    label: Text
    excludes: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """The event a timepoint hangs on; a fallback adds days per arm to its date (empty: none)."""

    event: str
    days_by_arm: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timepoint:
    """One assessment of the protocol. `anchors` are tried in order: the first event with a date wins.

    `opens` and `closes` are days from the target date. `not_after` caps closing at 24:00 of that event's date,
    `before` at 00:00 of it. `instruments` are codes or names of `Study.choices` (such as `module`).
    """

    code: str
    label: Text
    anchors: tuple[Anchor, ...]
    target: Offset
    opens: int
    closes: int
    instruments: tuple[str, ...]
    not_after: str | None = None
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """When an invitation and its reminders are due, and when nobody may be disturbed (all local times)."""

    at: time = time(10, 0)
    after_open: tuple[int, ...] = (3, 7)
    before_close: tuple[int, ...] = (2,)
    quiet_from: time = time(21, 0)
    quiet_until: time = time(8, 0)
    most_per_day: int = 1
    overdue_after: int = 7


class Policy(StrEnum):
    """What an amendment says of one timepoint, for participants who are enrolled already."""

    FINISH_ON_OLD = "finish_on_old"  # they keep it as it was
    MOVE_UNOPENED = "move_unopened"  # they follow the new version, unless theirs has opened
    NEWLY_ENROLLED_ONLY = "newly_enrolled_only"  # it is for whoever enrols from now on


@dataclass(frozen=True, slots=True)
class Amendment:
    """What a version says of the one before it: which that is, why, and a policy per timepoint that differs."""

    of: int
    reason: str
    enrolled: Mapping[str, Policy]


OCCASIONS = ("invitation", "reminder")
"""When a message is sent; a study file has a text for each, in each of its languages."""

MESSAGE_VARIABLES = ("link", "study_contact", "closes_on", "count", "minutes", "preferences_link")
"""All that a message may say of a person's work: never a name, an answer, a questionnaire or the trial."""


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    """What one message says in one language. Variables: those of MESSAGE_VARIABLES, written {link}.

    `short` is for a phone's screen: text messages, which add the link, and push messages, which lead there when
    touched. Without one, the subject serves.
    """

    occasion: str
    language: str
    subject: str
    body: str
    short: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """One version of one study's protocol. `sha256` is the hash of the file it was read from."""

    code: str
    version: int
    title: Text
    registration: str
    born_on: date
    timezone: str
    languages: tuple[str, ...]
    contact: str
    sites: tuple[Site, ...]
    arms: tuple[Arm, ...]
    strata: tuple[Stratum, ...]
    events: tuple[EventKind, ...]
    criteria: tuple[Criterion, ...]
    choices: Mapping[str, Mapping[str, str | None]]
    timepoints: tuple[Timepoint, ...]
    reminders: ReminderRule
    messages: tuple[MessageTemplate, ...]
    value_sets: Mapping[str, str]
    same_instrument_days: int
    sha256: str = ""
    amendment: Amendment | None = None

    @property
    def arm_codes(self) -> tuple[str, ...]:
        return tuple(arm.code for arm in self.arms)

    @property
    def stratum_codes(self) -> tuple[str, ...]:
        return tuple(stratum.code for stratum in self.strata)

    @property
    def site_codes(self) -> tuple[str, ...]:
        return tuple(site.code for site in self.sites)

    @property
    def event_codes(self) -> tuple[str, ...]:
        return tuple(kind.code for kind in self.events)

    def timepoint(self, code: str) -> Timepoint:
        """The timepoint of that code; UnknownTimepoint where there is none."""
        for timepoint in self.timepoints:
            if timepoint.code == code:
                return timepoint
        raise UnknownTimepoint(f"no timepoint '{code}' in version {self.version} of {self.code}")

    @property
    def instruments(self) -> tuple[str, ...]:
        """Every instrument code that some timepoint asks of some stratum, each once, in protocol order."""
        asked = (
            code
            for timepoint in self.timepoints
            for stratum in self.stratum_codes
            for code in self.instruments_for(timepoint, stratum)
        )
        return tuple(dict.fromkeys(asked))

    def message(self, occasion: str, language: str) -> MessageTemplate:
        """The template for an occasion in a language, or in the study's first language where there is none."""
        wanted = [template for template in self.messages if template.occasion == occasion]
        for template in wanted:
            if template.language == language:
                return template
        return wanted[0]

    def instruments_for(self, timepoint: Timepoint, stratum: str) -> tuple[str, ...]:
        """Instrument codes of a timepoint for one stratum, in the order written; a choice of none drops out."""
        named = (self.choices[code].get(stratum) if code in self.choices else code for code in timepoint.instruments)
        return tuple(code for code in named if code is not None)


@dataclass(frozen=True, slots=True)
class StudyVersion:
    """One version of a study as it is stored, without its text. Once `activated_at` is set it is active for good."""

    id: UUID
    study_id: UUID
    code: str
    version: int
    sha256: str
    created_at: datetime
    activated_at: datetime | None
