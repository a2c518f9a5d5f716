"""`python -m tests.screenshots [--docs]`: a picture of every screen a patient sees, to be looked at by people.

Each in two languages, three widths, light and dark, in a real browser before the real application with synthetic
people. The clock stands still, so the same code makes the same pictures. With `--docs` a few are kept, small, in
docs/images.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Literal
from uuid import UUID

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from rich.console import Console
from rich.progress import track
from werkzeug.serving import make_server

from pro_service.app import create_app
from pro_service.domain.participants import Contact
from pro_service.domain.schedule import TrialEvent
from pro_service.observability import configure
from pro_service.runtime import Runtime, build
from pro_service.services import access, assessments, participants, responses, studies
from pro_service.settings import from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.support import chromium, people
from tests.support.clock import Clock

FOLDER = Path("var/screenshots")
IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
SHOWN = {
    "question-choice-en-390-light": "question",
    "question-vas-nl-390-dark": "scale",
    "letter-en-390-light": "letter",
    "my-questionnaires-en-390-light": "home",
}
"""Those that stand in the documentation, and their names there."""
LANGUAGES = ("en", "nl")
WIDTHS = (320, 390, 768)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HEIGHT = 844
NOW = datetime(2026, 1, 14, 9, 0, tzinfo=UTC)
PLAIN_PAGES = {
    "landing": "/",
    "letter": "/in",
    "new-link": "/new-link",
    "forged-link": "/l/forged",
    "signed-out": "/my",
    "nothing-here": "/nowhere",
}
SIGNED_IN_PAGES = {"my-questionnaires": "/my", "review": "/my/assessments/{assessment}/review"}


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic participant: the path of their link, and their open assessment."""

    link: str
    assessment: str


def main(arguments: Sequence[str]) -> int:
    """Make all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    configure("error")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it writes down paths, and a path can hold a link
    with (
        tempfile.TemporaryDirectory() as data,
        _serving(Path(data)) as (runtime, base),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.path(), args=list(chromium.ARGUMENTS))
        kinds = _kinds(runtime)
        looks = list(product(LANGUAGES, WIDTHS, SCHEMES))
        for place, (language, width, scheme) in enumerate(track(looks, console=Console(stderr=True))):
            with _phone(browser, language, width, scheme) as context:
                page, name = context.new_page(), f"{language}-{width}-{scheme}"
                for screen in _screens(page, base, _enrol(runtime, place, language), kinds):
                    page.screenshot(path=FOLDER / f"{screen}-{name}.png", animations="disabled", caret="hide")
        browser.close()
    if "--docs" in arguments:
        for picture, name in SHOWN.items():
            with Image.open(FOLDER / f"{picture}.png") as image:
                image.save(IMAGES / f"{name}.webp", quality=80, method=6)
    sys.stdout.write(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}\n")
    return 0


def _screens(page: Page, base: str, person: Person, kinds: dict[str, str]) -> Iterator[str]:
    """Goes from screen to screen; the name of each once it is in view."""
    for name, path in PLAIN_PAGES.items():
        page.goto(base + path)
        yield name
    page.goto(base + person.link)
    yield "welcome"
    page.locator("main form button").click()
    for kind, question in kinds.items():
        expect(page.locator("html[data-ready]")).to_be_attached()
        page.evaluate(f"location.hash = '#/{question}'")
        expect(page.locator(f"[id='{question}'].current")).to_be_visible()
        yield f"question-{kind}"
    for name, path in SIGNED_IN_PAGES.items():
        page.goto(base + path.format(assessment=person.assessment))
        yield name
    page.locator("main form button").first.click()
    page.wait_for_url(f"**/{person.assessment}*")
    expect(page.locator("main h1")).to_be_visible()
    yield "thanks"


@contextmanager
def _phone(browser: Browser, language: str, width: int, scheme: Literal["light", "dark"]) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT}, locale=f"{language}-NL", color_scheme=scheme, has_touch=True,
        service_workers="block",
    )  # fmt: skip
    yield context
    context.close()


@contextmanager
def _serving(data: Path) -> Iterator[tuple[Runtime, str]]:
    """The application over a database of its own that holds SCOPES."""
    environ = {"PRO_ENV": "test", "PRO_DATA_DIR": str(data), "PRO_DATABASE_URL": f"sqlite:///{data / 'pro.sqlite'}"}
    clock = Clock()
    clock.set(NOW)
    runtime = build(from_environment(environ), clock=clock)
    upgrade(runtime.engine)
    text, path = shipped("scopes")
    with runtime.work(people.everything) as work:
        studies.activate(work, code=studies.load(work, document=text, file=str(path)).code)
    server = make_server("127.0.0.1", 0, create_app(runtime), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield runtime, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    runtime.engine.dispose()


def _kinds(runtime: Runtime) -> dict[str, str]:
    """The first question of each kind in the longest assessment: its name on the page, by kind."""
    found: dict[str, str] = {}
    person = _enrol(runtime, 99, "en")
    with runtime.work(people.system, writes=False) as work:
        for part in assessments.form(work, assessment_id=UUID(person.assessment)).instruments:
            for item in part.instrument.items:
                if item.shown_if is None:
                    found.setdefault(item.kind, f"{part.instrument.code}.{item.code}")
    return found


def _enrol(runtime: Runtime, number: int, language: str) -> Person:
    """Somebody with an open baseline, some of it answered, and a link to it."""
    today = date(2026, 1, 12)
    with runtime.work(people.everything) as work:
        study = studies.active(work, code="scopes")
        one = participants.enrol(
            work, study="scopes", code=f"S-{number:02}", site="nki", arm="short", stratum="lower_extremity",
            language=language, contact=Contact(email=f"s{number}@example.org", birth_year=1961),
            eligibility={each.code: "no" if each.excludes else "yes" for each in study.criteria},
            consented_on=today, events=[TrialEvent("randomisation", today)],
        )  # fmt: skip
        baseline = assessments.listing(work, participant_id=one.id)[0].assessment
        token = access.mint_link(work, participant_id=one.id, assessment_ids=[baseline.id])
    with runtime.work(people.patient(one.id)) as work:
        answers = {f"q{item}": 1 + item % 4 for item in range(1, 29)}
        responses.save(work, assessment_id=baseline.id, instrument="qlq-c30", answers=answers, revision=0)
    return Person(f"/l/{token}", str(baseline.id))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
