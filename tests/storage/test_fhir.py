"""What FHIR clients ask for every few minutes is found by an index, in a table where nearly nothing is new."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, insert, text, update

from pro_service.domain.fhir_search import Search, interval
from pro_service.storage import fhir
from pro_service.storage.assessments import assessment
from pro_service.storage.responses import response
from pro_service.storage.session import unit_of_work
from tests.storage.rows import NOON, a_participant, a_study, an_assessment

FORMS = 2_000
NEW = 3


def fill(engine: Engine) -> None:
    """Submitted forms, a minute after each other; the last few a year later."""
    facts = {"instrument_version": "1", "language": "en", "answers": {}, "stamps": {}, "revision": 1, "to_score": True}
    with engine.begin() as connection:
        only = an_assessment(connection, a_participant(connection, *a_study(connection)))
        connection.execute(update(assessment).values(submitted_at=NOON))
        rows = [
            {"assessment_id": only, "instrument": f"i{number}", "created_at": NOON, "updated_at": changed, **facts}
            for number in range(FORMS)
            for changed in [NOON + timedelta(days=365 if number >= FORMS - NEW else 0, minutes=number)]
        ]
        connection.execute(insert(response), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def test_what_changed_of_late_is_found_by_its_index(engine: Engine) -> None:
    fill(engine)
    ran: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        ran.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    with unit_of_work(engine, writes=False) as session:
        asked = Search(updated=interval("ge2027-01-01").both(interval("lt2028-01-01")))
        found = fhir.answered(session, asked, study_code="", site="", undated={}, scored=False, limit=50)
    event.remove(engine, "before_cursor_execute", note)
    assert len(found) == NEW
    explain = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    with engine.connect() as connection:
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + ran[-1][0], ran[-1][1]))
    assert "ix_response_updated" in plan
