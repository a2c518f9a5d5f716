"""Answers to GET go out compressed where the client can read that: a long form comes in a tenth of its bytes.

Only answers to GET with status 200. Compressed, an answer tells by its length how much in it is alike, and so a secret
of a page to whoever can put guesses into the same page and see the bytes go by (BREACH). None of our pages repeats
anything of the request's address, and what a form brought is repeated in answers to POST alone, which other sites
cannot cause (http/csrf.py).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping

import brotli
from flask import Flask, Response, request

LEAST = 1000
"""Bytes: what is smaller fits one packet anyway."""
CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=5),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
}
"""The smallest first; each as small as it gets in the time of the other: a millisecond for a long form."""
TEXTS = frozenset({"text/html", "application/json", "application/problem+json", "application/fhir+json"})
"""Style sheets and scripts are compressed once and for all (web/assets.py); tables and pictures are as they are."""


def install(app: Flask) -> None:
    """Compress the answers of this application."""

    @app.after_request
    def compress(response: Response) -> Response:
        if request.method != "GET" or response.status_code != 200 or response.mimetype not in TEXTS:
            return response
        if response.direct_passthrough or response.is_streamed or response.content_encoding:
            return response
        response.vary.add("Accept-Encoding")
        body = response.get_data()
        if len(body) >= LEAST and (coding := readable()):
            response.set_data(CODINGS[coding](body))
            response.content_encoding = coding
            tag, _ = response.get_etag()
            if tag is not None:
                response.set_etag(tag, weak=True)
        return response


def readable() -> str:
    """The first of our codings that whoever asks can read; "" for none."""
    return next((coding for coding in CODINGS if request.accept_encodings[coding] > 0), "")
