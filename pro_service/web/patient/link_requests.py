"""A new link, for who cannot find theirs. The answer is the same for everybody, and so is the time it takes."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from pro_service.http import limits
from pro_service.http.authentication import public
from pro_service.http.transaction import work
from pro_service.services import link_requests
from pro_service.web.pages import page


@public
def show() -> ResponseReturnValue:
    """The form."""
    return page("patient/new_link.html", asked=False, empty=False)


@public
@limits.sign_in
def ask() -> ResponseReturnValue:
    """Take what was typed; what comes of it, the person sees in their own mailbox and nowhere else."""
    typed = request.form.get("who", "").strip()
    if not typed:
        return page("patient/new_link.html", status=422, asked=False, empty=True)
    link_requests.ask(work(), typed=typed)
    return page("patient/new_link.html", asked=True, empty=False)
