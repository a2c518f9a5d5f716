"""Many rows at once come back as they went in, on both databases, in the order given."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Column, Date, Engine, Float, Integer, MetaData, Table, Text, select

from pro_service.domain.errors import Conflict, Unaudited
from pro_service.storage import bulk
from pro_service.storage.audit import heartbeat
from pro_service.storage.metadata import Id, Instant, Json, new_id
from pro_service.storage.session import unit_of_work

NOON = datetime(2026, 3, 29, 12, 0, 0, 123456, tzinfo=UTC)
sample = Table(
    "sample",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("id", Id),
    Column("at", Instant),
    Column("on_date", Date),
    Column("json", Json),
    Column("words", Text),
    Column("ratio", Float),
)
HOSTILE = 'quote " backslash \\ :colon %s \n café \U0001f600'


def test_every_kind_of_value_comes_back_as_it_went_in(engine: Engine) -> None:
    rows = [
        {
            "number": number, "id": new_id(), "at": NOON, "on_date": date(2026, 2, 28), "words": HOSTILE, "ratio": 0.1,
            "json": {"a": [1, None, HOSTILE], "b": {}},
        }
        for number in (3, 1, 2)
    ]  # fmt: skip
    nothing: dict[str, object] = {
        "number": 4,
        "id": None,
        "at": None,
        "on_date": None,
        "words": None,
        "ratio": None,
        "json": [],
    }
    sample.create(engine)
    with engine.begin() as session:
        bulk.add(session, sample, [*rows, nothing])
        found = [dict(row) for row in session.execute(select(sample).order_by(sample.c.number)).mappings()]
    assert found == [*sorted(rows, key=lambda row: str(row["number"])), nothing]


def test_no_rows_is_no_statement(engine: Engine) -> None:
    with unit_of_work(engine, writes=False) as session:
        bulk.add(session, sample, [])


def test_the_unit_of_work_sees_what_was_written(engine: Engine) -> None:
    sample.create(engine)
    with pytest.raises(Unaudited), unit_of_work(engine) as session:
        bulk.add(session, sample, [{"number": 1}])


def test_a_broken_constraint_is_a_conflict(engine: Engine) -> None:
    rows = [{"process": "beat", "at": NOON}] * 2
    with pytest.raises(Conflict), unit_of_work(engine) as session:
        bulk.add(session, heartbeat, rows)
