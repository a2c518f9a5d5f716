"""Rosters: enrol everybody in a table, or nobody. Every bad row is reported with its line and column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pro_service.domain import roster
from pro_service.domain.errors import AlreadyEnrolled, Invalid, Problem, ProError
from pro_service.domain.participants import Participant
from pro_service.services import participants, studies
from pro_service.services.work import Work


def enrol_all(work: Work, *, study: str, table: Sequence[Sequence[str]], file: str) -> tuple[Participant, ...]:
    """Enrol every row of a table whose first row names the columns (see domain.roster).

    Raises Invalid with all problems of all rows; then nobody of the table is enrolled. Everything else `enrol` raises
    concerns the whole table: StudyNotActive, Forbidden.
    """
    read = roster.read(studies.active(work, code=study), table, file=file)
    enrolled, problems = [], list(read.problems)
    unreadable = {problem.line for problem in read.problems}
    for row in read.rows:
        if row.line in unreadable:
            continue
        try:
            one = participants.admit(work, study=study, candidate=row.candidate, contact=row.contact)
        except (Invalid, AlreadyEnrolled) as refusal:
            problems += [replace(problem, file=file, line=row.line) for problem in _named(refusal)]
        else:
            enrolled.append(one)
    if problems:
        ordered = sorted(problems, key=lambda problem: problem.line)
        raise Invalid("nobody was enrolled: this roster has problems", problems=ordered)
    return tuple(enrolled)


def _named(refusal: ProError) -> Sequence[Problem]:
    return refusal.problems or (Problem(refusal.message, "code"),)
