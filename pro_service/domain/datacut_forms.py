"""The tables `participants`, `forms` and `compliance` of a data cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from pro_service.domain.compliance import FormFact, FormState, FormStatus, form_state, rates
from pro_service.domain.datacut import Cut, KnownForm, KnownParticipant, keys, occasion_cells, person, person_cells
from pro_service.domain.dataset import Cell, Column, Row, Table, identifier
from pro_service.domain.instruments import DECLINED, visible

_FORM = (
    Column("instruments", "Questionnaires of the form, in order"),
    Column("status", "What became of the form", codelist="form_status"),
    Column("reason", "Why missed, why cancelled, or what it waits for"),
    Column("mode", "How it was filled in: self, proxy, interview or paper"),
    Column("language", "Language the questions were asked in"),
    Column("anchor", "Event the window is counted from"),
    Column("anchor_on", "Local date of that event", "date"),
    Column("target_on", "Local date aimed at", "date"),
    Column("opens_at", "Window opens", "instant"),
    Column("due_at", "Due", "instant"),
    Column("closes_at", "Window closes", "instant"),
    Column("started_at", "First answer saved", "instant"),
    Column("submitted_at", "Submitted", "instant"),
    Column("items_shown", "Questions that were to be answered", "integer", "scale"),
    Column("items_answered", "Questions that were answered", "integer", "scale"),
    Column("scales_scored", "Scales that have a score", "integer", "scale"),
)
_DATES = slice(5, 13)  # anchor ... submitted_at: hidden together


def participants(cut: Cut) -> Table:
    """One row per participant, parked ones included: the facts of enrolment and the newest date of each event."""
    columns = [
        *person(cut),
        Column("language", "Language"),
        Column("timezone", "Time zone (IANA)"),
        Column("status", "Standing in the study", codelist="standing"),
        Column("consented_on", "Informed consent", "date"),
        Column("enrolled_at", "Enrolled", "instant"),
    ]
    for kind in _event_kinds(cut):
        columns.append(Column(identifier(kind, "on"), f"Date of {kind}", "date"))
        columns.append(Column(identifier(kind, "actual"), f"Whether {kind} has happened (false: planned)", "boolean"))
    return Table("participants", "One row per participant", tuple(columns))


def participant_row(cut: Cut, known: KnownParticipant) -> Row:
    """The row of `participants`."""
    one = known.participant
    newest = {event.kind: event for event in known.events if event.on is not None}
    dates: list[Cell] = []
    for kind in _event_kinds(cut):
        event = newest.get(kind)
        dates += [event.on, event.actual] if event else [None, None]
    standing = ended(cut, known) or ("enrolled" if one.enrolled_at else "screening")
    facts = (one.language, one.timezone, standing, one.consented_on, one.enrolled_at)
    return (*person_cells(cut, one), *facts, *dates)


def ended(cut: Cut, known: KnownParticipant) -> str:
    """The event that ended this person's part in the study; empty while it goes on. The first in time wins."""
    ends = {kind.code for kind in cut.study.events if kind.ends}
    dated = [(event.on, event.kind) for event in known.events if event.kind in ends and event.on and event.actual]
    return min(dated)[1] if dated else ""


def _event_kinds(cut: Cut) -> list[str]:
    return [kind.code for kind in cut.study.events if not (cut.masked and cut.tells_arm(kind.code))]


def forms(cut: Cut) -> Table:
    """One row per expected form: a participant's timepoint, with what became of it."""
    return Table("forms", "One row per expected form", (*keys(cut), *_FORM))


def form_row(cut: Cut, known: KnownParticipant, form: KnownForm, state: FormState) -> Row:
    """The row of `forms`."""
    one = form.assessment
    received = form.responses
    cells: list[Cell] = [
        " ".join(one.instruments),
        state.status.value,
        state.reason or None,
        one.mode if received else None,
        received[0].language if received else None,
        one.anchor,
        one.anchor_on,
        one.target_on,
        one.opens_at,
        one.due_at,
        one.closes_at,
        one.started_at,
        one.submitted_at,
        _shown(cut, form) if received else None,
        sum(answer != DECLINED for one in received for answer in one.answers.values()) if received else None,
        scored(form) if received else None,
    ]
    if cut.hides_dates(one.timepoint):
        cells[_DATES] = [None] * len(cells[_DATES])
    return (*person_cells(cut, known.participant), *occasion_cells(one), *cells)


def _shown(cut: Cut, form: KnownForm) -> int:
    """How many questions the form came to; of a questionnaire that was never begun, those it begins with."""
    begun = {response.definition.code: len(response.shown) for response in form.responses}
    asked = [one for one in cut.instruments if one.code in form.assessment.instruments]
    return sum(begun[one.code] if one.code in begun else len(visible(one, {})) for one in asked)


def scored(form: KnownForm) -> int:
    """How many scales of the form have a value."""
    return sum(
        scale["value"] is not None
        for response in form.responses
        for scores in response.scores
        for scale in scores.scales.values()
    )


def state_of(cut: Cut, known: KnownParticipant, form: KnownForm) -> FormState:
    """What became of the form at the cut."""
    anchors = {
        anchor.event for point in cut.timepoints if point.code == form.assessment.timepoint for anchor in point.anchors
    }
    retracted = {event.kind for event in known.events if event.on is None} & anchors
    return form_state(form.assessment, cut.at, ended=ended(cut, known), never_happened=retracted, anchors=len(anchors))


WITHOUT_DATA = frozenset({FormStatus.NOT_YET_DUE, FormStatus.OPEN, FormStatus.MISSED})
"""Forms in these states have no answers that are data: there are none, or the person may still change them."""


def finished(form: KnownForm, state: FormState) -> KnownForm:
    """The form as it may be shown: without answers unless they are data."""
    return replace(form, responses=()) if state.status in WITHOUT_DATA else form


def settled(cut: Cut, known: KnownParticipant) -> tuple[KnownParticipant, list[FormState]]:
    """The participant with each form as it may be shown, and what became of each."""
    states = [state_of(cut, known, form) for form in known.forms]
    forms = tuple(finished(form, state) for form, state in zip(known.forms, states, strict=True))
    return replace(known, forms=forms), states


def fact(cut: Cut, known: KnownParticipant, form: KnownForm, state: FormState) -> FormFact:
    """What the rates need to know of the form; the arm is empty in a masked cut."""
    arm = "" if cut.masked else known.participant.arm or ""
    return FormFact(arm, form.assessment.timepoint, state.status, scored(form) > 0)


def compliance(cut: Cut) -> Table:
    """One row per arm and timepoint: SISAQOL's counts and its two rates."""
    columns = (
        Column("timepoint", "Timepoint", codelist="timepoint"),
        Column("population", "Enrolled: the fixed denominator", "integer", "scale"),
        Column("expected", "Alive, on study, and their time has come: the other denominator", "integer", "scale"),
        Column("received", "Forms with answers, complete or not", "integer", "scale"),
        Column("in_window", "Submitted in the window", "integer", "scale"),
        Column("valid", "Submitted in the window with a scale that could be scored", "integer", "scale"),
        Column("available_data_rate", "valid / population", "float", "scale", minimum=0, maximum=1),
        Column("completion_rate", "valid / expected", "float", "scale", minimum=0, maximum=1),
    )
    arm = () if cut.masked else (Column("arm", "Treatment arm", codelist="arm"),)
    return Table("compliance", "One row per arm and timepoint", (*arm, *columns))


def compliance_rows(cut: Cut, facts: Counter[FormFact], population: Mapping[str, int]) -> list[Row]:
    """The rows of `compliance`; `population` counts the enrolled per arm (one empty arm in a masked cut)."""
    arms = [""] if cut.masked else [arm.code for arm in cut.study.arms]
    lines = rates(
        facts,
        population={arm: population.get(arm, 0) for arm in arms},
        timepoints=[point.code for point in cut.timepoints],
    )
    return [
        (
            *(() if cut.masked else (line.arm,)),
            line.timepoint,
            line.population,
            line.expected,
            line.received,
            line.in_window,
            line.valid,
            line.available_data_rate,
            line.completion_rate,
        )
        for line in lines
    ]
