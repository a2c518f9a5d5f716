"""What makes of the pages an app: the service worker with its files, the page for no network, and the manifest.

The worker's script stands at the root, as it speaks for the whole site, and changes whenever a file does: a browser
that sees a new one fetches the new files. docs/explanation/offline.md tells what is kept where.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from flask import Blueprint, Response, abort

from pro_service.http.authentication import public
from pro_service.web import assets, i18n
from pro_service.web.assets import asset
from pro_service.web.pages import language, page

ICONS = ((192, "any"), (512, "any"), (512, "maskable"))
BACKGROUND = "#f7f6f2"
"""As `--page` in base.css."""
WORKER = "js/sw.js"
SENDER = "js/background.js"
NOT_ON_A_PHONE = ("css/workspace.css", WORKER, SENDER)
KINDS = (".css", ".js", ".svg")

blueprint = Blueprint("shell", __name__)


@blueprint.get("/sw.js")
@public
def service_worker() -> Response:
    """The script that keeps pages for when there is no network, and shows pushed messages. Asked anew each time."""
    return _worker("")


@blueprint.get("/sw.mjs")
@public
def sending_service_worker() -> Response:
    """The same as a module, for browsers with Background Sync: it can also send what waits when no page is open."""
    return _worker(f"import {json.dumps(asset(SENDER))};\n")


def _worker(above: str) -> Response:
    """The worker below what it needs to know: the version, and the files to keep."""
    addresses = [asset(path) for path in _files()]
    known = f"const VERSION = {json.dumps(assets.digest())};\nconst SHELL = {json.dumps(addresses)};\n"
    script = f"{above}{known}".encode() + assets.assets()[WORKER].plain
    response = Response(script, mimetype="text/javascript")
    response.cache_control.no_cache = True
    return response


@blueprint.get("/offline")
@public
def offline() -> Response:
    """What a phone shows when there is no network and the page is not kept: in every language, as it is kept once."""
    own_first = sorted(i18n.languages(), key=lambda code: code != language())
    return page("offline.html", said={code: _no_network(code) for code in own_first})


@blueprint.get("/app-<language>.webmanifest")
@public
def manifest(language: str) -> Response:
    """What a phone needs to put this on its home screen. It names no study."""
    if language not in i18n.languages():
        abort(404)
    gettext = i18n.translations(language).ugettext
    described = {
        "id": "/my",
        "start_url": "/my",
        "scope": "/",
        "display": "standalone",
        "lang": language,
        "dir": i18n.direction(language),
        "name": gettext("My questionnaires"),
        "short_name": gettext("Questionnaires"),
        "background_color": BACKGROUND,
        "theme_color": BACKGROUND,
        "icons": [_icon(size, purpose) for size, purpose in ICONS],
    }
    response = Response(json.dumps(described, ensure_ascii=False), mimetype="application/manifest+json")
    response.cache_control.no_cache = True
    return response


def _files() -> Iterator[str]:
    """The files a patient's pages are made of."""
    yield from (path for path in assets.assets() if path.endswith(KINDS) and path not in NOT_ON_A_PHONE)


def _icon(size: int, purpose: str) -> dict[str, str]:
    name = f"icons/{purpose}{size}.png"
    return {"src": asset(name), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


def _no_network(language: str) -> dict[str, str]:
    gettext = i18n.translations(language).ugettext
    return {
        "heading": gettext("There is no connection"),
        "advice": gettext("This page is not kept on this device. What you answered before is safe."),
        "again": gettext("Try again"),
    }
