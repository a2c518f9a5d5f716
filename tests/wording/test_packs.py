"""Wording packs: what fits its definition, and each way in which a file departs from it.

Each file in `bad/` is a good one with one thing changed; `<file>.expected` holds everything that must be said of it.
The questionnaire and its words are invented.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pro_service.domain.errors import InvalidWording
from pro_service.domain.instruments import Instrument, Item, ends
from pro_service.domain.wording import Pack, Question, assembled, check, from_document, shown_as, worded
from pro_service.instruments.reader import read
from pro_service.instruments.wording import entries
from tests.instruments.test_reader import GOOD

HERE = Path(__file__).parent
BAD = sorted(path for path in (HERE / "bad").iterdir() if path.suffix != ".expected")


def diary() -> Instrument:
    return read(GOOD, file="sleep-diary.yaml")


def pack(content: bytes, file: str) -> Pack:
    return assembled(entries(content, file=file), file=file)


def good(name: str = "good.yaml") -> Pack:
    return pack((HERE / name).read_bytes(), name)


def workbook() -> bytes:
    """The table as a spreadsheet, with a number and a date where a person would type them."""
    book, target = Workbook(), BytesIO()
    for row in (HERE / "good.csv").read_text().splitlines():
        cells: list[object] = list(row.split(","))
        if cells[0] == "expires_on":
            cells[3] = date(2027, 12, 31)
        book.active.append([int(cell) if isinstance(cell, str) and cell.isdigit() else cell for cell in cells])
    book.save(target)
    return target.getvalue()


def test_the_same_words_are_the_same_pack_in_every_format() -> None:
    semicolons = (HERE / "good.csv").read_text().replace(",", ";").encode("utf-8-sig")
    packs = [good(), good("good.csv"), pack(workbook(), "good.xlsx"), pack(semicolons, "good.csv")]
    assert all(one == packs[0] and one.sha256 == packs[0].sha256 for one in packs)
    assert check(packs[0], diary(), file="good.yaml") == ()
    assert (packs[0].owner, packs[0].expires_on) == ("Niemand", date(2027, 12, 31))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_each_mistake_has_its_message(path: Path) -> None:
    """Failure row 28: no rule comes in with the words, no question is dropped, added or moved, no answer turned."""
    try:
        found = check(pack(path.read_bytes(), path.name), diary(), file=path.name)
    except InvalidWording as error:
        found = error.problems
    expected = (HERE / "bad" / f"{path.name}.expected").read_text().splitlines()
    assert expected
    assert [str(problem) for problem in found] == expected


def test_words_come_in_one_language_and_nothing_else_changes() -> None:
    before = diary()
    after = worded(before, {"nl": good()})
    assert after.item("q1").label == {"en": "Falling asleep", "nl": "Verzonnen vraag een"}
    assert [option.label["nl"] for option in after.item("q3").options] == ["Ooit", "Nooit"]
    assert (shown_as(after, "nl"), shown_as(after, "en")) == (good().sha256, "placeholder")
    assert shown_as(replace(after, placeholder_wording=False), "en") == "definition"
    assert [(i.code, i.kind, i.shown_if, i.allows_na) for i in after.items] == [
        (i.code, i.kind, i.shown_if, i.allows_na) for i in before.items
    ]
    assert (after.scales, after.version) == (before.scales, before.version)


SCALE = Item("ease", "vas", {"en": "Ease"}, minimum=0, maximum=100, low_end={"en": "Worst"}, high_end={"en": "Best"})


@pytest.mark.parametrize(
    ("item", "given", "message"),
    [
        (SCALE, {"low_end": "Slecht", "high_end": "Goed"}, ""),
        (SCALE, {}, "expected a low_end and a high_end: what the ends of its scale mean"),
        (SCALE, {"high_end": "Goed"}, "expected a low_end: what the ends of its scale mean"),
        (replace(SCALE, low_end={}, high_end={}), {}, ""),
        (replace(SCALE, low_end={}, high_end={}), {"low_end": "Slecht", "high_end": "Goed"}, ""),  # more than was asked
        (
            replace(SCALE, low_end={}, high_end={}),
            {"low_end": "Slecht"},
            "expected a high_end: what the ends of its sc",
        ),
        (
            Item("ease", "count", {"en": "Ease"}, minimum=0, maximum=9),
            {"low_end": "Slecht"},
            "expected no low_end: the i",
        ),
    ],
)
def test_a_scale_has_words_at_both_ends(item: Item, given: dict[str, Any], message: str) -> None:
    form = replace(diary(), items=(item,))
    one = replace(good(), items=(Question("ease", "Verzonnen", **given),))
    assert [problem.message[: len(message)] for problem in check(one, form, file="x")] == [message] * bool(message)
    if not message:
        shown = worded(form, {"nl": one}).item("ease")
        assert ends(shown, "nl") == (given.get("low_end", ""), given.get("high_end", ""))
        assert from_document(one.document, owner=one.owner, licence=one.licence, expires_on=one.expires_on) == one


def test_a_pack_of_before_there_were_ends_is_what_it_was() -> None:
    """Its hash is on record with answers; its screen shows no topic of ours among the owner's words."""
    old = good()
    assert '["q5","Verzonnen vraag vijf","","",[]]' in old.document
    form = replace(diary(), items=(replace(SCALE, code="q5"),))
    shown = worded(form, {"nl": replace(old, items=old.items[-1:])}).item("q5")
    assert (ends(shown, "nl"), ends(shown, "en"), ends(shown, "fr")) == (("", ""), ("Worst", "Best"), ("Worst", "Best"))


def test_the_hash_is_of_the_words_alone() -> None:
    one = good()
    renewed = replace(one, licence="another", owner="Somebody", expires_on=None)
    changed = replace(one, title=one.title + ".")
    assert renewed.sha256 == one.sha256 != changed.sha256
    again = from_document(one.document, owner=one.owner, licence=one.licence, expires_on=one.expires_on)
    assert (again, again.sha256) == (one, one.sha256)


@pytest.mark.parametrize(("on", "valid"), [("2027-12-30", True), ("2027-12-31", True), ("2028-01-01", False)])
def test_a_licence_holds_to_the_end_of_its_last_day(on: str, valid: bool) -> None:
    assert good().valid(date.fromisoformat(on)) is valid
    assert replace(good(), expires_on=None).valid(date.fromisoformat(on))


@given(st.permutations(range(5)))
def test_any_other_order_of_the_items_is_refused(order: list[int]) -> None:
    one = good()
    moved = replace(one, items=tuple(one.items[place] for place in order))
    assert bool(check(moved, diary(), file="x")) == (order != [0, 1, 2, 3, 4])
