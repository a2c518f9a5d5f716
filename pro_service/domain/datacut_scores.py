"""The tables `scores_wide` and `scores_long` of a data cut, and the code lists that explain all tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pro_service.domain import datacut_meaning
from pro_service.domain.compliance import FormStatus
from pro_service.domain.datacut import (
    Cut,
    KnownForm,
    KnownParticipant,
    RowOf,
    RowsOf,
    keys,
    label,
    long_keys,
    occasion_cells,
    person_cells,
)
from pro_service.domain.datacut_answers import codelist_name
from pro_service.domain.datacut_meaning import NOTHING, Judge, meaning
from pro_service.domain.dataset import Cell, Codelist, Column, Row, Table, identifier
from pro_service.domain.scoring_methods import METHODS

_WORDS = {
    FormStatus.NOT_YET_DUE: "Not yet due",
    FormStatus.OPEN: "Open",
    FormStatus.SUBMITTED_IN_WINDOW: "Submitted in the window",
    FormStatus.SUBMITTED_OUT_OF_WINDOW: "Submitted out of the window",
    FormStatus.PARTIAL: "Closed with some answers, never submitted",
    FormStatus.MISSED: "Closed without an answer",
    FormStatus.CANCELLED: "Cancelled: withdrawn, died, or its event never happened",
}


def scores_wide(cut: Cut) -> Table:
    """One row per form with answers, one column per scale; empty where the rules allow no score."""
    columns = [
        Column(
            identifier(instrument.code, scale.code),
            f"{instrument.code} {scale.code}: {label(scale.label, scale.code)} (higher is {scale.higher_is})",
            "text" if METHODS[scale.method].is_text else "float",
            "nominal" if METHODS[scale.method].is_text else "scale",
            minimum=scale.minimum,
            maximum=scale.maximum,
            meaning=meaning(instrument, scale),
        )
        for instrument in cut.instruments
        for scale in instrument.scales
    ]
    return Table("scores_wide", "One row per form with answers, one column per scale", (*keys(cut), *columns))


def wide_row(cut: Cut) -> RowOf:
    """What makes the row of `scores_wide` out of a participant's form."""
    columns = [(instrument.code, scale.code) for instrument in cut.instruments for scale in instrument.scales]

    def row(known: KnownParticipant, form: KnownForm) -> Row:
        values = {
            (response.definition.code, scale): _value(numbers)
            for response in form.responses
            for scores in response.scores
            for scale, numbers in scores.scales.items()
        }
        begin = (*person_cells(cut, known.participant), *occasion_cells(form.assessment))
        return (*begin, *(values.get(column) for column in columns))

    return row


def _value(numbers: Mapping[str, float | str | None]) -> Cell:
    """The score; None where it is not scorable, which a text scale says with an empty text."""
    return None if numbers["value"] == "" else numbers["value"]


def scores_long() -> Table:
    """One row per scale of each scored response, with what made it: rule, value set, scorer, hash of the input."""
    columns = (
        Column("instrument", "Questionnaire"),
        Column("instrument_version", "Version of its definition"),
        Column("scale", "Scale"),
        Column("value", "Score; empty where the rules allow none", "float", "scale"),
        Column("value_text", "Score that is a text, such as a profile"),
        Column("items_answered", "Items that were answered", "integer", "scale"),
        Column("items", "Items of the scale", "integer", "scale"),
        Column("missing_rule", "Rule for missing items"),
        Column("value_set", "Value set"),
        Column("scorer_version", "Version of the scoring program"),
        Column("input_hash", "SHA-256 of the answers that were scored, with instrument and version"),
        Column("revision", "Revision of the answers that were scored", "integer", "ordinal"),
        Column("computed_at", "When it was computed", "instant"),
        *datacut_meaning.COLUMNS,
    )
    return Table("scores_long", "One row per scale of each scored questionnaire", (*long_keys(), *columns))


def long_rows(cut: Cut) -> RowsOf:
    """What makes the rows of `scores_long` of a form: questionnaires in its own order, scales in the catalogue's."""
    places = {one.code: {scale.code: place for place, scale in enumerate(one.scales)} for one in cut.instruments}
    judge = Judge(cut)

    def rows(known: KnownParticipant, form: KnownForm) -> Iterator[Row]:
        begin = (known.participant.code, *occasion_cells(form.assessment))
        dated = not cut.hides_dates(form.assessment.timepoint)
        at_first = judge.at_first(known, form)
        for response in form.responses:
            about = (*begin, response.definition.code, response.version)
            place = places[response.definition.code]
            for scores in response.scores:
                rule = (scores.missing_rule, scores.value_set or None, scores.scorer_version)
                made = (*rule, scores.input_hash, response.revision, scores.computed_at if dated else None)
                read = judge.cells(response, scores, at_first)
                for scale in sorted(scores.scales, key=lambda code: (place.get(code, len(place)), code)):
                    yield (*about, scale, *_numbers(scores.scales[scale]), *made, *read.get(scale, NOTHING))

    return rows


def _numbers(numbers: Mapping[str, float | str | None]) -> tuple[Cell, Cell, Cell, Cell]:
    """Value, value_text, items answered and items of one scale."""
    value = _value(numbers)
    either = (None, value) if isinstance(value, str) else (value, None)
    return (*either, _whole(numbers.get("n_answered")), _whole(numbers.get("n_items")))


def _whole(number: float | str | None) -> int | None:
    return None if number is None else int(number)


def codelists(cut: Cut) -> tuple[Codelist, ...]:
    """Every list that a column of the cut refers to."""
    study = cut.study
    lists = [
        Codelist("site", tuple((site.code, site.label) for site in study.sites)),
        Codelist("stratum", tuple((stratum.code, label(stratum.label, stratum.code)) for stratum in study.strata)),
        Codelist("timepoint", tuple((point.code, label(point.label, point.code)) for point in cut.timepoints)),
        Codelist("form_status", tuple((status.value, words) for status, words in _WORDS.items())),
        Codelist("standing", (("screening", "Parked in screening"), ("enrolled", "Enrolled"), *_endings(cut))),
        Codelist("answer_state", _ANSWER_STATES),
        datacut_meaning.CHANGES,
    ]
    if not cut.masked:
        lists.append(Codelist("arm", tuple((arm.code, label(arm.label, arm.code)) for arm in study.arms)))
    for instrument in cut.instruments:
        lists += [
            Codelist(
                codelist_name(instrument, item),
                tuple((option.code, label(option.label, str(option.code))) for option in item.options),
            )
            for item in instrument.items
            if item.options
        ]
    return tuple(lists)


_ANSWER_STATES = (
    ("answered", "Answered"),
    ("na", "Not applicable"),
    ("declined", "Chose not to answer"),
    ("empty", "Left open"),
    ("not_shown", "Not asked, because of other answers"),
    ("withheld", "Answered in typed text, which stays inside"),
)


def _endings(cut: Cut) -> tuple[tuple[str, str], ...]:
    return tuple((kind.code, label(kind.label, kind.code)) for kind in cut.study.events if kind.ends)
