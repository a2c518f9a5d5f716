"""One journey in real Firefox and real WebKit, at night, where they are installed: by day Chromium stands for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pro_service.services import responses
from tests.support import other_browsers, people
from tests.support.other_browsers import OtherBrowser
from tests.support.ports import wait_until
from tests.web.conftest import Visitor
from tests.web.test_outages import Server, server

__all__ = ["server"]
Invite = Callable[..., Visitor]
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(300)]
CURRENT = "document.querySelector('.question.current')"
HEADING = "document.querySelector('h1').textContent"
KEPT = "caches.match(location.pathname, { cacheName: 'pro-pages' }).then(Boolean)"


class Hand:
    """A person's hand on such a browser."""

    def __init__(self, browser: OtherBrowser, base: str) -> None:
        self.browser, self.base = browser, base

    def ready(self) -> None:
        self.browser.wait("document.documentElement.dataset.ready === 'yes'")

    def shows(self, question: str) -> None:
        self.browser.wait(f"{CURRENT}.id === '{question}'")

    def state(self, name: str) -> None:
        self.browser.wait(f"document.getElementById('state').dataset.state === '{name}'")

    def answer(self, code: int) -> None:
        """Tap an answer of the question in view, and Next."""
        self.browser.tap(f".question.current .choice:nth-of-type({code})")
        self.browser.tap("#next")

    def reload(self) -> None:
        """As people do it: the WebDriver of Firefox passes the service worker by."""
        self.browser.run("delete document.documentElement.dataset.ready; location.reload()")
        self.ready()


@pytest.fixture(params=["firefox", "webkit"])
def hand(request: pytest.FixtureRequest, server: Server) -> Iterator[Hand]:
    """One of the two browsers, newly opened."""
    if why := other_browsers.missing(request.param):
        pytest.skip(why)
    with other_browsers.running(request.param) as browser:
        yield Hand(browser, server.base)


def test_a_form_is_answered_put_by_taken_up_again_without_network_and_sent(
    hand: Hand, server: Server, patient: Invite
) -> None:
    person, browser = patient(), hand.browser
    browser.go(hand.base + person.link)
    browser.tap("main form button")
    hand.ready()
    assert browser.look("[...document.querySelectorAll('.question')].filter((each) => each.offsetParent).length") == 1
    hand.answer(2)
    hand.shows("qlq-c30.q2")
    hand.state("saved")
    browser.wait(KEPT)
    browser.wait("navigator.serviceWorker.controller !== null")
    assert person.answers("qlq-c30") == {"q1": 2}

    server.stop()
    hand.answer(3)
    hand.state("here")
    hand.reload()
    hand.shows("qlq-c30.q3")
    server.start()
    browser.run("dispatchEvent(new Event('online'))")
    hand.state("saved")
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3}

    # an answer, and away in the same moment: then another device goes on
    leave = f"{CURRENT}.querySelector('input').click(); document.querySelector('.brand a').click()"
    browser.run(leave)
    browser.wait("location.pathname === '/my' && document.readyState === 'complete'")
    wait_until(lambda: person.answers("qlq-c30") == {"q1": 2, "q2": 3, "q3": 1}, what="the last answer")
    with person.runtime.work(people.patient(person.participant.id)) as w:
        responses.save(w, assessment_id=person.assessment, instrument="qlq-c30", answers={"q4": 4}, revision=3)
    browser.back()
    hand.ready()
    browser.wait("document.querySelector('[name=\"qlq-c30.q4\"]:checked')?.value === '4'")

    browser.run("location.hash = '#/eq-5d-5l.VAS'")
    hand.shows("eq-5d-5l.VAS")
    browser.type(".question.current .input", "70")
    hand.state("saved")
    hand.reload()
    browser.wait("document.querySelector('.vas-slider').value === '70'")

    browser.run("location.hash = '#/review'")
    browser.wait("!document.getElementById('review').hidden")
    browser.tap("#send")
    browser.wait(f"{HEADING} === 'Thank you'")
    assert person.status() == "submitted"
    assert person.answers("qlq-c30") == {"q1": 2, "q2": 3, "q3": 1, "q4": 4}
    assert person.answers("eq-5d-5l") == {"VAS": 70}
    browser.wait("localStorage.length === 0")
    browser.back()
    browser.wait(f"{HEADING} === 'Thank you'")
