"""The known ways such systems fail: every one about losing, repeating or misdirecting has a test that names it.

A test names what it guards in its docstring, as "failure row 4" or "failure rows 2 and 3" anywhere, or in front as
"Failure 14:" or "Row 4:". What each row says stands in ROWS, so that a name leads somewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROWS = {
    1: "a delayed broker task ran many times after the visibility timeout",
    2: "two schedulers, or one that restarted, sent everything twice",
    3: "a replayed broker message repeated its effect",
    4: "killed between the mail server's yes and the commit: sent again on restart",
    5: "a message stayed to be sent while it was queued, and a second run queued it again",
    6: "messages went to people who had withdrawn, died or opted out",
    7: "nobody could tell why a message was or was not sent",
    8: "editing a study, or merely opening a page, sent old invitations again",
    9: "reminders were off by an hour, or in the night, after a clock change or a move",
    10: "a finished questionnaire was issued again after a change of protocol, language or zone",
    11: "repeating n times made n messages of the same instant",
    12: "two questionnaires due on one day: one message lost, or five sent",
    13: "what happened depended on the hour of the day at which it ran",
    14: "the same form was stored twice by a retry, two tabs or a split upload",
    15: "a whole form was saved and the last writer silently won",
    16: "sent on, then marking as submitted failed: it could be submitted again",
    17: "after the surgery date moved, answers fell out of their visit",
    18: "an amendment made visits that overlap or hide each other",
    19: "cached adherence rows went stale, or were lost under concurrent requests",
    20: "a helper for locks swallowed errors, and released a lock it no longer held",
    21: "a corrected date was cached for five minutes",
    22: "a report to staff died with fewer than ten rows",
    23: "dates with zones were sorted as text; consent lay in the future",
    24: "cached texts ignored the language",
    25: "mail scanners opened one-time links and spent them",
    26: "invitations kept the old date and text",
    28: "a skip rule came into a licensed questionnaire, or its options were reordered",
}
NAMED = re.compile(r"(?:failure rows?|^failures?|^rows?)\s+(\d+(?:(?:,\s*|\s+and\s+)\d+)*)", re.IGNORECASE)


def docstrings(path: Path) -> Iterator[str]:
    """The docstring of every test in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield ast.get_docstring(node) or ""


def rows_named(docstring: str) -> set[int]:
    """The rows that a test says it guards."""
    return {int(number) for found in NAMED.findall(docstring) for number in re.findall(r"\d+", found)}


@cache
def guarded() -> frozenset[int]:
    """Every row that some test names."""
    return frozenset(row for path in HERE.rglob("test_*.py") for text in docstrings(path) for row in rows_named(text))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_known_failure_has_a_test_that_names_it(row: int) -> None:
    assert row in guarded(), f"no test names failure row {row}: {ROWS[row]}"


@pytest.mark.parametrize(
    ("docstring", "rows"),
    [
        ("Failure row 4: the server had it already.", {4}),
        ("Failure 14, without any order imposed.", {14}),
        ("Rows 2 and 3: two schedulers.", {2, 3}),
        ("One and nine (failure rows 5, 20 and 22).", {5, 20, 22}),
        ("Row after row, 9 in all.", set()),
        ("A table whose row 4 is empty.", set()),
    ],
)
def test_a_docstring_names_rows_in_these_words(docstring: str, rows: set[int]) -> None:
    assert rows_named(docstring) == rows
