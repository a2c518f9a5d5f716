"""Assessments: what a participant was, is and will be asked, and the form of one. Staff enter paper forms here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response
from marshmallow import fields, validate

from pro_service.api.instruments import InstrumentOut, as_json, dumps
from pro_service.api.shapes import REVISION, Answers, Instant, Seen, Shape, Whole, instant, words
from pro_service.domain.assessments import BY_STAFF, Assessment, MissingReason, Status
from pro_service.http.transaction import recorded, work
from pro_service.services import assessments, responses
from pro_service.services.assessments import AssessmentView, Form, FormPart

bp = APIBlueprint("assessments", __name__, tag="Assessments")


class Progress(Shape):
    answered = fields.Integer(required=True)
    total = fields.Integer(required=True)


class Occasion(Shape):
    """What a list of assessments and the form of one both say."""

    id = fields.UUID(required=True)
    timepoint = fields.String(required=True)
    label = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf([str(status) for status in Status]))
    opens_at = Instant(required=True, allow_none=True)
    due_at = Instant(required=True, allow_none=True)
    closes_at = Instant(required=True, allow_none=True)
    submitted_at = Instant(required=True, allow_none=True)


class AssessmentOut(Occasion):
    occurrence = fields.Integer(required=True)
    instruments = fields.List(fields.String(), required=True)
    progress = fields.Nested(Progress, required=True)


class MissingIn(Shape):
    reason = fields.String(required=True, validate=validate.OneOf([str(reason) for reason in MissingReason]))


class AssessmentList(Shape):
    items = fields.List(fields.Nested(AssessmentOut), required=True)


class FormInstrument(InstrumentOut):
    answers = Answers(required=True)
    revision = fields.Integer(required=True)
    response_id = fields.UUID(
        required=True, allow_none=True, metadata={"description": "What a correction names; null before any answer."}
    )
    missing = fields.List(
        fields.String(), required=True, metadata={"description": "Items shown without an answer; go on with the first."}
    )


class FormOut(Occasion):
    participant_id = fields.UUID(required=True)
    instruments = fields.List(fields.Nested(FormInstrument), required=True)


class DraftIn(Shape):
    """Some answers. `revision` is the one they are based on; an item somebody else changed since is a 409."""

    answers = Answers(required=True)
    revision = Whole(required=True, validate=REVISION)
    seen = Seen(load_default=dict)
    language = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^[a-z]{2}(-[A-Z]{2})?\Z"),
        metadata={"example": "nl", "description": "In which language the questions were shown; else the person's own."},
    )


class EntryIn(DraftIn):
    mode = fields.String(required=True, validate=validate.OneOf(list(BY_STAFF)))
    answered_on = fields.Date(load_default=None, allow_none=True, metadata={"description": "The day on the paper."})
    submit = fields.Boolean(load_default=False, metadata={"description": "Submit the assessment with these answers."})


class SavedOut(Shape):
    revision = fields.Integer(required=True)
    answers = Answers(required=True)


@bp.get("/participants/<uuid:participant_id>/assessments")
@recorded
@bp.output(AssessmentList)
def listing(participant_id: UUID) -> Any:
    """A participant's assessments, in protocol order, with their status now."""
    views = assessments.listing(work(), participant_id=participant_id)
    return list_of(views, language="en")


@bp.get("/assessments/<uuid:assessment_id>")
@recorded
@bp.output(FormOut)
def form(assessment_id: UUID) -> Any:
    """One assessment with its questionnaires and the answers so far."""
    return form_response(assessments.form(work(), assessment_id=assessment_id))


@bp.patch("/assessments/<uuid:assessment_id>/responses/<instrument>")
@bp.input(EntryIn)
@bp.output(SavedOut)
def enter(assessment_id: UUID, instrument: str, json_data: dict[str, Any]) -> Any:
    """Enter answers from paper or an interview, for the patient. `mode` says which."""
    submit = json_data.pop("submit")
    saved = responses.save(work(), assessment_id=assessment_id, instrument=instrument, **json_data)
    if submit:
        by = {name: json_data[name] for name in ("mode", "answered_on")}
        responses.submit(work(), assessment_id=assessment_id, **by)
    return saved


@bp.put("/assessments/<uuid:assessment_id>/missing-reason")
@bp.input(MissingIn)
@bp.output({}, status_code=204)
def miss(assessment_id: UUID, json_data: dict[str, str]) -> Any:
    """Write down why a form was not completed; again replaces the reason."""
    assessments.record_missing(work(), assessment_id=assessment_id, reason=json_data["reason"])
    return ""


def list_of(views: Sequence[AssessmentView], *, language: str) -> dict[str, Any]:
    """The members of an AssessmentList, labels in that language."""
    return {"items": [_summary(view, language) for view in views]}


def _summary(view: AssessmentView, language: str) -> dict[str, Any]:
    one = view.assessment
    return {
        "id": one.id,
        "timepoint": one.timepoint,
        "occurrence": one.occurrence,
        "label": words(view.label, language),
        "status": str(view.status),
        "opens_at": one.opens_at,
        "due_at": one.due_at,
        "closes_at": one.closes_at,
        "submitted_at": one.submitted_at,
        "instruments": list(one.instruments),
        "progress": {"answered": view.answered, "total": view.total},
    }


def form_response(form: Form) -> Response:
    """A form as JSON. The definitions, most of its bytes, are pasted in as text made once per language."""
    one, language = form.assessment, form.language
    head = dumps({
        "id": str(one.id),
        "participant_id": str(one.participant_id),
        "timepoint": one.timepoint,
        "label": words(form.label, language),
        "status": str(form.status),
        **{name: at and instant(at) for name, at in _window(one).items()},
    })  # fmt: skip
    parts = (_part(part, language) for part in form.instruments)
    return Response(f'{head[:-1]},"instruments":[{",".join(parts)}]}}', mimetype="application/json")


def _part(part: FormPart, language: str) -> str:
    response_id = part.response_id and str(part.response_id)
    own = {"answers": dict(part.answers), "revision": part.revision, "missing": part.missing}
    mine = dumps({**own, "response_id": response_id})
    return f"{as_json(part.instrument, language)[:-1]},{mine[1:]}"


def _window(one: Assessment) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("opens_at", "due_at", "closes_at", "submitted_at")}
