"""One assessment on the page: the questions, the review, thank you; and the long form where there is no script."""

from __future__ import annotations

from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from pro_service.domain import burden
from pro_service.domain.assessments import Status
from pro_service.domain.errors import IncompleteForm, StaleRevision
from pro_service.domain.preferences import TAP, TEXT_SIZES
from pro_service.http.transaction import runtime, work
from pro_service.services import access, assessments, responses
from pro_service.services.assessments import Form
from pro_service.web.i18n import marked
from pro_service.web.pages import gettext, go, page, remember_language
from pro_service.web.patient import answers, kept, me, screens
from pro_service.web.patient.answers import Posted
from pro_service.web.patient.me import Person

MODULES = (
    "texts", "api", "memory", "outbox", "question", "pace", "steps", "settings", "speech", "taps", "vas", "conflict",
    "device", "submission", "vault", "beginning", "notices",
)  # fmt: skip
"""What form.js imports: named in the page, so that a slow phone fetches all of it at once."""


def show(assessment_id: UUID) -> ResponseReturnValue:
    """The questions where it is open; else the page that fits: thank you, not yet, or over."""
    person = me.person()
    form = assessments.form(work(), assessment_id=assessment_id)
    if form.status in me.TO_DO:
        return kept.keep(_questions(person, form, Posted(), saved="saved" in request.args))
    return _thanks(person, form) if form.status is Status.SUBMITTED else _not_now(person, form)


def save(assessment_id: UUID) -> ResponseReturnValue:
    """Take the posted long form. What is right is saved; what is not is shown again, with what to do about it."""
    person = me.person()
    form = assessments.form(work(), assessment_id=assessment_id)
    posted = answers.read(form.instruments, request.form, person.language)
    _store(assessment_id, posted)
    if posted.problems:
        form = assessments.form(work(), assessment_id=assessment_id)
        return _questions(person, form, posted, status=422)
    here = url_for("patient.assessment", assessment_id=assessment_id)
    if "language" in request.form:
        response = go(here)
        remember_language(response, request.form["language"])
        return response
    if request.form.get("intent") == "review":
        return go(url_for("patient.review", assessment_id=assessment_id))
    return go(f"{here}?saved=yes")


def _store(assessment_id: UUID, posted: Posted) -> None:
    """Save draft by draft. Where another device answered otherwise, nothing of that draft is stored; we ask."""
    for instrument, draft in posted.drafts.items():
        try:
            responses.save(
                work(),
                assessment_id=assessment_id,
                instrument=instrument,
                answers=draft.answers,
                revision=draft.revision,
                language=draft.language,
            )
        except StaleRevision as stale:
            collisions = stale.details["answers"]
            assert isinstance(collisions, dict)  # the error's own contract
            for item in collisions:
                posted.problems[f"{instrument}.{item}"] = gettext(
                    "You answered this question differently on another device. Check this answer and save again."
                )


def review(assessment_id: UUID) -> ResponseReturnValue:
    """What was left open, before sending."""
    person = me.person()
    return _review(person, assessments.form(work(), assessment_id=assessment_id))


def submit(assessment_id: UUID) -> ResponseReturnValue:
    """Send what was saved; again is harmless."""
    person = me.person()
    try:
        responses.submit(work(), assessment_id=assessment_id)
    except IncompleteForm:
        return _review(person, assessments.form(work(), assessment_id=assessment_id), status=422)
    return go(url_for("patient.assessment", assessment_id=assessment_id))


def _questions(person: Person, form: Form, posted: Posted, *, status: int = 200, saved: bool = False) -> Response:
    parts = screens.parts(form.instruments, person.language, typed=posted.typed, problems=posted.problems)
    asked = screens.shown(parts)
    current = screens.current(parts)
    wrong = [question for part in parts for question in part.questions if question.problem]
    current = wrong[0] if wrong else current
    return page(
        "patient/form.html",
        status=status,
        assessment_id=form.assessment.id,
        label=marked(form.label, person.language),
        parts=parts,
        current=current.name if current else "",
        current_part=current.name.rpartition(".")[0] if current else "",
        position=asked.index(current) + 1 if current in asked else 0,
        total=len(asked),
        answered=sum(question.answered for question in asked),
        until=me.last_day(person, form.assessment),
        wrong=wrong,
        seconds=burden.SECONDS_PER_QUESTION,
        rest=int(access.surely_kept(runtime().settings.session_idle).total_seconds() // 60),
        sizes=_sizes(),
        by_tap=person.participant.preferences.get("moving_on") == TAP,
        saved=saved,
        modules=[f"{name}.js" for name in MODULES],
        contact=person.study.contact,
        signed_in=True,
    )


def _sizes() -> dict[str, str]:
    return dict(zip(TEXT_SIZES, (gettext("Normal"), gettext("Large"), gettext("Largest")), strict=True))


def _review(person: Person, form: Form, *, status: int = 200) -> ResponseReturnValue:
    parts = screens.parts(form.instruments, person.language)
    left_open = [(part, screens.left_open(part)) for part in parts]
    return page(
        "patient/review.html",
        status=status,
        label=marked(form.label, person.language),
        open=[(part, questions) for part, questions in left_open if questions],
        required=any(not each.skippable for _, questions in left_open for each in questions),
        form_url=url_for("patient.assessment", assessment_id=form.assessment.id),
        submit_url=url_for("patient.submit", assessment_id=form.assessment.id),
        contact=person.study.contact,
        signed_in=True,
    )


def _thanks(person: Person, form: Form) -> ResponseReturnValue:
    views = assessments.listing(work(), participant_id=person.participant.id)
    return page(
        "patient/thanks.html",
        label=marked(form.label, person.language),
        more=bool(me.cards(person, views, me.TO_DO)),
        ahead=me.ahead(person, views),
        forget=str(form.assessment.id),
        contact=person.study.contact,
        signed_in=True,
    )


def _not_now(person: Person, form: Form) -> ResponseReturnValue:
    views = assessments.listing(work(), participant_id=person.participant.id)
    return page(
        "patient/not_now.html",
        label=marked(form.label, person.language),
        status_name=form.status.value,
        from_day=me.first_day(person, form.assessment),
        until=me.last_day(person, form.assessment),
        more=bool(me.cards(person, views, me.TO_DO)),
        ahead=me.ahead(person, views),
        contact=person.study.contact,
        signed_in=True,
    )
