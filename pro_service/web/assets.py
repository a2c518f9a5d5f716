"""Style sheets, scripts and pictures under an address that changes when any of them does.

The digest is part of the path, so ES modules that import each other by relative path stay together, and a browser
may keep every file for ever.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from flask import Blueprint, Response, abort, send_from_directory, url_for

from pro_service.http.authentication import public

FOLDER = files("pro_service.web").joinpath("static")
FOR_EVER = 365 * 24 * 3600

blueprint = Blueprint("assets", __name__, url_prefix="/assets")


def _every_file(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        found.extend(_every_file(entry) if entry.is_dir() else [entry])
    return found


@cache
def digest() -> str:
    """A short hash of every asset."""
    seen = hashlib.blake2b(digest_size=6)
    for entry in _every_file(FOLDER):
        seen.update(entry.name.encode() + b"\0" + entry.read_bytes())
    return seen.hexdigest()


def asset(path: str) -> str:
    """The address of a file below `static/`."""
    return url_for("assets.serve", version=digest(), path=path)


@blueprint.get("/<version>/<path:path>")
@public
def serve(version: str, path: str) -> Response:
    """One asset. An old version's address is gone rather than wrongly answered."""
    if version != digest():
        abort(404)
    response = send_from_directory(str(FOLDER), path, max_age=FOR_EVER)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
