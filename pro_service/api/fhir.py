"""FHIR R4, to read: questionnaires, submitted answers and scores. Its description is /fhir/metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotAcceptable

from pro_service import __version__
from pro_service.domain.errors import NotFound
from pro_service.domain.fhir import Resource
from pro_service.domain.fhir_bundles import Page, searchset
from pro_service.domain.fhir_capability import MEDIA_TYPE, capability_statement
from pro_service.domain.fhir_search import AFTER, SEARCHES, Search, search
from pro_service.http.authentication import public
from pro_service.http.transaction import recorded, runtime, work
from pro_service.services import fhir
from pro_service.services.work import Work

bp = Blueprint("fhir", __name__, url_prefix="/fhir")

FORMAT = "_format"
_FORMATS = frozenset({"", "json", "application/json", MEDIA_TYPE})
_SEARCHES: Mapping[str, Callable[[Work, Search], Page]] = {
    "Questionnaire": fhir.questionnaires,
    "QuestionnaireResponse": fhir.responses,
    "Observation": fhir.scores,
}


@bp.get("/metadata")
@public
def metadata() -> Response:
    """What can be asked for here."""
    return _answer(capability_statement(base=_base(), version=__version__))


@bp.get("/<any(Questionnaire, QuestionnaireResponse, Observation):resource>")
@recorded
def found(resource: str) -> Response:
    """A page of what a search finds."""
    _acceptable()
    given = list(request.args.items(multi=True))
    page = _SEARCHES[resource](work(), search(resource, [pair for pair in given if pair[0] != FORMAT]))
    here = [(name, value) for name, value in given if name != AFTER]
    onward = _address(resource, [*here, (AFTER, page.next)]) if page.next else ""
    return _answer(searchset(page, base=_base(), here=_address(resource, given), onward=onward))


@bp.get("/Questionnaire/<id>")
def questionnaire(id: str) -> Response:
    """One questionnaire, in the language asked for where it has it."""
    languages = request.accept_languages
    language = languages.best.partition("-")[0].lower() if languages.best else "en"
    response = _answer(fhir.questionnaire(work(), code=id, language=language))
    response.vary.add("Accept-Language")
    return response


@bp.get("/QuestionnaireResponse/<id>")
@recorded
def response(id: str) -> Response:
    """One submitted questionnaire."""
    return _answer(fhir.response(work(), id=id))


@bp.get("/Observation/<id>")
@recorded
def score(id: str) -> Response:
    """One score."""
    return _answer(fhir.score(work(), id=id))


@bp.get("/<path:_elsewhere>")
def nothing(_elsewhere: str) -> Response:
    """Whoever is known hears that there is nothing more; whoever is not hears that they should sign in."""
    raise NotFound(f"There is nothing else here: expected metadata, {', '.join(SEARCHES)}.")


def _answer(resource: Resource) -> Response:
    _acceptable()
    return Response(current_app.json.dumps(resource), content_type=f"{MEDIA_TYPE}; charset=utf-8")


def _acceptable() -> None:
    """406 for whoever takes no JSON."""
    asked = request.args.get(FORMAT, "").replace("fhir json", "fhir+json")  # a plus sign stands for a space
    accepted = request.accept_mimetypes
    taken = asked or not accepted or accepted.best_match([MEDIA_TYPE, "application/json"])
    if asked not in _FORMATS or not taken:
        raise NotAcceptable


def _base() -> str:
    return f"{runtime().settings.base_url.rstrip('/')}/fhir"


def _address(resource: str, parameters: list[tuple[str, str]]) -> str:
    question: Any = f"?{urlencode(parameters)}" if parameters else ""
    return f"{_base()}/{resource}{question}"
