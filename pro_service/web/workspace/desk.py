"""The desk: how a study stands at each site, whose questionnaire is late, and every participant's state."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue

from pro_service.domain.assessments import Status
from pro_service.domain.audit import Actor
from pro_service.domain.errors import Forbidden
from pro_service.http.authentication import actor
from pro_service.http.transaction import work
from pro_service.services import desk, studies
from pro_service.services.desk import Late
from pro_service.web import pages
from pro_service.web.i18n import ONE_MOMENT, short_date, words
from pro_service.web.pages import go, page
from pro_service.web.workspace.words import status_names

SHOWN = (
    Status.PLANNED,
    Status.OPEN,
    Status.IN_PROGRESS,
    Status.SUBMITTED,
    Status.PARTIAL,
    Status.MISSED,
    Status.CANCELLED,
)


def staff() -> Actor:
    """Whoever asks, if they are of the study team."""
    who = actor()
    if who.kind != "staff":
        raise Forbidden("This is for the study team.")
    return who


def studies_list() -> ResponseReturnValue:
    """The studies one may see; straight to the desk where it is just one."""
    who = staff()
    versions = [version for version in studies.listing(work()) if version.activated_at is not None]
    codes = sorted({version.code for version in versions})
    if len(codes) == 1:
        return go(url_for("workspace.desk", code=codes[0]))
    return page("workspace/studies.html", codes=codes, who=who)


def show(code: str) -> ResponseReturnValue:
    """The desk of one study."""
    who = staff()
    found = desk.overview(work(), study=code)
    language, names = pages.language(), status_names()
    return page(
        "workspace/desk.html",
        who=who,
        code=found.study.code,
        title=words(found.study.title, language),
        columns=[names[status] for status in SHOWN],
        shown=SHOWN,
        sites=found.sites,
        people=found.people,
        overdue=[_row(late, language, names[late.status], found.study.timezone) for late in found.overdue],
        missing=[_row(late, language, names[late.status], found.study.timezone) for late in found.missing],
    )


def _row(late: Late, language: str, status: str, zone: str) -> dict[str, object]:
    due, closes = late.assessment.due_at, late.assessment.closes_at  # both at 24:00: the day before is meant
    return {
        "code": late.code,
        "id": late.assessment.participant_id,
        "site": late.site,
        "timepoint": words(late.timepoint, language),
        "status": status,
        "days": late.days,
        "due": short_date(due - ONE_MOMENT, language, zone) if due else "",
        "closes": short_date(closes - ONE_MOMENT, language, zone) if closes else "",
    }
