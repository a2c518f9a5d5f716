"""A roster read against the protocol: every bad cell is named by its line and column. Guards failure 22."""

from __future__ import annotations

import pytest

from pro_service.domain.participants import Contact
from pro_service.domain.roster import columns, read
from pro_service.domain.schedule import TrialEvent
from tests.domain.test_enrolment import STUDY, TODAY

HEADER = ["code", "site", "arm", "stratum", "language", "consented_on", "eligibility.adult", "eligibility.willing",
          "eligibility.pregnant", "events.randomisation", "planned.surgery", "email", "birth_year"]  # fmt: skip
ANNA = ["N-001", "north", "one", "leg", "en", "2026-01-10", "yes", "yes", "no", "2026-01-12", "2026-02-20",
        "anna@example.org", "1961"]  # fmt: skip
START = "events.randomisation"
A_DATE = "expected a date as YYYY-MM-DD"


def with_cell(column: str, cell: str) -> list[str]:
    """Anna's row with one cell changed."""
    return [cell if name == column else old for name, old in zip(HEADER, ANNA, strict=True)]


def problems(*table: list[str]) -> list[str]:
    return [str(problem) for problem in read(STUDY, table, file="roster.csv").problems]


@pytest.mark.parametrize("count", [0, 1, 9])
def test_rows_are_people(count: int) -> None:
    found = read(STUDY, [HEADER, *[ANNA] * count], file="roster.csv")
    assert (len(found.rows), found.problems) == (count, ())


def test_a_row_says_everything_an_enrolment_needs() -> None:
    (row,) = read(STUDY, [HEADER, ANNA], file="roster.csv").rows
    assert row.line == 2
    assert row.candidate.eligibility == {"adult": "yes", "willing": "yes", "pregnant": "no"}
    assert row.candidate.events == (
        TrialEvent("randomisation", TODAY),
        TrialEvent("surgery", TODAY.replace(month=2, day=20), actual=False),
    )
    assert row.contact == Contact(email="anna@example.org", birth_year=1961)


def test_somebody_without_an_address_has_no_contact() -> None:
    bare = [cell if name not in ("email", "birth_year") else "" for name, cell in zip(HEADER, ANNA, strict=True)]
    assert read(STUDY, [HEADER, bare], file="roster.csv").rows[0].contact is None


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ([], ["roster.csv:1: code: this column is missing"]),
        ([[*HEADER, "shoe_size"]], ["roster.csv:1: shoe_size: no such column; the template lists them all"]),
        ([[*HEADER, "code"]], ["roster.csv:1: code: this column comes twice"]),
        ([HEADER[:-6] + HEADER[-4:]], ["roster.csv:1: eligibility.willing: this column is missing"]),
        ([HEADER, ANNA[:-1]], ["roster.csv:2: expected 13 cells, found 12"]),
        ([HEADER, ANNA, with_cell(START, "12-01-2026")], [f"roster.csv:3: {START}: {A_DATE}"]),
        ([HEADER, with_cell("consented_on", "2026-02-30")], [f"roster.csv:2: consented_on: {A_DATE}"]),
        ([HEADER, with_cell("email", "anna at example")], ["roster.csv:2: email: expected an e-mail address"]),
        ([HEADER, with_cell("email", "a@b.nl\nBcc: c@d.nl")], ["roster.csv:2: email: expected an e-mail address"]),
        ([HEADER, with_cell("birth_year", "61")], ["roster.csv:2: birth_year: expected a year such as 1961"]),
    ],
)  # fmt: skip
def test_problems_name_line_and_column(table: list[list[str]], expected: list[str]) -> None:
    assert problems(*table)[:1] == expected


def test_empty_rows_are_passed_over_and_lines_still_count() -> None:
    assert problems(HEADER, [""] * 13, [], with_cell("email", "?")) == [
        "roster.csv:4: email: expected an e-mail address"
    ]


def test_the_template_can_be_read_back() -> None:
    assert read(STUDY, [list(columns(STUDY))], file="roster.csv").problems == ()
