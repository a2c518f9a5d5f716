"""REDCap dictionaries and XLSForms: what they ask is carried, what they lose is listed with its row, or refused."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Sequence
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from pro_service.domain.errors import InvalidInstrument
from pro_service.domain.fhir_import import Imported
from pro_service.domain.instruments import Condition, Item, Option, ends
from pro_service.domain.redcap_import import COLUMNS
from pro_service.domain.scale_requests import with_scales
from pro_service.instruments.foreign import opened
from pro_service.instruments.reader import read
from pro_service.instruments.writer import write

FOLDER = Path(__file__).parent / "foreign"
REDCAP, XLSFORM = FOLDER / "redcap.csv", FOLDER / "xlsform.csv"


def imported(content: bytes, file: str, *, form: str = "", without_logic: bool = False) -> Imported:
    return opened(content, file=file).read(form, "en", without_logic)


def as_csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> bytes:
    page = StringIO()
    csv.writer(page, delimiter=delimiter).writerows(rows)
    return page.getvalue().encode("utf-8-sig")


def as_xlsx(**named: Sequence[Sequence[object]]) -> bytes:
    book, page = Workbook(), BytesIO()
    book.remove(book.worksheets[0])
    for name, rows in named.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(page)
    return page.getvalue()


def shape(item: Item) -> tuple[object, ...]:
    """What an item is in one row: code, kind, its codes or bounds, whether it must be answered, when it is shown."""
    gate = None if item.shown_if is None else (item.shown_if.item, item.shown_if.codes)
    codes = tuple(option.code for option in item.options) if item.kind == "choice" else (item.minimum, item.maximum)
    return item.code, item.kind, codes, item.skippable, gate


def test_a_redcap_form_asks_the_same_here() -> None:
    found = imported(REDCAP.read_bytes(), "redcap.csv", form="wellness")
    dizzy = ("dizzy", (1, 2))
    assert [shape(item) for item in found.instrument.items] == [
        ("dizzy", "choice", (0, 1, 2), False, None),
        ("dizzy_when___1", "yes_no", (None, None), True, dizzy),
        ("dizzy_when___2", "yes_no", (None, None), True, dizzy),
        ("dizzy_when____1", "yes_no", (None, None), True, dizzy),
        ("dizzy_which", "text", (None, None), True, ("dizzy_when____1", (1,))),
        ("fell", "yes_no", (None, None), True, dizzy),
        ("falls", "count", (1, 50), False, ("fell", (1,))),  # fell is asked only of the dizzy: that says it all
        ("weight", "number", (20.5, 250), True, None),
        ("since", "date", (None, None), True, None),
        ("steady", "vas", (0, 100), True, None),
        ("agree", "choice", (1, 0), True, None),
        ("aid", "choice", (1, 2), True, None),
        ("mail", "text", (None, None), True, None),
    ]
    labels = {item.code: item.label["en"] for item in found.instrument.items}
    assert labels["dizzy"] == "Did you feel dizzy this week?"
    assert labels["dizzy_when___1"] == "When?: Morning"
    assert (labels["weight"], labels["steady"]) == ("Weight (kg)", "How steady are you?")
    assert ends(found.instrument.item("steady"), "en") == ("Not at all", "Fully")
    assert found.notes == (
        "column section_header is not carried (row 4)",
        "column custom_alignment is not carried (row 4)",
        "column matrix_group_name is not carried (row 4)",
        "owner, licence, recall: nothing is said; stand-ins were written, put yours in their place",
        "version: nothing is said; 1 was written",
        "row 4: dizzy: the formatting of its text is not carried",
        "row 5: dizzy_when: its annotation, @NONEOFTHEABOVE='-1', is not carried",
        "row 5: dizzy_when: several answers: each became a question of its own, answered yes or no",
        "row 10: since: text_validation_min is not carried: it bounds no number",
        "row 13: aid: answers without a whole number are stored by their place: none as 1, stick as 2",
        "row 14: total: left out: a calculation is not asked: declare a scale for it",
        "row 15: thanks: left out: a text without a question is not carried",
        "row 16: mail: the check email is not carried: any text is taken",
    )


def test_who_somebody_is_stays_out() -> None:
    with pytest.raises(InvalidInstrument, match="expected at least one question"):
        imported(REDCAP.read_bytes(), "redcap.csv", form="intake")  # the record's id and initials, no more


def test_an_xlsform_asks_the_same_here_in_its_languages() -> None:
    found = imported(XLSFORM.read_bytes(), "xlsform.csv")
    dizzy = ("dizzy", (1, 2))
    assert [shape(item) for item in found.instrument.items] == [
        ("dizzy", "choice", (0, 1, 2), False, None),
        ("dizzy_when_am", "yes_no", (None, None), True, dizzy),
        ("dizzy_when_pm", "yes_no", (None, None), True, dizzy),
        ("fell", "choice", (1, 2), True, dizzy),
        ("falls", "count", (1, 50), False, ("fell", (1,))),
        ("steady", "vas", (0, 10), True, None),
        ("weight", "number", (20.5, 250), True, None),
        ("since", "date", (None, None), True, dizzy),
        ("which", "text", (None, 80), True, None),
    ]
    first = found.instrument.items[0]
    assert first.label == {"en": "Did you feel dizzy? (this week)", "nl": "Was u duizelig?"}
    assert first.options[2].label == {"en": "Every day", "nl": "Elke dag"}
    assert found.instrument.item("dizzy_when_am").also == ("dizzy_when/am",)
    assert (found.instrument.code, found.instrument.version) == ("balance-form", "2026-03")
    assert found.notes == (
        "column appearance is not carried (row 5)",
        "settings: column style is not carried",
        "owner, licence, recall: nothing is said; stand-ins were written, put yours in their place",
        "row 3: begun: left out: nobody is asked for it",
        "row 4: balance: the heading of a group is not carried",
        "row 7: dizzy_when: several answers: each became a question of its own, answered yes or no",
        "row 8: fell: answers without a whole number are stored by their place: yes as 1, no as 2",
        "row 12: weight: 250 itself is taken too",
        "row 15: thanks: left out: a text without a question is not carried",
    )


def test_the_keepers_of_the_format_take_our_example_too() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        from pyxform.xls2xform import convert  # noqa: PLC0415  # within the catch

        assert "<h:title>Balance</h:title>" in convert(str(XLSFORM)).xform


FRAGMENTS = st.sampled_from(
    ["1", "q0", "[q0] = '1'", "${q0} = 1", "1, A | 2, B", "a,b|", "<b>x</b>", "&amp;", "=1+1", "é\n", "y",
     ". > 1 and . < 5", "start=1 end=0 step=0", "99999999999", "-5", "1e9", "not(", "@HIDDEN", "number", "integer", ""]
)  # fmt: skip
KINDS = st.sampled_from(["radio", "checkbox", "slider", "text", "yesno", "range", "integer", "select_one a", "date"])


@given(st.lists(st.tuples(KINDS, st.lists(FRAGMENTS, min_size=15, max_size=15)), min_size=1, max_size=4))
@settings(max_examples=100)
def test_whatever_stands_in_a_cell_it_is_carried_or_refused(rows: list[tuple[str, list[str]]]) -> None:
    fields = [[f"q{place}", "f", "", kind, *cells[:14]] for place, (kind, cells) in enumerate(rows)]
    asked = [[kind, f"q{place}", *cells[:6]] for place, (kind, cells) in enumerate(rows)]
    sheets = [["survey"], *(["", *row] for row in [SURVEY, *asked]), ["choices"], *(["", *row] for row in CHOICES)]
    for content in (as_csv([DICTIONARY, *fields]), as_csv(sheets)):
        try:
            found = imported(content, "form.csv", form="f", without_logic=True)
        except InvalidInstrument as error:
            assert error.problems  # noqa: PT017  # each with its row
        else:
            assert found.instrument.items


def test_a_workbook_says_what_its_table_says() -> None:
    rows = list(csv.reader(StringIO(XLSFORM.read_text(encoding="utf-8"))))
    starts = [place for place, row in enumerate(rows) if row[0]]
    parts = [rows[start + 1 : end] for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]
    sheets = {rows[start][0]: [row[1:] for row in part] for start, part in zip(starts, parts, strict=True)}
    book = imported(as_xlsx(**sheets), "xlsform.xlsx").instrument
    assert book.items == imported(XLSFORM.read_bytes(), "xlsform.csv").instrument.items


def test_a_table_of_sheets_may_be_parted_by_semicolons() -> None:
    content = b"survey\n;type;name;label\n;select_one yn;q;Slept, well?\nchoices\n;list_name;name;label\n;yn;1;Yes\n"
    (item,) = imported(content, "form.csv").instrument.items
    assert (item.label, [option.code for option in item.options]) == ({"en": "Slept, well?"}, [1])


SURVEY = ["type", "name", "label", "required", "relevant", "constraint", "parameters", "choice_filter"]
CHOICES = [["list_name", "name", "label"], ["yn", "1", "Yes"], ["yn", "2", "No"], ["ab", "a", "A"], ["ab", "b", "B"]]
DICTIONARY = [*dict.fromkeys(COLUMNS.values())]


def survey(*rows: Sequence[str], choices: Sequence[Sequence[str]] = CHOICES) -> bytes:
    return as_xlsx(survey=[SURVEY, *rows], choices=choices)


def dictionary(*fields: dict[str, str], header: Sequence[str] = DICTIONARY, delimiter: str = ",") -> bytes:
    usual = {"form_name": "f", "field_type": "text", "field_label": "?"}
    return as_csv(
        [header, *([{**usual, **one}.get(COLUMNS.get(name.lower(), name), "") for name in header] for one in fields)],
        delimiter,
    )


ROWS = {
    "range with a step": (["range", "q", "Q", "", "", "", "start=0;end=5;step=0.5"], ("q", "number", (0, 5))),
    "range as usual": (["range", "q", "Q"], ("q", "vas", (1, 10))),
    "select with the old name": (["select one yn", "q", "Q"], ("q", "choice", (1, 2))),
    "a name that is no column": (["select_one yn", "my-q.1", "Q"], ("my_q_1", "choice", (1, 2))),
    "a name that begins with a digit": (["text", "1q", "Q"], ("q_1q", "text", (None, None))),
    "a bound from below": (["decimal", "q", "Q", "", "", ".>=-1.5"], ("q", "number", (-1.5, 999_999))),
    "bounds that are not simple": (["integer", "q", "Q", "", "", ". < ${x}"], ("q", "count", (0, 999_999))),
}


@pytest.mark.parametrize(("row", "expected"), ROWS.values(), ids=ROWS)
def test_one_row_of_a_survey(row: list[str], expected: tuple[object, ...]) -> None:
    found = imported(survey(row), "form.xlsx")
    assert shape(found.instrument.items[0])[:3] == expected


def test_another_answer_is_asked_for_in_words() -> None:
    items = imported(survey(["select_one yn or_other", "q", "Q"], ["select_one ab or_other", "p", "P"]), "f.xlsx")
    assert [shape(item)[:3] + shape(item)[4:] for item in items.instrument.items] == [
        ("q", "choice", (1, 2, 3), None),
        ("q_other", "text", (None, None), ("q", (3,))),
        ("p", "choice", (1, 2, 3), None),
        ("p_other", "text", (None, None), ("p", (3,))),
    ]


def test_a_dictionary_may_have_either_heading_and_any_separator() -> None:
    fields = ({"field_name": "q", "field_type": "radio", "select_choices_or_calculations": "1, A | 2, B"},)
    said = [*COLUMNS]
    for header, delimiter in ((DICTIONARY, ","), (said, ","), ([name.title() for name in said], ";"), (said, "\t")):
        found = imported(dictionary(*fields, header=header, delimiter=delimiter), "d.csv", form="f")
        assert [shape(item)[:3] for item in found.instrument.items] == [("q", "choice", (1, 2))]


def test_dutch_words_stand_in_for_english_and_are_said_to() -> None:
    content = dictionary({"field_name": "q", "field_label": "Slaapt u goed?", "field_type": "yesno"})
    found = opened(content, file="d.csv").read("f", "nl", False)
    assert found.instrument.items[0].label == {"en": "Slaapt u goed?", "nl": "Slaapt u goed?"}
    assert "words in nl stand in for English (row 2)" in found.notes


def test_what_is_hidden_from_people_or_unsafe_is_left_out_with_its_row() -> None:
    found = imported(
        dictionary(
            {"field_name": "study_id"},
            {"field_name": "q", "field_label": "Your [study_id]?"},
            {"field_name": "flag", "field_annotation": "@HIDDEN"},
            {"field_name": "scan", "field_type": "file"},
            {"field_name": "name", "identifier": "y"},
        ),
        "d.csv",
        form="f",
    )
    assert [item.code for item in found.instrument.items] == ["q"]
    assert found.notes[2:] == (
        "row 2: study_id: left out: it names the record, and here people are codes",
        "row 3: q: its text names another field, which stands there as written",
        "row 4: flag: left out: it is hidden from people",
        "row 5: scan: left out: a file cannot be asked for here",
        "row 6: name: left out: it would hold somebody's identity, and here people are codes",
    )


LOGIC = [
    (dictionary({"field_name": "q", "field_type": "yesno"}, {"field_name": "r", "branching_logic": "[q] <> '1'"}),
     "3: r: its logic, [q] <> '1', cannot be carried: it also holds while q has no answer"),
    (dictionary({"field_name": "q", "field_type": "calc"}, {"field_name": "r", "branching_logic": "[q] > 3"}),
     "3: r: its logic, [q] > 3, cannot be carried: no earlier choice q"),
    (survey(["integer", "age", "Age", "", "", ".<=99"], ["text", "r", "R", "", "${age} > 17"]),
     "3: r: its logic, ${age} > 17, cannot be carried: no earlier choice age"),
    (survey(["select_one yn", "r", "R", *[""] * 4, "zone=${z}"]),
     "2: r: its choice_filter, which decides what answers are shown, cannot be carried"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), LOGIC, ids=[message[:9] + message[-9:] for _, message in LOGIC])
def test_logic_that_cannot_be_carried_is_refused_unless_one_says_so(content: bytes, message: str) -> None:
    file = "form.xlsx" if content.startswith(b"PK") else "form.csv"
    with pytest.raises(InvalidInstrument) as caught:
        imported(content, file, form="f")
    assert f"{file}:{message}" in str(caught.value)
    found = imported(content, file, form="f", without_logic=True)
    assert found.instrument.item("r").shown_if is None
    assert f"row {message}; left out as you said" in found.notes


REFUSED = [
    (b"", "form.csv", "neither a REDCap data dictionary"),
    (b"a,b\n1,2\n", "form.csv", "neither a REDCap data dictionary"),
    (b"PK\x03\x04 no workbook", "form.xlsx", "not a workbook that can be read"),
    (b"\xff\xfea", "form.csv", "expected text in UTF-8"),
    (b"type,name\n", "form.xls", "expected a file that ends in .csv, .xlsx"),
    (survey(), "form.xlsx", "expected at least one question"),
    (as_xlsx(survey=[["type", "name", *["x"] * 199]]), "form.xlsx", "at most 20000 rows and 200 columns"),
    (survey(["frob", "q", "Q"]), "form.xlsx", "form.xlsx:2: q: type frob: expected one of select_one LIST"),
    (survey(["text", "", "Q"]), "form.xlsx", "form.xlsx:2: text: expected a name"),
    (survey(["select_one nope", "q", "Q"]), "form.xlsx", "there is no list nope among the choices"),
    (survey(["text", "q", "Q"], ["text", "q", "Q"]), "form.xlsx", "form.xlsx:3: q: is there twice"),
    (survey(["begin_repeat", "g", "G"], ["text", "q", "Q"], ["end repeat"]), "form.xlsx", "a group that repeats"),
    (survey(["begin_group", "g", "G"], ["text", "q", "Q"]), "form.xlsx", "form.xlsx:2: g: this group does not end"),
    (survey(["text", "q", "Q"], ["end_group"]), "form.xlsx", "there is no group to end"),
    (survey(["integer", "q", "Q", "", "", ". >= 5 and . <= 5"]), "form.xlsx", "a smallest answer below the largest"),
    (dictionary({"field_name": "q", "field_type": "frob"}), "form.csv", "form.csv:2: q: field type frob: expected one"),
    (dictionary({"field_name": "q", "field_type": "radio"}), "form.csv", "expected at least one answer"),
    (dictionary({"field_name": "q", "field_type": "radio", "select_choices_or_calculations": "1, A | 01, B"}),
     "form.csv", "two answers have the same code"),
    (dictionary({"field_name": "q", "field_type": "radio", "select_choices_or_calculations": "Yes | No"}),
     "form.csv", "expected choices as code, words"),
    (dictionary({"field_name": "q", "form_name": "g"}), "form.csv", "form.csv has no form f: there are g"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "file", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_what_is_wrong_is_said_with_its_row(content: bytes, file: str, message: str) -> None:
    with pytest.raises(InvalidInstrument) as caught:
        imported(content, file, form="f")
    assert message in str(caught.value)


WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)


@st.composite
def items(draw: st.DrawFn) -> tuple[Item, ...]:
    """Items as a dictionary can say them: codes in any order, bounds, conditions on earlier choices."""
    found: list[Item] = []
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["choice", "yes_no", "count", "number", "vas", "text", "date"]))
        codes = draw(st.lists(st.integers(-9, 99), min_size=1, max_size=5, unique=True))
        gates = [one for one in found if one.kind == "choice"]
        gate = draw(st.none() | st.sampled_from(gates)) if gates else None
        chosen = draw(st.sets(st.sampled_from([o.code for o in gate.options]), min_size=1)) if gate else set()
        lowest = draw(st.integers(-50, 50))
        bounded = kind in {"count", "number", "vas"}
        found.append(
            Item(
                code=f"q{number}",
                kind=kind,  # type: ignore[arg-type]  # one of its words
                label={"en": draw(WORDS)},
                options=tuple(Option(code, {"en": draw(WORDS)}) for code in codes) if kind == "choice" else (),
                minimum=float(lowest) if bounded else None,
                maximum=float(lowest + draw(st.integers(1, 40))) if bounded else None,
                skippable=draw(st.booleans()),
                shown_if=Condition(gate.code, tuple(sorted(chosen))) if gate else None,
            )
        )
    return tuple(found)


TYPES = {"choice": "radio", "yes_no": "yesno", "vas": "slider"}
CHECKS = {"count": "integer", "number": "number", "date": "date_ymd"}


def field_of(item: Item) -> dict[str, str]:
    """An item as a row of a dictionary."""
    gate = item.shown_if
    return {
        "field_name": item.code,
        "field_type": TYPES.get(item.kind, "text"),
        "field_label": item.label["en"],
        "select_choices_or_calculations": " | ".join(f"{one.code}, {one.label['en']}" for one in item.options),
        "text_validation_type_or_show_slider_number": CHECKS.get(item.kind, ""),
        "text_validation_min": "" if item.minimum is None else f"{item.minimum:g}",
        "text_validation_max": "" if item.maximum is None else f"{item.maximum:g}",
        "required_field": "" if item.skippable else "y",
        "branching_logic": " or ".join(f"[{gate.item}] = '{code}'" for code in gate.codes) if gate else "",
    }


@given(items())
@settings(max_examples=50)
def test_any_items_come_back_from_a_dictionary(some: tuple[Item, ...]) -> None:
    found = imported(dictionary(*map(field_of, some)), "d.csv", form="f")
    for ours, theirs in zip(found.instrument.items, some, strict=True):
        assert ours.label == theirs.label
        assert shape(ours)[:4] == shape(theirs)[:4]
        codes = ours.shown_if and set(ours.shown_if.codes)
        assert (codes or None) == (theirs.shown_if and _narrowed(theirs, some))
    declared = with_scales(found.instrument, ())
    if declared.scales:
        assert read(write(declared), file="d.yaml").items == found.instrument.items


def _narrowed(item: Item, some: tuple[Item, ...]) -> set[int] | None:
    """The codes it is shown for; nothing where that is always so: it must be answered, and with any of its codes."""
    assert item.shown_if is not None
    gate = next(one for one in some if one.code == item.shown_if.item)
    every = {option.code for option in gate.options} == set(item.shown_if.codes)
    return None if every and not gate.skippable and gate.shown_if is None else set(item.shown_if.codes)
