"""Empty packs: every place is there and refused while empty, and what is filled can be loaded in every format."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import BytesIO, StringIO
from typing import Any

import pytest
from openpyxl import load_workbook
from ruamel.yaml import YAML

from pro_service.domain.errors import InvalidWording
from pro_service.domain.instruments import Instrument
from pro_service.domain.wording import Pack, assembled, check
from pro_service.instruments import load_catalogue
from pro_service.instruments.wording import entries
from pro_service.instruments.wording_template import FORMS, template

CATALOGUE = load_catalogue()
EACH_FORM = ("phq-9", "qlq-hn43", "imcq", "eq-5d-5l", "rand-36")


def invented(what: str) -> str:
    return {"expires_on": "2027-12-31"}.get(what, "Verzonnen woorden")


def filled_csv(content: bytes) -> bytes:
    rows, page = list(csv.reader(StringIO(content.decode("utf-8-sig")))), StringIO()
    csv.writer(page).writerows([rows[0], *([*row[:3], row[3] or invented(row[0]), row[4]] for row in rows[1:])])
    return page.getvalue().encode()


def filled_xlsx(content: bytes) -> bytes:
    book, page = load_workbook(BytesIO(content)), BytesIO()
    for row in book.worksheets[0].iter_rows(min_row=2):
        row[3].value = row[3].value or invented(row[0].value)
    book.save(page)
    return page.getvalue()


def filled_yaml(content: bytes) -> bytes:
    yaml, page = YAML(), BytesIO()
    document = yaml.load(content)

    def fill(node: dict[Any, Any]) -> None:
        for key, value in node.items():
            if isinstance(value, dict):
                fill(value)
            elif value == "":
                node[key] = invented(str(key))

    fill(document)
    yaml.dump(document, page)
    return page.getvalue()


FILL = {"csv": filled_csv, "xlsx": filled_xlsx, "yaml": filled_yaml}


def pack(content: bytes, form: str) -> Pack:
    return assembled(entries(content, file=f"pack.{form}"), file=f"pack.{form}")


@pytest.mark.parametrize(
    ("code", "form"),
    [*((code, "csv") for code in CATALOGUE), *((code, form) for code in EACH_FORM for form in FORMS if form != "csv")],
)
def test_what_is_filled_fits_its_definition(code: str, form: str) -> None:
    instrument = CATALOGUE[code]
    empty = template(instrument, language="nl", form=form)
    filled = pack(FILL[form](empty), form)
    assert check(filled, instrument, file="") == ()
    assert (filled.instrument, filled.version, filled.language) == (code, instrument.version, "nl")
    with pytest.raises(InvalidWording) as caught:
        pack(empty, form)
    assert len(caught.value.problems) == places(instrument)


def places(instrument: Instrument) -> int:
    """Texts somebody has to write: all of items and answers, and the head but for what the definition knows."""
    of_items = sum(
        1 + sum(map(bool, (item.recall, item.unit, item.low_end, item.high_end))) + len(item.options)
        for item in instrument.items
    )
    return 3 + bool(instrument.recall) + of_items


@pytest.mark.parametrize("form", FORMS)
def test_topics_of_ours_stand_beside_and_never_become_words(form: str) -> None:
    instrument = CATALOGUE["phq-9"]
    empty = template(instrument, language="nl", form=form)
    topics = {item.label["nl"] for item in instrument.items}
    shown = empty.decode() if form != "xlsx" else str([*load_workbook(BytesIO(empty)).worksheets[0].values])
    assert all(topic in shown for topic in topics)
    said = {entry.text for entry in entries(empty, file=f"pack.{form}")}
    assert said == {"", "phq-9", instrument.version, "nl", instrument.owner}


def test_no_topic_becomes_a_formula() -> None:
    rows = template(hostile(), language="nl", form="csv").decode("utf-8-sig")
    assert "item,q1,,,'=1+1" in rows
    sheet = load_workbook(BytesIO(template(hostile(), language="nl", form="xlsx"))).worksheets[0]
    assert [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


def hostile() -> Instrument:
    one = CATALOGUE["phq-9"]
    first = replace(one.items[0], label={"en": "=1+1"})
    return replace(one, items=(first, *one.items[1:]))
