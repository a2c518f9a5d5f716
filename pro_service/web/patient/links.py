"""The link in a message. Mail scanners open links: looking (GET) shows a button, only pressing it (POST) signs in."""

from __future__ import annotations

from uuid import UUID

from flask import url_for
from flask.typing import ResponseReturnValue

from pro_service.domain.errors import LinkExpired
from pro_service.http import limits
from pro_service.http.authentication import public, set_cookie
from pro_service.http.transaction import act_as, runtime, work
from pro_service.services import access, assessments
from pro_service.services.access import SignedIn
from pro_service.web.pages import go, page
from pro_service.web.patient.assessments import MODULES
from pro_service.web.patient.me import TO_DO

FORM_FILES = (
    *(f"css/{name}.css" for name in ("form", "question", "vas")),
    *(f"js/{name}.js" for name in ("early", "form", *MODULES)),
)
"""What the first question needs besides its own page."""

AFTER = ".,;:!?)]}>'\"\u201d\u2019\u00bb"
"""What may stand after a link in a sentence, and in no token."""


@public
def show(token: str) -> ResponseReturnValue:
    """A page with a button. Signs nobody in, spends nothing, says nothing about anybody."""
    if access.link_state(work(), token=_whole(token)) == "expired":
        raise LinkExpired("this link has done its work")
    return page("patient/link.html", next_files=FORM_FILES)


@public
@limits.sign_in
def begin(token: str) -> ResponseReturnValue:
    """Sign in and go to what is open: the questionnaire where it is just one, else the list."""
    return enter(access.sign_in_with_link(work(), token=_whole(token), idle=runtime().settings.session_idle))


def _whole(token: str) -> str:
    """The token alone: mail programs take the full stop after an address for a part of it."""
    return token.rstrip(AFTER)


def enter(signed_in: SignedIn) -> ResponseReturnValue:
    """Give the browser its session, and go to what is open."""
    act_as(signed_in.actor)
    views = assessments.listing(work(), participant_id=UUID(signed_in.actor.id))
    to_do = [view.assessment.id for view in views if view.status in TO_DO]
    there = url_for("patient.assessment", assessment_id=to_do[0]) if len(to_do) == 1 else url_for("patient.home")
    response = go(there)
    set_cookie(response, signed_in)
    return response
