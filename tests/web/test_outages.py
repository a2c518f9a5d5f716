"""What happens around a form that is being answered: servers stop, batteries die, clocks are wrong, windows close."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from werkzeug.serving import BaseWSGIServer, make_server

from pro_service.storage.responses import response
from tests.support import chromium
from tests.support.clock import Clock
from tests.support.ports import free_port
from tests.web.conftest import Phone, Visitor
from tests.web.test_offline import heading, wait_kept

Invite = Callable[..., Visitor]


class Server:
    """A server that can be stopped, and started again at the same address."""

    def __init__(self, app: Flask) -> None:
        self.app, self.port = app, free_port()
        self.running: tuple[BaseWSGIServer, threading.Thread] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        server = make_server("127.0.0.1", self.port, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        self.running = server, thread

    def stop(self) -> None:
        if self.running:
            server, thread = self.running
            server.shutdown()
            thread.join(timeout=10)
            server.server_close()
            self.running = None


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    made = Server(app)
    made.start()
    yield made
    made.stop()


def test_a_server_that_restarts_in_the_middle_is_hardly_noticed(phone: Page, server: Server, patient: Invite) -> None:
    person = patient()
    on_phone = Phone(phone, server.base)
    on_phone.open(person)
    wait_kept(phone, person.form)
    on_phone.answer(1)
    on_phone.state("saved")
    server.stop()
    on_phone.answer(2)
    on_phone.state("here")
    phone.reload()
    on_phone.ready()
    assert on_phone.question == "qlq-c30.q3"
    on_phone.answer(3)
    on_phone.state("here")
    server.start()
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3, "q3": 4}


def test_a_page_that_fails_on_our_side_opens_as_it_was_kept(
    on_phone: Phone, patient: Invite, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = patient()
    on_phone.open(person)
    wait_kept(on_phone.page, person.form)

    def broken(**_address: object) -> tuple[str, int]:
        return "the database is away", 503

    monkeypatch.setitem(app.view_functions, "patient.assessment", broken)
    on_phone.page.reload()
    on_phone.ready()
    on_phone.answer(1)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2}


@pytest.mark.parametrize("days", [-1, 1])
def test_a_phone_whose_clock_is_wrong_by_a_day_answers_like_any_other(
    on_phone: Phone, patient: Invite, clock: Clock, days: int
) -> None:
    person = patient()
    theirs = clock.now + timedelta(days=days)  # tomorrow the window is closed
    on_phone.page.clock.set_fixed_time(theirs)
    on_phone.open(person)
    on_phone.choose(1)
    on_phone.state("saved")
    on_phone.page.reload()  # still signed in
    on_phone.ready()
    with person.runtime.engine.connect() as connection:
        stamps = connection.execute(select(response.c.stamps)).scalar_one()["q1"]
    assert datetime.fromisoformat(stamps["seen"]) == theirs
    assert datetime.fromisoformat(stamps["answered"]) == clock.now
    on_phone.go("review")
    on_phone.page.click("#send")
    heading(on_phone.page, "Thank you")
    assert person.status() == "submitted"


def test_a_clock_set_right_by_a_year_loses_no_answer(on_phone: Phone, patient: Invite, clock: Clock) -> None:
    """An empty battery set it back to last year; then, with network, it is today again."""
    person, page = patient(), on_phone.page
    page.clock.set_fixed_time(clock.now - timedelta(days=400))
    on_phone.open(person)
    page.context.set_offline(True)
    on_phone.choose(1)
    on_phone.state("here")
    page.close()  # and with it what it holds besides the phone's storage
    page = page.context.new_page()
    page.clock.set_fixed_time(clock.now)
    page.context.set_offline(False)
    page.goto(on_phone.base + "/my/calendar")  # a page that tidies up, and sends nothing
    expect(page.locator("h1")).to_have_text("In my calendar")
    page.wait_for_function("navigator.serviceWorker.ready.then(() => true)")
    on_phone.page = page
    page.goto(on_phone.base + person.form)
    on_phone.ready()
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2}


def test_a_window_that_closes_while_there_is_no_network_says_what_came_too_late(
    on_phone: Phone, patient: Invite, clock: Clock
) -> None:
    """Failure row 35."""
    person = patient()
    clock.set(datetime(2026, 3, 19, 22, 55, tzinfo=UTC))  # five minutes to midnight there
    on_phone.open(person)
    on_phone.answer(1)
    on_phone.state("saved")
    on_phone.page.context.set_offline(True)
    on_phone.answer(2)
    on_phone.state("here")
    clock.advance(minutes=25)  # the hour of grace
    on_phone.page.context.set_offline(False)
    on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3}
    clock.advance(minutes=25)
    on_phone.choose(1)
    on_phone.state("saved")
    on_phone.page.context.set_offline(True)
    on_phone.choose(2)
    on_phone.state("here")
    clock.advance(minutes=25)  # it is over, and so says the server's clock, whatever the phone's may say
    on_phone.page.context.set_offline(False)
    expect(on_phone.page.locator("#alarm")).to_contain_text("came too late")
    on_phone.page.get_by_role("link", name="Go on").click()
    heading(on_phone.page, "The time for this questionnaire is over")
    assert person.status() == "partial"
    assert on_phone.kept() == "{}"


def test_a_telephone_and_a_tablet_fill_in_one_form_together(on_phone: Phone, patient: Invite, browser: Browser) -> None:
    person = patient()
    with browser.new_context(locale="en-GB") as context:
        tablet = Phone(context.new_page(), on_phone.base)
        tablet.open(person)
        on_phone.open(person)
        on_phone.answer(0)
        on_phone.answer(1)
        on_phone.state("saved")
        tablet.choose(3)
        asked = tablet.page.locator(".question.current [role=alert]")
        expect(asked).to_contain_text("differently on another device: None")
        tablet.go("review")
        tablet.page.click("#send")  # nothing is sent before it is chosen
        expect(asked).to_be_visible()
        asked.get_by_role("button", name="The one on this screen: Strong").click()
        tablet.state("saved")
        assert person.answers("qlq-c30") == {"q1": 4, "q2": 2}
        tablet.go("qlq-c30.q2")
        expect(tablet.page.locator(".question.current input:checked")).to_have_value("2")
        tablet.go("review")
        tablet.page.click("#send")
        heading(tablet.page, "Thank you")
    on_phone.choose(2)
    expect(on_phone.page.locator("#alarm")).to_contain_text("already been sent")
    on_phone.page.get_by_role("link", name="Go on").click()
    heading(on_phone.page, "Thank you")
    assert person.answers("qlq-c30") == {"q1": 4, "q2": 2}
    assert on_phone.kept() == "{}"


def test_a_dead_battery_loses_nothing(server: Server, patient: Invite, browser: Browser, tmp_path: Path) -> None:
    person = patient()
    with phone_of(browser, tmp_path) as page:
        on_phone = Phone(page, server.base)
        on_phone.open(person)
        wait_kept(page, person.form)
        on_phone.answer(1)
        on_phone.state("saved")
        page.context.set_offline(True)
        on_phone.answer(2)
        on_phone.state("here")
    server.stop()
    with phone_of(browser, tmp_path) as page:
        on_phone = Phone(page, server.base)
        page.goto(server.base + person.form)
        on_phone.ready()
        on_phone.shows("qlq-c30.q3")
        on_phone.answer(3)
        on_phone.state("here")
        server.start()
        on_phone.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3, "q3": 4}


@contextmanager
def phone_of(browser: Browser, folder: Path) -> Iterator[Page]:
    """A browser of its own, whose storage lies in this folder and stays."""
    with browser.browser_type.launch_persistent_context(
        folder, executable_path=chromium.path(), args=list(chromium.ARGUMENTS), locale="en-GB"
    ) as context:
        yield context.pages[0]
