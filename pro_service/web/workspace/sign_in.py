"""Signing in to the workspace: e-mail, password, one-time code. What was wrong is not said, the e-mail is kept."""

from __future__ import annotations

from flask import request, url_for
from flask.typing import ResponseReturnValue

from pro_service.domain.errors import SignInFailed
from pro_service.http import limits
from pro_service.http.authentication import clear_cookie, presented_token, public, set_cookie
from pro_service.http.transaction import work
from pro_service.services import access
from pro_service.web.pages import go, page


@public
def show() -> ResponseReturnValue:
    """The form."""
    return page("workspace/sign_in.html", email="", failed=False)


@public
@limits.sign_in
def enter() -> ResponseReturnValue:
    """Sign in and go to the overview, or show the form again."""
    email = request.form.get("email", "")
    given = {"password": request.form.get("password", ""), "code": request.form.get("code", "").replace(" ", "")}
    try:
        signed_in = access.sign_in_with_password(work(), email=email, **given)
    except SignInFailed:  # caught here, so that the failed attempt is stored with this request
        return page("workspace/sign_in.html", status=401, email=email, failed=True)
    response = go(url_for("workspace.overview"))
    set_cookie(response, signed_in)
    return response


def leave() -> ResponseReturnValue:
    """End this session."""
    access.sign_out(work(), token=presented_token())
    response = go(url_for("workspace.sign_in"))
    clear_cookie(response)
    return response
