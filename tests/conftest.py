"""Fixtures every test may use. Both databases are real and empty at the start of each test."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime
from itertools import count
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlalchemy import Engine
from werkzeug.serving import make_server

from pro_service.app import create_app
from pro_service.domain.audit import Actor
from pro_service.domain.participants import Contact, Participant
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime, build
from pro_service.services import access, assessments, participants, studies
from pro_service.services.work import Work
from pro_service.settings import Settings, from_environment
from pro_service.storage.engine import make_engine
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.faults import summary
from tests.support import chromium, people, postgres, redis
from tests.support.clock import Clock

hypothesis_settings.register_profile("suite", deadline=None, max_examples=60, derandomize=True)
hypothesis_settings.load_profile("suite")
_numbers = count(1)
pytest_terminal_summary = summary.pytest_terminal_summary


@pytest.fixture(autouse=True)
def logs_as_at_the_start() -> Iterator[None]:
    """A command that ran within the test leaves no manner of logging behind."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL (without a database) of a PostgreSQL that lives as long as the test session."""
    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a Redis that lives as long as the test session."""
    with redis.running() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with every migration applied: copied for each test."""
    path = tmp_path_factory.mktemp("template") / "pro.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """The name of a PostgreSQL database with every migration applied: the template of each test's own."""
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_pro")
    engine = make_engine(f"{postgres_server}/template_pro")
    upgrade(engine)
    engine.dispose()
    return "template_pro"


@pytest.fixture(scope="session")
def sqlite_with_scopes(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with SCOPES loaded and active: the template of every test that asks for `scopes`."""
    path = tmp_path_factory.mktemp("template") / "scopes.sqlite"
    shutil.copyfile(migrated_sqlite, path)
    activate_scopes(f"sqlite:///{path}", path.parent)
    return path


@pytest.fixture(scope="session")
def postgres_with_scopes(postgres_server: str, migrated_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same on PostgreSQL."""
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE template_scopes TEMPLATE {migrated_postgres}")
    activate_scopes(f"{postgres_server}/template_scopes", tmp_path_factory.mktemp("template"))
    return "template_scopes"


def activate_scopes(url: str, folder: Path) -> None:
    """Load SCOPES into a migrated database, and make it active."""
    runtime = build(
        from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(folder), "PRO_DATABASE_URL": url}), clock=Clock()
    )
    text, path = shipped("scopes")
    with runtime.work(people.everything) as w:
        studies.activate(w, code=studies.load(w, document=text, file=str(path)).code)
    runtime.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of the test's own; once on SQLite and once on PostgreSQL.

    It is empty, or holds SCOPES where the test asks for `scopes` in whatever way.
    """
    with_scopes = "scopes" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "pro.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_with_scopes" if with_scopes else "migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_with_scopes" if with_scopes else "migrated_postgres")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield f"{server}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> Clock:
    """Stands at 2026-01-12 09:00 UTC until moved."""
    return Clock()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Test settings over the test's own database, with a file outbox under the test's own folder."""
    return from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": str(tmp_path), "PRO_DATABASE_URL": database_url})


@pytest.fixture
def runtime(settings: Settings, clock: Clock) -> Iterator[Runtime]:
    """What web, command line and workers share, with the settable clock."""
    built = build(settings, clock=clock)
    yield built
    built.engine.dispose()


@pytest.fixture
def engine(runtime: Runtime) -> Engine:
    """The engine over the test's own migrated database."""
    return runtime.engine


@pytest.fixture
def work(runtime: Runtime) -> Callable[..., AbstractContextManager[Work]]:
    """`with work(actor) as w:` is one transaction; the actor who may do everything by default."""

    def begin(
        actor: Actor = people.everything, *, now: datetime | None = None, writes: bool = True
    ) -> AbstractContextManager[Work]:
        return runtime.work(actor, now=now, writes=writes)

    return begin


@pytest.fixture
def scopes(runtime: Runtime) -> Study:
    """The SCOPES study, loaded and active (see `database_url`)."""
    with runtime.work(people.everything, writes=False) as w:
        return studies.active(w, code="scopes")


@pytest.fixture
def enrolled(runtime: Runtime, scopes: Study) -> Callable[..., Participant]:
    """Enrols participants in SCOPES: the first is NKI-001, on the short schedule, for a leg sarcoma."""
    numbers = count(1)

    def enrol(
        code: str = "", *, arm: str = "short", stratum: str = "lower_extremity", site: str = "nki",
        randomisation: date = date(2026, 1, 12), language: str = "en", timezone: str = "Europe/Amsterdam",
        contact: Contact | None = None, events: tuple[TrialEvent, ...] = (),
    ) -> Participant:  # fmt: skip
        number = next(numbers)
        with runtime.work(people.everything) as w:
            return participants.enrol(
                w,
                study=scopes.code,
                code=code or f"NKI-{number:03}",
                site=site,
                arm=arm,
                stratum=stratum,
                language=language,
                timezone=timezone,
                contact=contact or Contact(name="Test Person", email=f"person{number}@example.org"),
                eligibility={c.code: "no" if c.excludes else "yes" for c in scopes.criteria},
                consented_on=randomisation,
                events=(TrialEvent("randomisation", randomisation), *events),
            )

    return enrol


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Where templates lie once they are compiled: an application that lives for one test need not do it again."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(runtime: Runtime, compiled_templates: FileSystemBytecodeCache) -> Flask:
    """The whole web application over the runtime."""
    application = create_app(runtime)
    application.jinja_env.bytecode_cache = compiled_templates
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An HTTP client without a network."""
    return app.test_client()


@pytest.fixture
def staff_key(runtime: Runtime) -> str:
    """An API key that may do everything."""
    with runtime.work(people.everything) as w:
        return access.create_api_key(w, label="test", role="admin", scopes=["*"], study="", site="")


@pytest.fixture
def patient_token(runtime: Runtime) -> Callable[[Participant], str]:
    """A bearer token of a participant, by way of a real sign-in link to all their assessments."""

    def sign_in(participant: Participant) -> str:
        with runtime.work(people.everything) as w:
            token = access.mint_link(w, participant_id=participant.id, assessment_ids=_assessments(w, participant))
        with runtime.work(Actor(kind="system", id="sign-in", role="system")) as w:
            return access.sign_in_with_link(w, token=token).access_token

    return sign_in


def _assessments(w: Work, participant: Participant) -> list[UUID]:
    return [view.assessment.id for view in assessments.listing(w, participant_id=participant.id)]


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The base URL of a real server on loopback over the test's own database and clock."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    path = chromium.path()
    if path is None:
        pytest.fail("the browser tests need Chromium: run `python -m tests.support.chromium`")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page the size of a phone."""
    size: ViewportSize = {"width": 390, "height": 844}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True, locale="en-GB")
    yield context.new_page()
    context.close()
