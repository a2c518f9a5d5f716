"""What the study team calls the states of an assessment, and the reasons for them."""

from __future__ import annotations

from pro_service.domain.assessments import MissingReason, Status
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import NO_WINDOW, NOT_IN_PROTOCOL
from pro_service.web.i18n import words
from pro_service.web.pages import gettext


def status_names() -> dict[Status, str]:
    """Every status in the language of this request."""
    return {
        Status.WAITING: gettext("Waiting for a date"),
        Status.PLANNED: gettext("Planned"),
        Status.OPEN: gettext("Open"),
        Status.IN_PROGRESS: gettext("In progress"),
        Status.SUBMITTED: gettext("Submitted"),
        Status.PARTIAL: gettext("Partial"),
        Status.MISSED: gettext("Missed"),
        Status.CANCELLED: gettext("Cancelled"),
    }


def reason(code: str, study: Study, spoken: str) -> str:
    """Why a form was missed or cancelled: one of the reasons written down, or the event that ended it all."""
    events = {kind.code: words(kind.label, spoken) for kind in study.events}
    return _reasons().get(code) or events.get(code, code)


def _reasons() -> dict[str, str]:
    return {
        MissingReason.TOO_ILL: gettext("Felt too ill"),
        MissingReason.JUDGED_TOO_ILL: gettext("Judged too ill by doctor or nurse"),
        MissingReason.INCONVENIENT: gettext("Inconvenient, or too much time"),
        MissingReason.PRIVACY: gettext("Felt as a violation of privacy"),
        MissingReason.ADMINISTRATIVE: gettext("Administrative failure"),
        MissingReason.LANGUAGE: gettext("Cannot read its language"),
        MissingReason.TECHNICAL: gettext("System or device failed"),
        MissingReason.OTHER: gettext("Another reason"),
        MissingReason.UNKNOWN: gettext("Reason unknown"),
        NO_WINDOW: gettext("Other events left no time for it"),
        NOT_IN_PROTOCOL: gettext("No longer in the protocol"),
    }
