"""Studies: which there are, and the protocol of each as its participants live it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import current_app
from marshmallow import fields

from pro_service.api.shapes import Instant, Shape
from pro_service.domain.protocol import Study
from pro_service.http.definitions import conditional, definition
from pro_service.http.transaction import work
from pro_service.services import studies

bp = APIBlueprint("studies", __name__, tag="Studies and questionnaires")


class VersionOut(Shape):
    code = fields.String(required=True)
    version = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    created_at = Instant(required=True)
    activated_at = Instant(required=True, allow_none=True)


class VersionList(Shape):
    items = fields.List(fields.Nested(VersionOut), required=True)


class Named(Shape):
    code = fields.String(required=True)
    label = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class SiteOut(Shape):
    code = fields.String(required=True)
    label = fields.String(required=True)
    timezone = fields.String(required=True)


class EventKindOut(Named):
    required = fields.Boolean(required=True)
    ends = fields.Boolean(required=True, metadata={"description": "It ends participation: withdrawal, death."})


class CriterionOut(Named):
    excludes = fields.Boolean(required=True)


class TimepointOut(Named):
    instruments = fields.List(fields.String(), required=True)


class StudyOut(Shape):
    code = fields.String(required=True)
    version = fields.Integer(required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    registration = fields.String(required=True)
    timezone = fields.String(required=True)
    languages = fields.List(fields.String(), required=True)
    sites = fields.List(fields.Nested(SiteOut), required=True)
    arms = fields.List(fields.Nested(Named), required=True)
    strata = fields.List(fields.Nested(Named), required=True)
    events = fields.List(fields.Nested(EventKindOut), required=True)
    criteria = fields.List(fields.Nested(CriterionOut), required=True)
    timepoints = fields.List(fields.Nested(TimepointOut), required=True)
    sha256 = fields.String(required=True)


@bp.get("/studies")
@bp.output(VersionList)
def listing() -> Any:
    """Every version of every study you may see, newest first."""
    return {"items": studies.listing(work())}


@bp.get("/studies/<study>")
@conditional
@bp.output(StudyOut)
def one(study: str) -> Any:
    """The active protocol of a study. Carries an ETag: send it back in If-None-Match."""
    found: Study = studies.active(work(), code=study)
    return definition(current_app.json.dumps(StudyOut().dump(found)), version=found.sha256)
