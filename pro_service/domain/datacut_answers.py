"""The tables `items_wide` and `items_long` of a data cut: what was answered, and what was not.

Text that a person typed stays inside unless the cut says otherwise: a typed name is a name. An answer to a question
that later answers hid again is not exported as given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import partial

from pro_service.domain.datacut import (
    Cut,
    KnownForm,
    KnownParticipant,
    KnownResponse,
    RowOf,
    RowsOf,
    keys,
    label,
    long_keys,
    occasion_cells,
    person_cells,
)
from pro_service.domain.dataset import Cell, Column, Measure, Row, Table, Type, identifier
from pro_service.domain.instruments import DECLINED, NA, Answer, Instrument, Item

_TYPES: Mapping[str, Type] = {"number": "float", "text": "free_text", "date": "date"}
_MEASURES: Mapping[str, Measure] = {"choice": "ordinal", "yes_no": "nominal", "text": "nominal", "date": "nominal"}
_READ: Mapping[str, Callable[[Answer], Cell]] = {
    "number": float,
    "text": str,
    "date": lambda answer: date.fromisoformat(str(answer)),
}
_WORDLESS = frozenset({NA, DECLINED})
"""Answers that are no value to count with."""

LongCells = tuple[str, Cell, Cell, Cell]
"""State, value, value_text and value_label of one answer."""


def items_wide(cut: Cut) -> Table:
    """One row per form with answers, one column per question; empty where there is no answer to count with."""
    columns = [_column(one, item) for one in cut.instruments for item in _exported(cut, one)]
    return Table("items_wide", "One row per form with answers, one column per question", (*keys(cut), *columns))


def _exported(cut: Cut, instrument: Instrument) -> tuple[Item, ...]:
    return tuple(item for item in instrument.items if item.kind != "text" or cut.free_text)


def _column(instrument: Instrument, item: Item) -> Column:
    return Column(
        identifier(instrument.code, item.code),
        f"{instrument.code} {item.code}: {label(item.label, item.code)}{_in_brackets(item)}",
        _TYPES.get(item.kind, "integer"),
        _MEASURES.get(item.kind, "scale"),
        codelist=codelist_name(instrument, item) if item.options else "",
        unit=label(item.unit, ""),
        minimum=item.minimum,
        maximum=item.maximum,
    )


def _in_brackets(item: Item) -> str:
    """What the ends of a scale mean: whoever reads a 10 has to know which of them is the good one."""
    if not item.low_end or item.minimum is None or item.maximum is None:
        return ""
    return f" ({item.minimum:g} {label(item.low_end, '')}, {item.maximum:g} {label(item.high_end, '')})"


def codelist_name(instrument: Instrument, item: Item) -> str:
    """The name of the list of a question's options."""
    return identifier(instrument.code, item.code)


def wide_row(cut: Cut) -> RowOf:
    """What makes the row of `items_wide` out of a participant's form."""
    readers = [
        (one.code, [(item.code, item.kind, _READ.get(item.kind, int)) for item in _exported(cut, one)])
        for one in cut.instruments
    ]

    def row(known: KnownParticipant, form: KnownForm) -> Row:
        received = {response.definition.code: response.answers for response in form.responses}
        cells: list[Cell] = []
        for instrument, items in readers:
            answers = received.get(instrument)
            if answers is None:
                cells += [None] * len(items)
            else:
                cells += [_value(answers.get(code), kind, read) for code, kind, read in items]
        return (*person_cells(cut, known.participant), *occasion_cells(form.assessment), *cells)

    return row


def _value(answer: Answer | None, kind: str, read: Callable[[Answer], Cell]) -> Cell:
    if answer is None or (answer in _WORDLESS and kind != "text"):
        return None
    return read(answer)


def items_long() -> Table:
    """One row per question of each form with answers, the unanswered ones included, with the reason they are."""
    columns = (
        Column("instrument", "Questionnaire"),
        Column("instrument_version", "Version of its definition"),
        Column("language", "Language the question was asked in"),
        Column("wording", "SHA-256 of the wording that was shown, or whether that was a placeholder"),
        Column("item", "Question"),
        Column("state", "Whether there is an answer, and if not why", codelist="answer_state"),
        Column("value", "Answer that is a number or a code", "float", "scale"),
        Column("value_text", "Answer that is a date, or typed text where it may leave", "free_text"),
        Column("value_label", "What the code means"),
        Column("answered_at", "When it was answered", "instant"),
    )
    return Table("items_long", "One row per question of each form with answers", (*long_keys(), *columns))


def long_rows(cut: Cut) -> RowsOf:
    """What makes the rows of `items_long` out of a participant's form, in the order of the form."""
    cells = {
        one.code: [(item.code, _long_reader(item, cut.free_text)) for item in one.items] for one in cut.instruments
    }

    def rows(known: KnownParticipant, form: KnownForm) -> Iterator[Row]:
        begin = (known.participant.code, *occasion_cells(form.assessment))
        dated = not cut.hides_dates(form.assessment.timepoint)
        for response in form.responses:
            about = (*begin, response.definition.code, response.version, response.language, response.wording)
            answers, shown = response.answers, {item.code for item in response.shown}
            for code, read in cells[response.definition.code]:
                answer = answers.get(code)
                state = read(answer) if code in shown else _NOT_SHOWN
                yield (*about, code, *state, _answered_at(response, code) if dated and answer is not None else None)

    return rows


def _answered_at(response: KnownResponse, item: str) -> datetime | None:
    at = response.stamps.get(item, {}).get("answered")
    return datetime.fromisoformat(at) if isinstance(at, str) else None


_NOT_SHOWN: LongCells = ("not_shown", None, None, None)
_EMPTY: LongCells = ("empty", None, None, None)
_WITHHELD: LongCells = ("withheld", None, None, None)
_NO_VALUE: Mapping[Answer | None, LongCells] = {
    None: _EMPTY,
    NA: ("na", None, None, None),
    DECLINED: ("declined", None, None, None),
}


def _long_reader(item: Item, free_text: bool) -> Callable[[Answer | None], LongCells]:
    if item.kind == "text":
        return partial(_typed, free_text=free_text)
    if item.kind == "date":
        return _dated
    meanings = {option.code: label(option.label, str(option.code)) for option in item.options}
    return partial(_counted, meanings=meanings)


def _counted(answer: Answer | None, *, meanings: Mapping[int, str]) -> LongCells:
    if answer is None or isinstance(answer, str):
        return _NO_VALUE[answer]
    return "answered", float(answer), None, meanings.get(int(answer))


def _dated(answer: Answer | None) -> LongCells:
    return _NO_VALUE.get(answer) or ("answered", None, str(answer), None)


def _typed(answer: Answer | None, *, free_text: bool) -> LongCells:
    if answer is None:
        return _EMPTY
    return ("answered", None, str(answer), None) if free_text else _WITHHELD
