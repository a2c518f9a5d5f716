"""What a database complains about, in one language: a broken constraint is a `Conflict` that names it.

PostgreSQL names the constraint, SQLite the columns; both come out as the constraint's name. The values that broke it
stay where they are. A value that cannot be stored at all is `Invalid`, a database that does not answer or is too busy
`Unavailable`. A missing or forbidden value is a fault of ours and stays the database's own error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import psycopg
from sqlalchemy.engine import ExceptionContext

from pro_service.domain.errors import AlreadyEnrolled, Conflict, Invalid, ProError, Unavailable

NAMED: Mapping[str, tuple[type[Conflict], str]] = {
    "uq_participant_study_id_code": (AlreadyEnrolled, "a participant with this code is already enrolled in this study"),
    "uq_assessment_participant_id_timepoint_occurrence": (Conflict, "this assessment exists already"),
    "uq_response_assessment_id_instrument": (Conflict, "this questionnaire was begun by another request just now"),
    "uq_delivery_key": (Conflict, "this message was decided on already"),
    "uq_study_code": (Conflict, "a study with this code exists already"),
    "uq_study_version_study_id_version": (Conflict, "this version of the study exists already"),
    "uq_trial_event_supersedes_id": (Conflict, "this event was corrected by someone else just now"),
    "uq_staff_email": (Conflict, "a staff account with this e-mail address exists already"),
}
"""Complaints with words of their own, by constraint name. All others say what kind of rule was broken, and which."""


def translate(context: ExceptionContext) -> None:
    """Raise an error of ours in place of what the driver said; leave faults of ours alone."""
    found = translated(context.original_exception)
    if found is not None:
        raise found from None


def translated(error: BaseException) -> ProError | None:
    """Our error for what a driver said; None for a fault of ours."""
    if isinstance(error, psycopg.Error):
        return _postgresql(error)
    if isinstance(error, sqlite3.Error):
        return _sqlite(error)
    if isinstance(error, UnicodeEncodeError | OverflowError):
        return _not_storable()
    return None


def _postgresql(error: psycopg.Error) -> ProError | None:
    primary = error.diag.message_primary or "the row may not change"
    answers: Sequence[tuple[type[psycopg.Error], Callable[[], ProError]]] = (
        (psycopg.errors.UniqueViolation, lambda: _duplicate(error.diag.constraint_name or "")),
        (psycopg.errors.ForeignKeyViolation, _dangling),
        (psycopg.errors.RestrictViolation, lambda: Conflict(primary)),
        (psycopg.errors.UndefinedTable, _not_migrated),
        (psycopg.DataError, _not_storable),
        (psycopg.OperationalError, unavailable),
        (psycopg.errors.IdleInTransactionSessionTimeout, unavailable),
    )
    if type(error) is psycopg.DatabaseError:  # no state was sent with it: the line went dead in the middle of a word
        return unavailable()
    return next((answer() for kind, answer in answers if isinstance(error, kind)), None)


def _sqlite(error: sqlite3.Error) -> ProError | None:
    kind, text = getattr(error, "sqlite_errorname", ""), str(error)
    if kind in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        columns = [column.strip() for column in text.partition(": ")[2].split(",")]
        table = columns[0].partition(".")[0]
        return _duplicate("_".join(["uq", table, *(column.partition(".")[2] for column in columns)]))
    if kind == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return _dangling()
    if kind == "SQLITE_CONSTRAINT_TRIGGER":
        return Conflict(text)
    if text.startswith("no such table"):
        return _not_migrated()
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR")):
        return unavailable()
    return None


def _duplicate(name: str) -> Conflict:
    if name in NAMED:
        kind, message = NAMED[name]
        return kind(message, details={"constraint": name})
    return Conflict(f"this exists already ({name})", details={"constraint": name})


def _dangling() -> Conflict:
    return Conflict("this refers to something that does not exist, or something else still refers to it")


def _not_migrated() -> Unavailable:
    return Unavailable("the database lacks a table; run `pro db upgrade`", details={"retry_after": 60})


def _not_storable() -> Invalid:
    return Invalid("a value cannot be stored: a number out of range, or a character that is none, such as NUL")


def unavailable() -> Unavailable:
    """What to raise when the database does not answer in time."""
    return Unavailable("the database does not answer, or is too busy; try again", details={"retry_after": 5})
