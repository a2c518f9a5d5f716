"""What the study team calls the states of an assessment."""

from __future__ import annotations

from pro_service.domain.assessments import Status
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
