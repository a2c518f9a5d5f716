"""What answering asks of a person: whole minutes, never none."""

from __future__ import annotations

import pytest

from pro_service.domain.burden import minutes, questions
from pro_service.instruments.reader import load_catalogue


@pytest.mark.parametrize(("asked", "expected"), [(0, 1), (1, 1), (7, 1), (8, 2), (36, 5), (91, 13)])
def test_minutes_are_rounded_up(asked: int, expected: int) -> None:
    assert minutes(asked) == expected


@pytest.mark.parametrize(("codes", "expected"), [((), 0), (("qlq-c30",), 30), (("qlq-c30", "eq-5d-5l"), 36)])
def test_every_question_counts(codes: tuple[str, ...], expected: int) -> None:
    assert questions(load_catalogue(), codes) == expected
