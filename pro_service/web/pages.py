"""What every page shares: its language, its frame, the landing page, and what to say when something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, g, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from pro_service.http import csrf
from pro_service.http.authentication import is_https, public
from pro_service.web import i18n
from pro_service.web.assets import asset

A_YEAR = 365 * 24 * 3600

blueprint = Blueprint("pages", __name__, template_folder="templates")


def install(app: Flask) -> None:
    """Teach the application's templates our languages and assets."""
    env: Any = app.jinja_env  # the extension adds its methods at run time
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(gettext, ngettext, newstyle=True)
    env.globals.update(asset=asset, csrf_token=csrf.token, own_name=i18n.own_name)
    env.trim_blocks = env.lstrip_blocks = True


def language() -> str:
    """The language of this request: what the person chose, else what they speak in the study, else the browser's."""
    chosen, own = request.cookies.get(i18n.COOKIE), g.get("own_language")
    return i18n.first_spoken(chosen, own, *request.accept_languages.values())


def speak(own_language: str) -> None:
    """From here on, unless they chose otherwise, this person is addressed in their own language."""
    g.own_language = own_language


def suit(preferences: Mapping[str, str]) -> None:
    """From here on this request's page is shown as this person wants it."""
    g.text_size = preferences.get("text_size", "")


def gettext(message: str) -> str:
    """A sentence of ours in the language of this request."""
    return i18n.translations(language()).ugettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """The same, by number."""
    return i18n.translations(language()).ungettext(one, many, number)


def page(template: str, *, status: int = 200, **values: Any) -> Response:
    """A page in the language of this request."""
    spoken = language()
    frame = {
        "language": spoken,
        "languages": i18n.languages(),
        "direction": i18n.direction(spoken),
        "here": request.path,
        "text_size": g.get("text_size", ""),
    }
    response = make_response(render_template(template, **(frame | values)), status)
    response.headers["Content-Language"] = spoken
    response.vary.add("Cookie")
    response.vary.add("Accept-Language")
    return response


def go(address: str) -> Response:
    """Send the browser on to a page, with GET."""
    return make_response(redirect(address, 303))


def remember_language(response: Response, wish: str) -> None:
    """Keep the language a person chose on this device."""
    response.set_cookie(
        i18n.COOKIE, i18n.first_spoken(wish), max_age=A_YEAR, secure=is_https(), httponly=True, samesite="Lax"
    )


@blueprint.get("/")
@public
def landing() -> ResponseReturnValue:
    """What this is, for whoever comes by."""
    return page("landing.html")


@blueprint.get("/favicon.ico")
@public
def favicon() -> ResponseReturnValue:
    """Browsers ask here unasked."""
    return redirect(asset("icon.svg"), 302)


@blueprint.post("/language")
@public
def switch_language() -> ResponseReturnValue:
    """Remember the language and go back to the page."""
    response = go(_own_path(request.form.get("next", "")))
    remember_language(response, request.form.get("language", ""))
    return response


def _own_path(path: str) -> str:
    """A path on this site; anything that could lead elsewhere becomes the landing page."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if fine else "/"
