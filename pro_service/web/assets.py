"""Style sheets, scripts and pictures under an address that changes when any of them does.

What explains them to whoever works on them stays here: comments that fill their lines do not go over the line, and were
a fifth of what did.

The digest is part of the path, so ES modules that import each other by relative path stay together, and a browser
may keep every file for ever. All of them together are small: they are read once, and what was compressed is kept.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from importlib.resources.abc import Traversable

import brotli
from flask import Blueprint, Response, abort, url_for

from pro_service.http.authentication import public
from pro_service.http.compression import readable

FOLDER = files("pro_service.web").joinpath("static")
FOR_EVER = 365 * 24 * 3600
COMMENTED = (".css", ".js")
COMMENT = re.compile(rb"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
"""One that fills its lines. Behind code, or within it, it stays."""
SMALLEST: Mapping[str, Callable[[bytes], bytes]] = {"br": brotli.compress, "gzip": partial(gzip.compress, mtime=0)}
"""Each coding at its slowest (some 10 ms for a file): once, and then for every phone."""

blueprint = Blueprint("assets", __name__, url_prefix="/assets")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it goes out."""

    media_type: str
    plain: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """Every asset by its path below `static/`."""
    return dict(sorted(_read(FOLDER, "").items()))


def _read(folder: Traversable, path: str) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        if entry.is_dir():
            found |= _read(entry, f"{name}/")
        else:
            content = COMMENT.sub(b"", entry.read_bytes()) if name.endswith(COMMENTED) else entry.read_bytes()
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            found[name] = Asset(media_type, content)
    return found


@cache
def coded(path: str, coding: str) -> bytes:
    """A file in one coding, as small as that makes it."""
    return SMALLEST[coding](assets()[path].plain)


@cache
def digest() -> str:
    """A short hash of every asset."""
    seen = hashlib.blake2b(digest_size=6)
    for path, found in assets().items():
        seen.update(path.encode() + b"\0" + found.plain)
    return seen.hexdigest()


def asset(path: str) -> str:
    """The address of a file below `static/`."""
    return url_for("assets.serve", version=digest(), path=path)


@blueprint.get("/<version>/<path:path>")
@public
def serve(version: str, path: str) -> Response:
    """One asset. An old version's address is gone rather than wrongly answered."""
    found = assets().get(path)
    if found is None or version != digest():
        abort(404)
    coding = readable()
    response = Response(coded(path, coding) if coding else found.plain, mimetype=found.media_type)
    if coding:
        response.content_encoding = coding
    response.vary.add("Accept-Encoding")
    response.cache_control.public = True
    response.cache_control.max_age = FOR_EVER
    response.cache_control.immutable = True
    return response
