"""Every error raised on purpose: one tree, each with a stable code.

    ProError
    ├── Invalid             the input breaks a rule; `problems` says which field and what was expected
    │   ├── InvalidAnswer       an answer the item does not allow
    │   ├── UnknownItem         an answer to an item that is not in the form
    │   ├── InvalidSearch       a FHIR search that asks for what cannot be searched for, or not so
    │   ├── InvalidStudy        a study file that cannot work (file and line in each problem)
    │   ├── InvalidInstrument   an instrument definition that cannot work
    │   ├── InvalidWording      a wording pack that departs from its definition
    │   ├── InvalidTable        a table of forms whose columns do not fit the instrument
    │   ├── InvalidSetting      a PRO_* variable that is missing, malformed or unknown
    │   ├── Unprintable         a sign that no font of ours has
    │   ├── IncompleteForm      an item that may not be skipped was left open
    │   ├── EventTooEarly       an event dated before the study was born
    │   └── KeyReused           an Idempotency-Key came back with another request
    ├── NotFound            no such thing, or not yours to see
    │   ├── UnknownInstrument
    │   ├── UnknownValueSet
    │   ├── UnknownStudy
    │   ├── UnknownArm
    │   ├── UnknownStratum
    │   ├── UnknownEvent        the protocol has no such kind of event
    │   ├── UnknownTimepoint
    │   └── UnknownFormat       no export format of that name
    ├── Conflict            the state of the world says no
    │   ├── AlreadyEnrolled     a second enrolment under the same code
    │   ├── StaleRevision       somebody else saved the same item since
    │   ├── WindowClosed        the assessment's window is over
    │   ├── NotOpenYet          the assessment's window has not begun
    │   ├── AlreadySubmitted    the form was submitted with other answers
    │   ├── StudyNotActive
    │   ├── AlreadyActive       an active study version is immutable
    │   └── PlaceholderWording  real participants may not be shown our topic labels
    ├── Unauthenticated     nobody we know
    │   ├── SignInFailed        which of e-mail, password and code was wrong is not said; the attempt is kept
    │   ├── LinkExpired
    │   └── LinkUnknown         forged, revoked, or mistyped: indistinguishable on purpose
    ├── Forbidden           known, but may not
    │   └── CrossSite           a browser was sent here by another site, or without its anti-forgery token
    ├── TooManyRequests
    ├── Unavailable         a server we need (the database) does not answer; try again later
    ├── Unreadable          sealed data that does not open: its key is gone, or it was changed or moved
    ├── ChannelError        a channel did not take a message; `permanent` and `uncertain` decide what happens next
    └── Unaudited           a write without an audit line: a fault of ours, never of the user's

`code` is part of the public contract: it appears in API problems and on the command line. Messages name fields,
rows and what was expected; they never carry an answer, a name, an address or a token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`field`, or file and line) and what was expected."""

    message: str
    field: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        name = f"{self.field}: " if self.field else ""
        return f"{place}{name}{self.message}"


class ProError(Exception):
    """The root of every error raised on purpose."""

    code = "error"
    leaves_a_trace = False
    """Commit what was written before raising: a failed sign-in counts although it fails."""

    def __init__(
        self, message: str, *, problems: Sequence[Problem] = (), details: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)
        self.details = dict(details or {})

    def __str__(self) -> str:
        return "\n".join([self.message, *map(str, self.problems)])


class Invalid(ProError):
    """The input breaks a rule."""

    code = "invalid"


class InvalidAnswer(Invalid):
    """An answer the item does not allow."""

    code = "invalid-answer"


class UnknownItem(Invalid):
    """An answer to an item that is not in the form."""

    code = "unknown-item"


class InvalidSearch(Invalid):
    """A FHIR search that asks for what cannot be searched for, or not so."""

    code = "invalid-search"


class InvalidStudy(Invalid):
    """A study file that cannot work."""

    code = "invalid-study"


class InvalidInstrument(Invalid):
    """An instrument definition that cannot work."""

    code = "invalid-instrument"


class InvalidWording(Invalid):
    """A wording pack that is malformed, or departs from the definition of its questionnaire."""

    code = "invalid-wording"


class InvalidTable(Invalid):
    """A table of forms whose columns do not fit the instrument."""

    code = "invalid-table"


class InvalidSetting(Invalid):
    """A PRO_* variable that is missing, malformed or unknown."""

    code = "invalid-setting"


class Unprintable(Invalid):
    """A sign that no font of ours has, on its way to paper."""

    code = "unprintable"


class IncompleteForm(Invalid):
    """An item that may not be skipped was left open."""

    code = "incomplete-form"


class EventTooEarly(Invalid):
    """An event dated before the study was born."""

    code = "event-too-early"


class KeyReused(Invalid):
    """An Idempotency-Key came back with another request."""

    code = "idempotency-key-reused"


class NotFound(ProError):
    """No such thing, or not yours to see."""

    code = "not-found"


class UnknownInstrument(NotFound):
    """No instrument of that code in the catalogue."""

    code = "unknown-instrument"


class UnknownValueSet(NotFound):
    """No value set of that id for this instrument."""

    code = "unknown-value-set"


class UnknownStudy(NotFound):
    """No study of that code."""

    code = "unknown-study"


class UnknownArm(NotFound):
    """The protocol has no such arm."""

    code = "unknown-arm"


class UnknownStratum(NotFound):
    """The protocol has no such stratum."""

    code = "unknown-stratum"


class UnknownEvent(NotFound):
    """The protocol has no such kind of event."""

    code = "unknown-event"


class UnknownTimepoint(NotFound):
    """The protocol has no such timepoint."""

    code = "unknown-timepoint"


class UnknownFormat(NotFound):
    """No export format of that name."""

    code = "unknown-format"


class Conflict(ProError):
    """The state of the world says no."""

    code = "conflict"


class AlreadyEnrolled(Conflict):
    """A second enrolment under the same code."""

    code = "already-enrolled"


class StaleRevision(Conflict):
    """Somebody else saved the same item since; `details` carries the current answers."""

    code = "stale-revision"


class WindowClosed(Conflict):
    """The assessment's window is over."""

    code = "window-closed"


class NotOpenYet(Conflict):
    """The assessment's window has not begun."""

    code = "not-open-yet"


class AlreadySubmitted(Conflict):
    """The form was submitted with other answers."""

    code = "already-submitted"


class StudyNotActive(Conflict):
    """The study has no active version."""

    code = "study-not-active"


class AlreadyActive(Conflict):
    """An active study version is immutable."""

    code = "already-active"


class PlaceholderWording(Conflict):
    """Real participants may not be shown our topic labels in place of a licensed questionnaire."""

    code = "placeholder-wording"


class Unauthenticated(ProError):
    """Nobody we know."""

    code = "unauthenticated"


class SignInFailed(Unauthenticated):
    """E-mail, password or code is wrong, or the account is locked: which of them is not said."""

    code = "sign-in-failed"
    leaves_a_trace = True


class LinkExpired(Unauthenticated):
    """The link's work is done or its window closed."""

    code = "link-expired"


class LinkUnknown(Unauthenticated):
    """Forged, revoked or mistyped: indistinguishable on purpose."""

    code = "link-unknown"


class Forbidden(ProError):
    """Known, but may not."""

    code = "forbidden"


class CrossSite(Forbidden):
    """A browser was sent here by another site, or without its anti-forgery token."""

    code = "cross-site"


class TooManyRequests(ProError):
    """Slow down; `details` carries retry_after in seconds."""

    code = "too-many-requests"


class Unavailable(ProError):
    """A server we need (the database) does not answer; `details` carries retry_after in seconds."""

    code = "unavailable"


class Unreadable(ProError):
    """Sealed data that does not open: its key is gone, or it was changed or moved."""

    code = "unreadable"


class ChannelError(ProError):
    """A channel did not take a message. The message holds the provider's status, never an address.

    `permanent`: trying again cannot help. `uncertain`: the provider may have taken it before the line went dead.
    `retry_after`: the provider asked to be left alone for so long. `gone`: the address itself has proved wrong, and is
    to be left alone from now on.
    """

    code = "channel-error"

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        retry_after: timedelta | None = None,
        gone: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.permanent = permanent
        self.uncertain = uncertain
        self.gone = gone


class Unaudited(ProError):
    """A write without an audit line: a fault of ours, never of the user's."""

    code = "unaudited"
