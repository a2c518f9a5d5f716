"""The JSON API under /api/v1, one file per noun, schemas on top, routes below; and FHIR under /fhir."""

from __future__ import annotations

from apiflask import APIFlask

from pro_service.api import (
    assessments,
    bounces,
    corrections,
    deliveries,
    events,
    exports,
    fhir,
    instruments,
    links,
    me,
    openapi,
    participants,
    preferences,
    results,
    sessions,
    staff,
    studies,
    webhooks,
    wordings,
)

NOUNS = (
    *(sessions, me, studies, instruments, wordings, participants, preferences, events, assessments, corrections, links),
    *(results, deliveries, bounces, exports, webhooks, staff),
)


def install(app: APIFlask) -> None:
    """Add every noun, and the description of them all."""
    for noun in NOUNS:
        app.register_blueprint(noun.bp, url_prefix="/api/v1")
    openapi.configure(app, tags=list(dict.fromkeys(str(noun.bp.tag) for noun in NOUNS)))
    app.register_blueprint(openapi.bp)
    app.register_blueprint(fhir.bp)
