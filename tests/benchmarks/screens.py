"""first_screen, first_question: a patient's phone on a slow line, from the link in a message to the first question.

Chromium on 400 kbit/s with 400 ms there and back, and a processor slowed down four times, before the real server.
`first_screen` is from opening the link until the button can be pressed; `first_question` from pressing it until the
first question can be answered, some seconds of reading "Welcome" later, by the phone's own clock. The limit is what
that line takes for the page alone: one trip there and back for each step that needs the one before it, and its bytes.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

from playwright.sync_api import Browser, expect, sync_playwright

from pro_service.cli.processes import APPLICATION, HERE
from pro_service.domain.schedule import TrialEvent
from pro_service.runtime import build
from pro_service.services import access, assessments, participants, studies
from pro_service.settings import Settings, from_environment
from pro_service.storage.migrations import upgrade
from pro_service.studies.reader import shipped
from tests.benchmarks.http import serving
from tests.support import chromium, people
from tests.support.line import SLOW_3G, watched

NAMES = ("first_screen", "first_question")
ROUNDS = 5
READING = 4_000
"""Milliseconds somebody looks at the first screen."""
STEPS = {"first_screen": 2, "first_question": 2}
"""Trips that need the one before: the page and its style sheet; signing in and the page it leads to."""
CLOCK = """(() => {
  const now = () => performance.timeOrigin + performance.now();
  const watch = new MutationObserver(() => {
    if (!document.documentElement.dataset.ready) return;
    watch.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => (window.benchReady = now())));
  });
  watch.observe(document, { attributes: true, subtree: true, attributeFilter: ["data-ready"] });
  addEventListener("click", () => sessionStorage.setItem("bench-pressed", now()), true);
})()"""
"""Notes when the button was pressed, and when what the scripts made ready for answers was painted."""
WAITED = "window.benchReady && (window.benchReady - Number(sessionStorage.getItem('bench-pressed'))) / 1000"


def run() -> Iterator[dict[str, object]]:
    """Measure; one line per name."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/pro.sqlite"
        settings = from_environment({"PRO_ENV": "test", "PRO_DATA_DIR": folder, "PRO_DATABASE_URL": url})
        token = _link(settings)
        with serving(settings, APPLICATION, dict(os.environ)) as port, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.path(), args=list(chromium.ARGUMENTS))
            rounds = [_visit(browser, f"http://{HERE}:{port}/l/{token}") for _ in range(ROUNDS + 1)][1:]
            browser.close()
    for place, name in enumerate(NAMES):
        yield _line(name, [one[place] for one in rounds])


def _link(settings: Settings) -> str:
    """The token of a link to a baseline that is open."""
    runtime = build(settings)
    upgrade(runtime.engine)
    text, path = shipped("scopes")
    today = datetime.now(UTC).date() - timedelta(days=1)
    with runtime.work(people.everything) as work:
        study = studies.activate(work, code=studies.load(work, document=text, file=str(path)).code)
        one = participants.enrol(
            work, study=study.code, code="B-1", site="nki", arm="short", stratum="lower_extremity", language="en",
            eligibility={each.code: "no" if each.excludes else "yes" for each in study.criteria},
            consented_on=today, events=[TrialEvent("randomisation", today)],
        )  # fmt: skip
        baseline = assessments.listing(work, participant_id=one.id)[0].assessment
        token = access.mint_link(work, participant_id=one.id, assessment_ids=[baseline.id])
    runtime.engine.dispose()
    return token


def _visit(browser: Browser, link: str) -> tuple[tuple[float, int], tuple[float, int]]:
    """Seconds and bytes until the button can be pressed, and from then until the first question can be answered."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.add_init_script(CLOCK)
    line = watched(page, slow=True)
    started = perf_counter()
    page.goto(link, wait_until="commit")
    button = page.locator("main form button")
    expect(button).to_be_enabled()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    first = (perf_counter() - started, line.transferred)
    page.wait_for_timeout(READING)
    before = line.transferred
    button.click(no_wait_after=True)
    expect(page.locator("html[data-ready] .question.current")).to_be_visible()
    waited = page.wait_for_function(WAITED).json_value()
    second = (float(waited), line.transferred - before)
    context.close()
    return first, second


def _line(name: str, rounds: list[tuple[float, int]]) -> dict[str, object]:
    value = statistics.median(seconds for seconds, _ in rounds)
    weight = statistics.median(taken for _, taken in rounds)
    limit = STEPS[name] * SLOW_3G["latency"] / 1000 + weight / SLOW_3G["downloadThroughput"]
    return {
        "name": name,
        "value": round(value, 3),
        "unit": "s",
        "limit": round(limit, 3),
        "limit_is": f"{STEPS[name]} trips of 400 ms and {weight:.0f} bytes at 400 kbit/s",
        "ratio": round(value / limit, 3),
        "samples": ROUNDS,
        "peak_mb": 0.0,
    }
