"""Coming in with a letter: the short code on it, and the year somebody was born. Says nothing about who exists."""

from __future__ import annotations

import re

from flask import request
from flask.typing import ResponseReturnValue

from pro_service.domain import short_codes
from pro_service.domain.errors import Invalid, SignInFailed
from pro_service.http import limits
from pro_service.http.authentication import public
from pro_service.http.transaction import runtime, work
from pro_service.services import letters
from pro_service.web.pages import gettext, page
from pro_service.web.patient import links

LONGEST = 40
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


@public
def show() -> ResponseReturnValue:
    """The form."""
    return page("patient/letter.html", problems={}, code="")


@public
@limits.sign_in
@limits.short_code
def enter() -> ResponseReturnValue:
    """Sign in, or show the form again. A slip of the pen is told at once: the code checks itself."""
    code, year = request.form.get("code", "")[:LONGEST], _year(request.form.get("birth_year", "")[:LONGEST])
    slips = _slips(code, year)
    if slips or year is None:
        return _again(slips, code)
    try:
        signed_in = letters.sign_in(work(), code=code, birth_year=year, idle=runtime().settings.session_idle)
    except SignInFailed:  # caught here, so that the failed attempt is stored with this request
        wrong = gettext(
            "This code and this year do not go together, or the letter is not in use any more. Please look at both. "
            "After five wrong years the code stops working."
        )
        return _again({"both": wrong}, code, status=401)
    return links.enter(signed_in)


def _year(typed: str) -> int | None:
    """The year that somebody typed, in whatever digits, be it in a whole date; None where there is not just one."""
    found = YEAR.findall(typed)
    return int(found[0]) if len(found) == 1 else None


def _slips(code: str, year: int | None) -> dict[str, str]:
    """What cannot be right whoever it is, each at its field."""
    slips = {}
    try:
        short_codes.read(code)
    except Invalid:
        slips["code"] = gettext("This code is not complete, or has a typing error. Please look again.")
    if year is None:
        slips["year"] = gettext("Please enter the year you were born in four digits, such as 1952.")
    return slips


def _again(problems: dict[str, str], code: str, *, status: int = 422) -> ResponseReturnValue:
    """The form once more, with the code; the year is a secret of its own, and is typed again."""
    return page("patient/letter.html", status=status, problems=problems, code=code)
