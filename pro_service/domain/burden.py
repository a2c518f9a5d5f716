"""What answering asks of a person: questions, and minutes as they are promised to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pro_service.domain.instruments import Instrument

SECONDS_PER_QUESTION = 8
"""What a question takes on average; an estimate that is shown is rounded up to whole minutes."""


def minutes(questions: int) -> int:
    """How long so many questions take, in whole minutes, at least one."""
    return max(1, -(-questions * SECONDS_PER_QUESTION // 60))


def questions(catalogue: Mapping[str, Instrument], codes: Iterable[str]) -> int:
    """How many questions these questionnaires can ask, follow-ups that not everybody sees included."""
    return sum(len(catalogue[code].items) for code in codes)
