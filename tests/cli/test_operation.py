"""Running an installation from a shell: database, accounts, keys, contacts, audit trail, health; on both databases."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import Engine, text

from pro_service.domain.participants import Contact
from pro_service.domain.protocol import Study
from pro_service.runtime import Runtime, utc_now
from pro_service.services import contacts, heartbeats
from pro_service.storage import migrations
from pro_service.storage.keyring import new_key
from tests.cli.conftest import Pro
from tests.storage.rows import someone
from tests.support import people
from tests.support.ports import free_port


@pytest.fixture
def pro(installed: Pro) -> Pro:
    """Runs `pro` with these arguments over the test's own database: status, what it printed, what it complained of."""
    return installed


def test_the_database_is_brought_up_and_checked(pro: Pro, engine: Engine) -> None:
    head = migrations.head()
    assert pro("db", "upgrade") == (0, f"the database stands at {head}, the newest; nothing to do\n", "")
    migrations.downgrade(engine, "base")
    status, out, err = pro("db", "check")
    assert (status, out) == (1, "")
    assert err == f"the database stands at nothing, the code at {head}; run `pro db upgrade`\n"
    assert pro("db", "upgrade", "--dry-run") == (0, f"would migrate from nothing to {head}\n", "")
    assert pro("db", "upgrade") == (0, f"migrating from nothing to {head}\n", "")
    assert pro("db", "check") == (0, "the database is what the code expects\n", "")


def test_accounts_are_made_listed_reset_and_disabled(pro: Pro) -> None:
    where = ("--role", "coordinator", "--study", "scopes", "--site", "nki")
    status, out, _ = pro("staff", "add", "ann@example.org", *where, "--password", "correct horse battery")
    assert status == 0
    assert re.search(r"^one-time-code secret: [A-Z2-7]{32}$", out, re.MULTILINE)
    status, _, err = pro("staff", "add", "ann@example.org", "--role", "monitor", "--password", "correct horse battery")
    assert (status, err) == (1, "conflict: a staff account with this e-mail address exists already\n")
    assert pro("staff", "reset", "ann@example.org", "--password", "another good phrase")[0] == 0
    assert pro("staff", "disable", "ann@example.org") == (0, "disabled\n", "")
    status, out, _ = pro("staff", "list")
    assert "ann@example.org" in out
    assert "coordinator" in out
    assert pro("staff", "disable", "bob@example.org")[::2] == (
        1,
        "not-found: there is no account with this e-mail address\n",
    )


def test_what_each_account_wants_to_be_told_is_listed(pro: Pro) -> None:
    for name in ("ann", "bob", "cas"):
        pro("staff", "add", f"{name}@example.org", "--role", "monitor", "--password", "correct horse battery")
    pro("staff", "prefer", "ann@example.org", "--messages", "urgent", "--language", "nl")
    pro("staff", "disable", "cas@example.org")
    status, out, _ = pro("staff", "preferences")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if "@" in line]
    assert status == 0
    assert [row[:3] for row in rows] == [["ann@example.org", "urgent", "nl"], ["bob@example.org", "all", "en"]]


def test_the_audit_trail_says_who_typed_it(pro: Pro, engine: Engine) -> None:
    pro("staff", "add", "ann@example.org", "--role", "monitor", "--password", "correct horse battery", "--actor", "bob")
    with engine.connect() as connection:
        row = connection.execute(text("SELECT actor_kind, actor_id, role, action FROM audit_event")).one()
    assert tuple(row) == ("cli", "bob", "admin", "staff.create")


def test_keys_are_made_and_rotated(pro: Pro, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    person = someone(runtime.engine)
    with runtime.work(people.everything) as work:
        contacts.save(work, participant_id=person, contact=Contact(name="Jan"))
    status, out, _ = pro("key", "new")
    assert re.fullmatch(r"PRO_SECRET_KEY=\S{64}\nPRO_CONTACT_KEYS=\d{14}:\S{44}\n", out)
    assert pro("key", "rotate", "--dry-run")[1].startswith("0 contacts, 0 accounts and 0 webhooks")
    monkeypatch.setenv("PRO_CONTACT_KEYS", f"{new_key('new')},{runtime.settings.contact_keys}")
    waiting = "1 contacts, 0 accounts and 0 webhooks sealed with an older key than new\n"
    assert pro("key", "rotate", "--dry-run") == (0, waiting, "")
    status, out, _ = pro("key", "rotate")
    assert (status, out.splitlines()[-1]) == (0, "1 sealed anew; the other keys of the ring are no longer needed")
    assert pro("key", "rotate")[1].startswith("0 contacts")


def test_an_api_key_is_shown_once(pro: Pro) -> None:
    status, out, _ = pro("key", "add", "--label", "x", "--role", "monitor", "--scope", "*", "--expires", "2026-02-01")
    assert status == 0
    assert out.startswith("pro_")
    status, _, err = pro("key", "add", "--label", "x", "--role", "monitor", "--scope", "fly")
    assert (status, err) == (1, "invalid: this API key cannot be made\nscopes: there is no scope 'fly'\n")


@pytest.mark.parametrize(
    ("study", "site", "note"),
    [
        ("scopes", "nki", ""),
        ("scopse", "nki", "note: no study 'scopse' is loaded; until it is, there is nothing to see\n"),
        ("scopes", "mars", "note: scopes has no site 'mars'; it has nki, lumc, site-3\n"),
    ],
)
def test_a_study_or_site_nobody_knows_is_worth_a_word(
    pro: Pro, scopes: Study, study: str, site: str, note: str
) -> None:
    where = ("--role", "coordinator", "--study", study, "--site", site)
    assert pro("staff", "add", "ann@example.org", *where, "--password", "correct horse battery")[::2] == (0, note)
    assert pro("key", "add", "--label", "import", "--scope", "*", *where)[::2] == (0, note)


def test_a_contact_is_erased(pro: Pro, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    person = someone(runtime.engine)
    with runtime.work(people.everything) as work:
        contacts.save(work, participant_id=person, contact=Contact(name="Jan"))
    asking = ("contact", "erase", "NKI-001", "--reason", "asked for it")
    erase = (*asking, "--yes")
    assert pro(*asking, "--dry-run") == (0, "would erase the contact\n", "")  # a dry run harms nothing: it does not ask
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    status, out, err = pro(*asking)
    assert (status, "Erase?" in out, err) == (1, True, "stopped\n")
    assert pro(*erase, "--dry-run") == (0, "would erase the contact\n", "")
    assert pro(*erase) == (0, "erased\n", "")
    assert pro(*erase) == (0, "there was no contact to erase\n", "")
    assert pro(*erase, "--dry-run") == (0, "there is no contact to erase\n", "")
    assert pro("contact", "erase", "NKI-999", "--reason", "x", "--yes")[::2] == (
        1,
        "not-found: there is no participant of that code\n",
    )


def test_the_audit_trail_is_verified_and_an_altered_row_reported(pro: Pro, engine: Engine) -> None:
    pro("staff", "add", "ann@example.org", "--role", "monitor", "--password", "correct horse battery")
    assert pro("audit", "seal") == (0, "1 events sealed\n", "")
    status, out, err = pro("audit", "verify")
    assert (status, err) == (0, "")
    assert re.fullmatch(r"1 events sealed, 0 not yet; head [0-9a-f]{64}\n", out)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_event_no_update"))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("UPDATE audit_event SET role = 'monitor'"))
    status, _, err = pro("audit", "verify")
    assert (status, err) == (1, "event 1: altered\n")


def test_the_doctor_finds_what_is_wrong(pro: Pro, runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = pro("doctor")
    assert (status, err) == (
        1,
        "problem  beat: never seen; it is, ten seconds after `pro worker` and `pro beat` have started\n",
    )
    assert len(out.splitlines()) == 13
    with runtime.work(people.system, now=utc_now()) as work:
        heartbeats.beat(work, process="beat")
    assert pro("doctor")[::2] == (0, "")
    monkeypatch.setenv("PRO_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("PRO_SMTP_URL", f"smtp://127.0.0.1:{free_port()}")
    status, _, err = pro("doctor")
    assert status == 1
    assert re.findall(r"^problem  (\w+): does not answer", err, re.MULTILINE) == ["broker", "mail"]


def test_the_doctor_says_so_when_there_is_no_database(pro: Pro, engine: Engine) -> None:
    migrations.downgrade(engine, "base")
    status, _, err = pro("doctor")
    assert status == 1
    assert (
        err
        == f"problem  database: the database stands at nothing, the code at {migrations.head()}; run `pro db upgrade`\n"
    )
