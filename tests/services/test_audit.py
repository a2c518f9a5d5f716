"""The sealed audit trail: whatever is altered, removed or added is named (AT-6), and so is a chain made anew."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine, text

from pro_service.domain import audit as chain
from pro_service.domain.audit import Actor, AuditEvent
from pro_service.domain.errors import Conflict, Forbidden
from pro_service.services import audit
from pro_service.services.work import Work
from pro_service.storage import audit as stored
from tests.support import people

Begin = Callable[..., AbstractContextManager[Work]]


def happen(work: Begin, times: int) -> None:
    for number in range(times):
        with work() as w:
            w.record(
                AuditEvent("test", "thing", str(number), {"colour": (None, "réd"), "size": (1, 2.5)}, reason="why")
            )


def seal(work: Begin, **options: int) -> int:
    with work(people.system) as w:
        return audit.seal(w, **options)


def verify(work: Begin, expect: str = "") -> audit.Verdict:
    with work(writes=False) as w:
        return audit.verify(w, expect=expect)


def tamper(engine: Engine, statement: str) -> None:
    """Do what only the owner of the database can: switch the guards off, and change a row."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for table in ("audit_event", "audit_seal"):
                for verb in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{verb}"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text(statement))


def test_an_untouched_trail_is_whole(work: Begin) -> None:
    assert verify(work) == audit.Verdict((), 0, 0, "0" * 64)
    happen(work, 7)
    assert seal(work, batch=3) == 7
    happen(work, 2)
    verdict = verify(work)
    assert (verdict.damage, verdict.sealed, verdict.unsealed) == ((), 7, 2)
    assert seal(work) == 2
    assert seal(work) == 0
    assert verify(work, expect=verdict.head).damage == ()


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_event SET reason = 'because' WHERE id = 5", ["event 5: altered"]),
        ("UPDATE audit_event SET actor_id = 'x' WHERE id IN (2, 6)", ["event 2: altered", "event 6: altered"]),
        ("UPDATE audit_event SET at = '2025-01-01T00:00:00.000000Z' WHERE id = 1", ["event 1: altered"]),
        ("UPDATE audit_event SET changes = '{}' WHERE id = 7", ["event 7: altered"]),
        ("DELETE FROM audit_event WHERE id = 4", ["event 4: missing"]),
        ("UPDATE audit_event SET id = 4000 WHERE id = 4", ["event 4: missing"]),
        (
            "UPDATE audit_seal SET hash = 'x' WHERE last_id = 3",
            ["seal up to event 3: seal altered", "seal up to event 6: seal altered"],
        ),
        (
            "DELETE FROM audit_seal WHERE last_id = 3",
            ["seal up to event 6: chain broken", "seal up to event 6: seal altered"],
        ),
    ],
)
def test_what_was_altered_is_named(work: Begin, engine: Engine, statement: str, found: list[str]) -> None:
    happen(work, 7)
    seal(work, batch=3)
    tamper(engine, statement)
    assert [str(damage) for damage in verify(work).damage] == found


def test_an_added_event_is_named(work: Begin, engine: Engine) -> None:
    happen(work, 3)
    seal(work)
    tamper(engine, "DELETE FROM audit_event WHERE id = 2")
    with work() as w:
        w.record(AuditEvent("test", "thing", "late"))
    tamper(engine, "UPDATE audit_event SET id = 2 WHERE id = 4")
    assert [str(damage) for damage in verify(work).damage] == ["event 2: altered"]


def test_a_chain_made_anew_lacks_the_head_noted_earlier(work: Begin, engine: Engine) -> None:
    happen(work, 4)
    seal(work)
    noted = verify(work).head
    tamper(engine, "UPDATE audit_event SET reason = 'because' WHERE id = 2")
    tamper(engine, "DELETE FROM audit_seal")
    seal(work)
    assert verify(work).damage == ()
    assert [str(damage) for damage in verify(work, expect=noted).damage] == ["seal up to event 4: noted head missing"]


def test_sealing_twice_at_once_lets_one_through(work: Begin) -> None:
    """No fork: a second seal that begins at the same event is refused by the database."""
    happen(work, 4)
    with work(people.system) as w:
        events = stored.lines(w.session, first_id=1, last_id=3)
        behind = chain.seal(None, events)
    seal(work)
    with pytest.raises(Conflict), work(people.system) as w:
        stored.add_seal(w.session, behind, at=w.now)


def test_an_event_still_being_written_is_not_passed_over(work: Begin, engine: Engine) -> None:
    """Ids are drawn before they are committed: a seal never goes past one that is not there yet."""
    if engine.dialect.name == "sqlite":
        return  # one writer at a time: there is no such thing
    happen(work, 1)
    with work() as slow:
        slow.record(AuditEvent("test", "thing", "slow"))
        happen(work, 1)
        assert seal(work) == 0
    assert seal(work) == 3
    assert verify(work).damage == ()


def test_sealing_holds_nobody_up_for_long(work: Begin, engine: Engine) -> None:
    """The lock is given up before the events are read and hashed."""
    happen(work, 3)
    with work(people.system) as sealing:
        stored.newest_final_id(sealing.session)
        if engine.dialect.name != "sqlite":
            writer = threading.Thread(target=happen, args=(work, 1))
            writer.start()
            writer.join(timeout=20)
            assert not writer.is_alive()


@pytest.mark.parametrize("actor", [people.nobody, people.coordinator_nki, Actor("participant", "x", "participant")])
def test_who_may_not_look(work: Begin, actor: Actor) -> None:
    with pytest.raises(Forbidden), work(actor) as w:
        audit.verify(w)
    with pytest.raises(Forbidden), work(actor) as w:
        audit.seal(w)


def test_many_lines_at_once_stand_in_the_order_given(work: Begin) -> None:
    with work() as w:
        w.record(*(AuditEvent("test", "thing", str(number)) for number in range(50)))
        w.record()
    with work(writes=False) as w:
        lines = stored.lines(w.session, first_id=1, last_id=100)
    assert [line.subject_id for line in lines] == [str(number) for number in range(50)]
