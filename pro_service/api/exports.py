"""Data cuts: ask for one (a worker writes it), see how it stands, fetch its files."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from apiflask import APIBlueprint
from flask import send_from_directory, url_for
from marshmallow import fields, validate

from pro_service.api.shapes import CODE, Instant, Shape
from pro_service.domain.errors import NotFound
from pro_service.domain.exports import Export
from pro_service.http.transaction import runtime, work
from pro_service.services import exports

bp = APIBlueprint("exports", __name__, tag="Data out")

THE_FILE: Any = {"description": "The file.", "content": {"application/octet-stream": {}}}


class ExportIn(Shape):
    format = fields.String(required=True, validate=CODE, metadata={"example": "csv"})
    as_of = fields.Date(load_default=None, allow_none=True, metadata={"description": "Data until the end of this day."})
    masked = fields.Boolean(load_default=False, metadata={"description": "Without arms."})


class FileOut(Shape):
    name = fields.String(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    href = fields.String(required=True)


class ExportOut(Shape):
    id = fields.UUID(required=True)
    study = fields.String(required=True)
    format = fields.String(required=True)
    as_of = fields.Date(required=True, allow_none=True)
    masked = fields.Boolean(required=True)
    asked_at = Instant(required=True)
    finished_at = Instant(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(["pending", "done", "failed"]))
    files = fields.List(fields.Nested(FileOut), required=True)


@bp.post("/studies/<study>/exports")
@bp.input(ExportIn)
@bp.output(ExportOut, status_code=202)
def ask(study: str, json_data: dict[str, Any]) -> Any:
    """Ask for a data cut. The answer comes at once; its Location says when the files are there."""
    asked = exports.request(work(), study=study, **json_data)
    return _shown(asked), 202, {"Location": url_for(".one", export_id=asked.id)}


@bp.get("/exports/<uuid:export_id>")
@bp.output(ExportOut)
def one(export_id: UUID) -> Any:
    """How an export stands, and its files when it is done."""
    return _shown(exports.by_id(work(), export_id=export_id))


@bp.get("/exports/<uuid:export_id>/files/<name>")
@bp.doc(responses={200: THE_FILE})
def download(export_id: UUID, name: str) -> Any:
    """One file of a finished export."""
    found = exports.by_id(work(), export_id=export_id)
    if name not in [file["name"] for file in _files(found)]:
        raise NotFound("There is no such file in this export.")
    folder = (runtime().settings.data_dir / "exports" / str(export_id)).absolute()
    return send_from_directory(folder, name, as_attachment=True, mimetype="application/octet-stream", max_age=0)


def _shown(export: Export) -> dict[str, Any]:
    return {
        "id": export.id,
        "study": export.study,
        "format": export.format,
        "as_of": export.as_of,
        "masked": export.masked,
        "asked_at": export.asked_at,
        "finished_at": export.finished_at,
        "status": export.outcome or "pending",
        "files": _files(export),
    }


def _files(export: Export) -> list[dict[str, Any]]:
    if export.outcome != "done" or not export.manifest:
        return []
    files = cast(dict[str, dict[str, Any]], export.manifest["files"])
    return [
        {"name": name, **facts, "href": url_for("exports.download", export_id=export.id, name=name)}
        for name, facts in files.items()
    ]
