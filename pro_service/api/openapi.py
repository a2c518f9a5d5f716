"""The description of this API, at /api/openapi.json and, for people, at /api/docs. It is made from the routes.

What APIFlask cannot know is added here from facts: which routes are public, that errors are problem+json, which
statuses can come about at all, that every POST takes an Idempotency-Key.
"""

from __future__ import annotations

import re
from typing import Any

from apiflask import APIFlask
from flask import Blueprint, current_app, render_template

from pro_service.http.authentication import public
from pro_service.http.errors import MEDIA_TYPE, every_code

bp = Blueprint("openapi", __name__, template_folder="templates", static_folder="static", static_url_path="/api/static")

PROBLEM = {"$ref": "#/components/schemas/Problem"}
STATUSES = {
    400: "The request is not well formed.",
    401: "Nobody we know: sign in, or the token or link is of no use any more.",
    403: "Known, but may not.",
    404: "No such thing, or not yours to see.",
    409: "The state of the world says no.",
    413: "The request is too large.",
    415: "The body is not declared as JSON.",
    422: "The request breaks a rule; `problems` says which field and what was expected.",
    429: "Too many requests; Retry-After says when to come back.",
    503: "The database is away; Retry-After says when to come back.",
}
NAMED_INSIDE = frozenset({"bounces.record", "webhooks.add", "webhooks.listing", "wordings.load"})
"""Operations that name what they are about in the body or the query, and may find that there is no such thing."""

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "An error by RFC 9457. `code` is stable; some codes bring further members.",
    "required": ["type", "title", "status", "code", "detail", "problems", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "problems": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "request_id": {"type": "string"},
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of your own making; the same key and body again gets the same answer, and happens once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def configure(app: APIFlask, tags: list[str]) -> None:
    """Describe this application; its operations come in chapters, in the order of `tags`."""
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        AUTO_200_RESPONSE=False,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        SERVERS=[{"url": "/", "description": "This service"}],
        SECURITY_SCHEMES={
            "bearer": {"type": "http", "scheme": "bearer", "description": "A session's access token, or an API key."},
            "cookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": "__Host-pro",
                "description": "A browser's session; unsafe methods need its X-CSRF-Token. Named `pro` over http.",
            },
        },
    )
    app.tags = [{"name": tag} for tag in tags]
    app.description = "Patient-reported outcomes for clinical trials. Errors are application/problem+json with a code."
    app.spec_processor(complete)  # type: ignore[arg-type]  # a dict: our description is never YAML


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Add to the description what holds for every route."""
    spec["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    rules = current_app.url_map.iter_rules()
    views = {(_path(rule.rule), method.lower()): rule for rule in rules for method in rule.methods or ()}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            rule = views[path, method]
            _complete_operation(operation, method, rule.endpoint, is_path_of_things="{" in path)
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and f"<uuid:{parameter['name']}>" in rule.rule:
                    parameter["schema"] = {"type": "string", "format": "uuid"}
    _speak_the_regular_expressions_of_json_schema(spec)
    return spec


def _speak_the_regular_expressions_of_json_schema(part: Any) -> None:
    """Python's end of text is `\\Z` (its `$` lets a line break pass); JSON Schema knows only `$`."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            part["pattern"] = part["pattern"].replace(r"\Z", "$")
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            _speak_the_regular_expressions_of_json_schema(inner)


def _path(rule: str) -> str:
    return re.sub(r"<(?:[^<:]+:)?", "{", rule).replace(">", "}")


def _complete_operation(operation: dict[str, Any], method: str, endpoint: str, *, is_path_of_things: bool) -> None:
    view = current_app.view_functions[endpoint]
    operation["operationId"] = endpoint.replace(".", "_")
    operation["tags"] = [getattr(current_app.blueprints[endpoint.partition(".")[0]], "tag", "")]
    is_public = getattr(view, "is_public", False)
    operation["security"] = [] if is_public else [{"bearer": []}, {"cookie": []}]
    statuses = {400, 429, 503}
    if not is_public or getattr(view, "signs_in", False):
        statuses |= {401, 403}
    if is_path_of_things or endpoint in NAMED_INSIDE:
        statuses.add(404)
    if any(parameter["in"] != "path" for parameter in operation.get("parameters", [])):
        statuses.add(422)
    if method != "get":
        statuses |= {403, 409}
    if "requestBody" in operation:
        statuses |= {413, 415, 422}
        operation["requestBody"]["required"] = _needs_body(view)
    if method == "post":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        statuses.add(422)
    for status in sorted(statuses):
        described = {"description": STATUSES[status], "content": {MEDIA_TYPE: {"schema": PROBLEM}}}
        if status in {429, 503}:
            described["headers"] = RETRY_AFTER
        operation["responses"].setdefault(str(status), described)
    if getattr(view, "is_definition", False):
        operation["responses"]["304"] = {"description": "You still have it (If-None-Match)."}


def _needs_body(view: Any) -> bool:
    return any(field.required for field in view._spec["body"].fields.values())


@bp.get("/api/openapi.json")
@public
def document() -> Any:
    """This API, as OpenAPI 3.1."""
    return current_app._get_spec("json")  # type: ignore[attr-defined]  # APIFlask's cached description


@bp.get("/api/docs")
@public
def docs() -> Any:
    """This API, as a page that needs no script and nothing from elsewhere."""
    spec = current_app._get_spec("json")  # type: ignore[attr-defined]  # APIFlask's cached description
    by_tag: dict[str, list[dict[str, Any]]] = {}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation["tags"][0], []).append({**operation, "path": path, "method": method})
    return render_template("api/docs.html", spec=spec, by_tag=by_tag, problems=every_code())
