"""Every error becomes one clean answer: application/problem+json for programs, a page for people, never a stack trace.

The status follows from the kind of the error, the `code` is the error's own and stable. What nobody raised on purpose
is a 500 that says nothing but its request id; the log has where it happened, without any value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from apiflask import HTTPError
from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from pro_service.domain import errors
from pro_service.domain.errors import Problem, ProError
from pro_service.domain.fhir_bundles import outcome
from pro_service.domain.fhir_capability import MEDIA_TYPE as FHIR_MEDIA_TYPE
from pro_service.observability import failure, logger

MEDIA_TYPE = "application/problem+json"
STATUS: tuple[tuple[type[ProError], HTTPStatus], ...] = (
    (errors.UnknownArm, HTTPStatus.UNPROCESSABLE_ENTITY),  # a field of the request, not the thing it asks for
    (errors.UnknownStratum, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UnknownEvent, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UnknownFormat, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UnknownTimepoint, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UnknownValueSet, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.InvalidSearch, HTTPStatus.BAD_REQUEST),  # as FHIR has it
    (errors.Invalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.Conflict, HTTPStatus.CONFLICT),
    (errors.Unauthenticated, HTTPStatus.UNAUTHORIZED),
    (errors.Forbidden, HTTPStatus.FORBIDDEN),
    (errors.TooManyRequests, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (errors.ProError, HTTPStatus.INTERNAL_SERVER_ERROR),
)
HTTP_CODES: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request is not well formed."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take that method."),
    406: ("not-acceptable", "This address has no answer of the kind you accept."),
    411: ("length-required", "Say how long the request is."),
    413: ("too-large", "The request is too large."),
    415: ("unsupported-media-type", "Send JSON, as application/json."),
    422: ("invalid", "The request breaks a rule."),
    429: ("too-many-requests", "Too many requests; try again later."),
}
"""Code and sentence of what the HTTP layer itself refuses."""
INTERNAL = ("internal", "Something broke on our side. The request id finds it in our log.")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error on its way out. `details` are further members, such as the current answers of a stale revision."""

    status: int
    code: str
    detail: str
    problems: tuple[Problem, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The status in words."""
        return HTTPStatus(self.status).phrase


Page = Callable[[Trouble], Any]
"""Makes a page for people; what it returns is a Flask view's return value (the status is set here)."""


def install(app: Flask, *, page: Page) -> None:
    """Answer every error of this application."""

    def handle(error: Exception) -> Any:
        if isinstance(error, RequestRedirect):
            return error
        trouble = explain(error)
        if trouble.status == 500:
            logger("http").error("failure", request_id=g.get("request_id", ""), **failure(error))
        response = _told(trouble, page)
        if response.status_code == 200:
            response.status_code = trouble.status
        response.headers.extend(dict(trouble.headers))
        return response

    for kind in (ProError, HTTPException, HTTPError, Exception):
        app.register_error_handler(kind, handle)


def _told(trouble: Trouble, page: Page) -> Response:
    """Programs get problem+json, or what FHIR has for it; whoever opened a page gets a page."""
    if request.path.startswith("/fhir/"):
        return _outcome(trouble)
    return problem(trouble) if wants_problem() else current_app.make_response(page(trouble))


def wants_problem() -> bool:
    """Does a program ask? Everybody else opened a page."""
    return request.path.startswith(("/api/", "/fhir/", "/readyz", "/metrics"))


def explain(error: Exception) -> Trouble:
    """What to say about an error."""
    if isinstance(error, ProError):
        return _own(error)
    if isinstance(error, HTTPError):
        return Trouble(int(error.status_code), "invalid", HTTP_CODES[422][1], problems=tuple(_problems(error.detail)))
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        code, sentence = HTTP_CODES.get(error.code, HTTP_CODES[400])
        keep = {name: value for name, value in error.get_headers() if name == "Allow"}
        return Trouble(error.code, code, sentence, headers=keep)
    return Trouble(500, *INTERNAL)


def _own(error: ProError) -> Trouble:
    status = _status(type(error))
    if status == 500:
        return Trouble(500, *INTERNAL)
    headers = {}
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="pro"'
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        headers["Retry-After"] = str(error.details.get("retry_after", 5))
    return Trouble(status, error.code, error.message, error.problems, error.details, headers)


def _problems(messages: Any, path: str = "") -> list[Problem]:
    """marshmallow's nested messages as a flat list; the place in the body is a dotted path."""
    if isinstance(messages, Mapping):
        return [found for key, value in messages.items() for found in _problems(value, _join(path, key))]
    texts = messages if isinstance(messages, list) else [messages]
    place = path.partition(".")[2]  # without the location: "json.", "query."
    return [Problem(str(text), field=place) for text in texts]


def _join(path: str, key: object) -> str:
    if key == "_schema":
        return path
    return f"{path}.{key}" if path else str(key)


def problem(trouble: Trouble) -> Response:
    """The problem+json response, by RFC 9457."""
    body = {
        **trouble.details,
        "type": f"/api/docs#{trouble.code}",
        "title": trouble.title,
        "status": trouble.status,
        "code": trouble.code,
        "detail": trouble.detail,
        "problems": [{"field": found.field, "message": found.message} for found in trouble.problems],
        "request_id": g.get("request_id", ""),
    }
    return Response(current_app.json.dumps(body), trouble.status, mimetype=MEDIA_TYPE)


def _outcome(trouble: Trouble) -> Response:
    """The same as an OperationOutcome, for FHIR clients."""
    body = outcome(
        status=trouble.status,
        code=trouble.code,
        detail=trouble.detail,
        problems=trouble.problems,
        request_id=g.get("request_id", ""),
    )
    return Response(current_app.json.dumps(body), trouble.status, content_type=FHIR_MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line of the table of problem codes."""

    code: str
    status: int
    when: str


def every_code() -> tuple[CodeLine, ...]:
    """Every code a program may meet, the HTTP layer's own and the domain's, by status."""
    own = {code: CodeLine(code, status, sentence) for status, (code, sentence) in HTTP_CODES.items()}
    raised = {
        kind.code: CodeLine(kind.code, _status(kind), (kind.__doc__ or "").partition("\n")[0])
        for kind in _descendants(ProError)
        if _status(kind) != HTTPStatus.INTERNAL_SERVER_ERROR
    }
    found = {INTERNAL[0]: CodeLine(INTERNAL[0], 500, INTERNAL[1]), **own, **raised}
    return tuple(sorted(found.values(), key=lambda line: (line.status, line.code)))


def _status(kind: type[ProError]) -> int:
    return next(int(status) for known, status in STATUS if issubclass(kind, known))


def _descendants(kind: type[ProError]) -> list[type[ProError]]:
    return [found for child in kind.__subclasses__() for found in (child, *_descendants(child))]
