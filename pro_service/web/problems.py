"""What to say to a person when something is wrong: what is the case, and what to do. Never a detail of the request."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, request, url_for

from pro_service.http.authentication import cookie_token
from pro_service.http.errors import Trouble
from pro_service.web.pages import gettext, go, page


@dataclass(frozen=True, slots=True)
class Words:
    """A heading, an advice and a button: to the start with `home`, with `new_link` one that asks for a new link, with
    `again` one that opens the same page once more."""

    heading: str
    advice: str
    home: bool = False
    new_link: bool = False
    again: bool = False


def problem_page(trouble: Trouble) -> Response:
    """A kind page for an error."""
    for_staff = request.path.startswith("/staff")
    if trouble.status == 401 and for_staff and request.method == "GET" and cookie_token() is None:
        return go(url_for("workspace.sign_in"))  # nobody's session is over: they come in by the front door
    said = _by_code().get(trouble.code)  # a link that leads nowhere is that, and no session that is over
    action = None
    if said is None and trouble.status == 401 and not for_staff and request.method == "POST":
        said = _came_too_late()
    said = said or _by_status().get(trouble.status) or _otherwise(trouble.status)
    if trouble.status == 401 and for_staff:
        said = Words(gettext("Please sign in again"), gettext("Your session is over."))
        action = {"href": url_for("workspace.sign_in"), "label": gettext("Sign in")}
    elif said.new_link:
        action = {"href": url_for("patient.new_link"), "label": gettext("Ask for a new link")}
    elif said.again and request.method == "GET":
        action = {"href": "", "label": gettext("Try again")}  # the address as it is, wherever it was asked for
    elif said.home:
        start = url_for("workspace.overview") if for_staff else url_for("patient.home")
        action = {"href": start, "label": gettext("To the start")}
    return page("problem.html", status=trouble.status, heading=said.heading, advice=said.advice, action=action)


def _came_too_late() -> Words:
    """A form was sent after the session was over: nothing of it was taken, and we do not say otherwise."""
    return Words(
        gettext("Please sign in again"),
        gettext(
            "You were signed out before this was sent. What you saved earlier is safe; what came after it did not "
            "reach us. Open the link in your newest message again."
        ),
        new_link=True,
    )


def _by_code() -> dict[str, Words]:
    return {
        "link-expired": Words(
            gettext("This link does not work any more"),
            gettext(
                "The questionnaires it was for have been sent, or their time is over. Use the link in your newest "
                "message. Nothing there? Then there is nothing to do now."
            ),
            new_link=True,
        ),
        "link-unknown": Words(
            gettext("We do not know this link"),
            gettext(
                "Perhaps part of it is missing. Open the link in your message again, or copy all of it. If that does "
                "not help, ask for a new one here."
            ),
            new_link=True,
        ),
        "window-closed": Words(
            gettext("The time for this questionnaire is over"),
            gettext("What you answered is kept. Thank you."),
            home=True,
        ),
        "unprintable": Words(
            gettext("This letter cannot be printed"),
            gettext("The contact in the study file, or the participant's code, has a sign that cannot be printed."),
            home=True,
        ),
        "already-submitted": Words(
            gettext("This questionnaire has been sent"),
            gettext("Your answers are with the study team. Something to change? Please tell them."),
            home=True,
        ),
    }


def _by_status() -> dict[int, Words]:
    return {
        401: Words(
            gettext("Please sign in again"),
            gettext("Open the link in your newest message again. Answers you gave are not lost."),
            new_link=True,
        ),
        403: Words(
            gettext("That is not possible here"),
            gettext("Go back, load the page again, and try once more."),
            home=True,
        ),
        404: Words(
            gettext("There is nothing here"),
            gettext("The address may be mistyped, or the page is not meant for you."),
            home=True,
        ),
        413: Words(
            gettext("That is too much text"),
            gettext(
                "Nothing of it is saved yet. Go back: what you filled in is still there. Make the longest text "
                "shorter, and save again."
            ),
        ),
        429: Words(
            gettext("One moment, please"), gettext("That was a bit fast. Wait a minute and try again."), again=True
        ),
    }


def _otherwise(status: int) -> Words:
    if status < 500:
        again = gettext("Go back, load the page again, and try once more.")
        return Words(gettext("That did not work"), again, home=True)
    advice = gettext("It is our fault, not yours. What you saved is safe. Please try again in a few minutes.")
    return Words(gettext("Something went wrong on our side"), advice, again=True)
