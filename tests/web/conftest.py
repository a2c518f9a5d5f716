"""What tests of pages start from: a participant with an open questionnaire, signed in through a real link."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from uuid import UUID

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from pro_service.domain.instruments import Answer
from pro_service.domain.participants import Participant
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import Runtime
from pro_service.services import access, assessments
from tests.support import people
from tests.support.clock import Clock

PASSWORD = "a long enough password"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A participant with a link to one assessment, which is open."""

    participant: Participant
    link: str
    assessment: UUID
    runtime: Runtime

    @property
    def form(self) -> str:
        """The path of the questionnaire page."""
        return f"/my/assessments/{self.assessment}"

    def answers(self, instrument: str) -> dict[str, Answer]:
        """What the server has of one questionnaire."""
        return dict(self._part(instrument).answers)

    def status(self) -> str:
        """The assessment's status now."""
        with self.runtime.work(people.system, writes=False) as w:
            return assessments.form(w, assessment_id=self.assessment).status.value

    def other(self, timepoint: str) -> UUID:
        """The id of another assessment of this person."""
        with self.runtime.work(people.system, writes=False) as w:
            views = assessments.listing(w, participant_id=self.participant.id)
        return next(view.assessment.id for view in views if view.assessment.timepoint == timepoint)

    def _part(self, instrument: str) -> assessments.FormPart:
        with self.runtime.work(people.system, writes=False) as w:
            parts = assessments.form(w, assessment_id=self.assessment).instruments
        return next(part for part in parts if part.instrument.code == instrument)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Pages are tested over SQLite alone: what the databases do differently is tested below the pages."""
    path = tmp_path / "pro.sqlite"
    template = "sqlite_with_scopes" if "scopes" in request.fixturenames else "migrated_sqlite"
    shutil.copyfile(request.getfixturevalue(template), path)
    return f"sqlite:///{path}"


@pytest.fixture
def visitor(runtime: Runtime, enrolled: Callable[..., Participant]) -> Callable[..., Visitor]:
    """Enrols somebody and mints the link their invitation would carry; to their baseline unless told."""

    def invite(timepoint: str = "baseline", **more: object) -> Visitor:
        participant = enrolled(**more)
        with runtime.work(people.everything) as w:
            views = assessments.listing(w, participant_id=participant.id)
            one = next(view.assessment.id for view in views if view.assessment.timepoint == timepoint)
            token = access.mint_link(w, participant_id=participant.id, assessment_ids=[one])
        return Visitor(participant, f"/l/{token}", one, runtime)

    return invite


@pytest.fixture
def patient(visitor: Callable[..., Visitor], clock: Clock) -> Callable[..., Visitor]:
    """Somebody the day before surgery: a short assessment (36 questions) is open and nothing else."""

    def invite(**more: object) -> Visitor:
        clock.set(datetime(2026, 3, 19, 9, 0, tzinfo=UTC))
        surgery = TrialEvent("surgery", date(2026, 3, 20), actual=False)
        return visitor("before_surgery", events=(surgery,), **more)

    return invite


@pytest.fixture
def signed_in(client: FlaskClient, patient: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """The same, with the client signed in through the link."""

    def enter(**more: object) -> Visitor:
        person = patient(**more)
        assert client.post(person.link).status_code == 303
        return person

    return enter


def words_of(html: str) -> str:
    """What a page says, without its markup."""
    body = re.sub(r"(?s)<(head|svg)\b.*?</\1>", "", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def csrf(client: FlaskClient, path: str = "/my") -> str:
    """The anti-forgery token a page of this session carries."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get(path).get_data(as_text=True))
    assert found
    return found[1]


class Phone:
    """A person with a phone: what they tap, and what they see."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base

    def open(self, person: Visitor) -> None:
        """Open the link of the message and begin."""
        self.page.goto(self.base + person.link)
        self.page.locator("main form button").click()
        expect(self.page).to_have_url(re.compile(re.escape(person.form)))
        self.ready()

    def ready(self) -> None:
        """Wait until the page's script is at work."""
        self.page.wait_for_selector("html[data-ready]")

    def choose(self, nth: int = 0) -> None:
        """Tap the nth answer of the question in view."""
        self.page.locator(".question.current label.choice").nth(nth).click()

    def type(self, words: str) -> None:
        """Type into the question in view."""
        self.page.locator(".question.current .input").fill(words)

    def next(self) -> None:
        """Press Next."""
        self.page.click("#next")

    def answer(self, nth: int = 0) -> None:
        """Answer the question in view in the way its kind asks for, and go on."""
        if self.page.locator(".question.current").get_attribute("data-kind") in ("choice", "yes_no"):
            self.choose(nth)
        else:
            self.type("70")
        self.next()

    def go(self, name: str) -> None:
        """Go straight to a question, or to "review"."""
        self.page.evaluate(f"location.hash = '#/{name}'")
        self.page.wait_for_function(f"document.title && location.hash === '#/{name}'")

    @property
    def question(self) -> str:
        """The name of the question in view; "" at the review."""
        shown = self.page.locator(".question.current")
        return shown.get_attribute("id") or "" if shown.count() else ""

    def shows(self, name: str) -> None:
        """Wait until this question is in view."""
        expect(self.page.locator(".question.current")).to_have_attribute("id", name)

    def state(self, name: str) -> None:
        """Wait until the page says that answers are `saved`, or kept `here`."""
        self.page.wait_for_selector(f"#state[data-state={name}]")

    def kept(self) -> str:
        """What lies in the phone's storage."""
        return str(self.page.evaluate("JSON.stringify(localStorage)"))


@pytest.fixture
def on_phone(phone: Page, live_server: str) -> Phone:
    """The phone of the person under test; an error in a script of ours fails the test."""
    phone.set_default_timeout(20_000)
    phone.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    return Phone(phone, live_server)


@dataclass(frozen=True, slots=True)
class Held:
    """Saves that reach the server and are not taken in before it may `go`."""

    arrived: Event
    go: Event


@pytest.fixture
def held_saves(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """A server so slow that answers are on their way for as long as the test wants."""
    held, save = Held(Event(), Event()), app.view_functions["me.save"]

    def slow(**address: object) -> object:
        held.arrived.set()
        held.go.wait(30)
        return save(**address)

    monkeypatch.setitem(app.view_functions, "me.save", slow)
    yield held
    held.go.set()


@pytest.fixture
def staff_session(runtime: Runtime, clock: Clock) -> Callable[..., str]:
    """The session of staff who signed in with password and one-time code; an admin unless told."""

    def enter(role: str = "admin", **within: str) -> str:
        with runtime.work(people.everything) as w:
            made = access.create_staff(w, email=f"{role}@example.org", password=PASSWORD, role=role, **within)
        code = pyotp.TOTP(made.totp_secret).at(clock.now)
        with runtime.work(people.system) as w:
            signed_in = access.sign_in_with_password(w, email=f"{role}@example.org", password=PASSWORD, code=code)
        return signed_in.access_token

    return enter
