"""From screen to screen, as a patient comes to see them: one route for each reason to be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from playwright.sync_api import Page, expect

from tests.screenshots.trial import NOW, Person

ONE_OF_EACH = {
    "choice": "qlq-c30.q1",
    "seven": "qlq-c30.q29",
    "vas": "eq-5d-5l.VAS",
    "five": "tess-le.q1",
    "yes-no": "imcq.gp",
    "count": "imcq.gp_visits",
    "number": "imcq.home_household_hours",
    "text": "imcq.medication_list",
    "date": "ipcq.absent_since",
}
"""A question of every kind: its name on the page."""
GATES = ("imcq.gp", "imcq.home_household", "imcq.medication", "ipcq.work", "ipcq.absent", "ipcq.absent_long")
OPEN_GATES: dict[str, dict[str, int | float | str]] = {
    "imcq": {"gp": 1, "home_household": 1, "medication": 1},
    "ipcq": {"work": 1, "absent": 1, "absent_long": 1},
}
WRONG = {
    "count": ("imcq.gp_visits", "201"),
    "number": ("imcq.home_household_hours", "1.000"),
    "text": ("imcq.medication_list", "Paracetamol 500 mg. " * 120),
    "date": ("ipcq.absent_since", "0019-03-01"),
}
ANSWER = ".question.current label.choice"


@dataclass(frozen=True, slots=True)
class Walk:
    """A phone in somebody's hand."""

    page: Page
    person: Person

    @property
    def base(self) -> str:
        """Where the application listens."""
        return self.person.trial.base

    def visit(self, path: str) -> None:
        """Go to a page by its path."""
        self.page.goto(self.base + path)

    def enter(self, path: str = "") -> None:
        """Sign in by the link; then on to a page."""
        self.visit(self.person.link)
        self.press("main form button")
        if path:
            self.visit(path)

    def fill_in(self, question: str = "") -> None:
        """Sign in, and to a question of the baseline."""
        self.enter(self.person.form)
        self.ready()
        if question:
            self.to(question)

    def ready(self) -> None:
        """Wait until the page's script is at work."""
        expect(self.page.locator("html[data-ready]")).to_be_attached()

    def to(self, question: str) -> None:
        """To a question, or to "review"."""
        self.page.evaluate(f"location.hash = '#/{question}'")
        shown = "#review" if question == "review" else f"[id='{question}'].current"
        expect(self.page.locator(shown)).to_be_visible()

    def press(self, selector: str) -> None:
        """Press the first of these, and wait for the page that comes."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def next(self) -> None:
        """Tap Next, where it is: a click would scroll the page first."""
        expect(self.page.locator("#next")).to_be_enabled()
        box = self.page.locator("#next").bounding_box()
        assert box
        self.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def typed(self, question: str, words: str) -> None:
        """Type into a question, and press Next."""
        self.to(question)
        self.page.locator(".question.current .input").fill(words)
        self.next()

    def state(self, name: str) -> None:
        """Wait until the page says how answers are kept."""
        expect(self.page.locator(f"#state[data-state={name}]")).to_be_visible()

    @contextmanager
    def without_network(self) -> Iterator[None]:
        """As in a cellar."""
        self.page.context.set_offline(True)
        yield
        self.page.context.set_offline(False)


Route = Callable[[Walk], Iterator[str]]


def before_signing_in(walk: Walk) -> Iterator[str]:
    """What anybody can come by."""
    for name, path in {
        "landing": "/", "letter": "/in", "new-link": "/new-link", "forged-link": "/l/forged", "signed-out": "/my",
        "nothing-here": "/nowhere", "offline": "/offline",
    }.items():  # fmt: skip
        walk.visit(path)
        yield name
    walk.visit("/new-link")
    walk.press("main form button")
    yield "new-link-empty"
    walk.page.fill("#who", "somebody@example.org")
    walk.press("main form button")
    yield "new-link-asked"


def by_letter(walk: Walk) -> Iterator[str]:
    """A code from paper: mistyped, and with another's year."""
    for name, code, year in (("typing-error", "28T-5CY-4TJ", "1961"), ("wrong-year", walk.person.letter(), "1916")):
        walk.visit("/in")
        walk.page.fill("#code", code)
        walk.page.fill("#birth_year", year)
        walk.press("main form button")
        yield f"letter-{name}"


def the_link(walk: Walk) -> Iterator[str]:
    """In by the link, and the list of what is open."""
    walk.visit(walk.person.link)
    yield "welcome"
    walk.press("main form button")
    walk.ready()
    yield "form-resumed"
    walk.visit("/my")
    yield "my-questionnaires"
    walk.page.evaluate("document.querySelectorAll('#install, .by-button').forEach((each) => each.hidden = false)")
    walk.page.locator("#install").scroll_into_view_if_needed()
    yield "my-questionnaires-install"


def each_kind_of_question(walk: Walk) -> Iterator[str]:
    """A question of every kind, open; and three with an answer."""
    for instrument, answers in OPEN_GATES.items():
        walk.person.answers(instrument, dict(answers))
    walk.fill_in()
    for kind, question in ONE_OF_EACH.items():
        walk.to(question)
        yield f"question-{kind}"
    walk.to("qlq-c30.q30")
    walk.page.locator(ANSWER).nth(4).click()
    walk.state("saved")
    yield "question-answered"
    walk.to("eq-5d-5l.VAS")
    walk.page.locator(".question.current .input").fill("64")
    walk.state("saved")
    yield "question-vas-set"
    walk.to("imcq.gp_visits")
    walk.page.locator(".question.current [value=declined]").check()
    walk.state("saved")
    yield "question-declined"


def what_cannot_be_an_answer(walk: Walk) -> Iterator[str]:
    """What is said at the field; and nothing at all, asked about once."""
    for instrument, answers in OPEN_GATES.items():
        walk.person.answers(instrument, dict(answers))
    walk.fill_in()
    for kind, (question, words) in WRONG.items():
        walk.typed(question, words)
        yield f"wrong-{kind}"
    walk.to("tess-le.q7")
    walk.next()
    yield "asked-once"


def own_pace(walk: Walk) -> Iterator[str]:
    """Settings, and the way back after a tap."""
    walk.fill_in("tess-le.q3")
    walk.page.locator("#settings summary").click()
    walk.page.locator("#settings").scroll_into_view_if_needed()
    yield "settings"
    walk.page.locator("#settings [name=moving_on]").check()
    expect(walk.page.locator("#settings [role=status]")).not_to_be_empty()
    yield "settings-kept"
    walk.page.locator("#settings summary").click()
    walk.page.evaluate("scrollTo(0, 0)")
    walk.page.locator(ANSWER).nth(3).click()
    expect(walk.page.locator("#undo")).to_be_visible()
    yield "undo"


def largest_text(walk: Walk) -> Iterator[str]:
    """The largest letters."""
    walk.fill_in("tess-le.q3")
    walk.page.locator("#settings summary").click()
    walk.page.locator("[name=text_size][value=largest]").check()
    expect(walk.page.locator("#settings [role=status]")).not_to_be_empty()
    walk.page.locator("#settings summary").click()
    for kind in ("choice", "vas", "five"):
        walk.to(ONE_OF_EACH[kind])
        yield f"largest-{kind}"
    walk.to("review")
    yield "largest-review"
    walk.visit("/my")
    yield "largest-my-questionnaires"


def a_broken_line(walk: Walk) -> Iterator[str]:
    """No network: while answering, at Send, and at the list."""
    walk.fill_in("qlq-c30.q29")
    with walk.without_network():
        walk.page.locator(ANSWER).nth(2).click()
        walk.state("here")
        yield "no-connection"
        walk.to("review")
        walk.page.click("#send")
        expect(walk.page.locator("#alarm")).to_be_visible()
        yield "not-sent-yet"


def two_devices(walk: Walk) -> Iterator[str]:
    """The same question answered otherwise elsewhere; then all of it sent elsewhere."""
    walk.fill_in("qlq-c30.q29")
    walk.person.answers("qlq-c30", {"q29": 6}, revision=1)
    walk.page.locator(ANSWER).nth(2).click()
    expect(walk.page.locator(".question.current .message button").first).to_be_visible()
    yield "two-devices"
    walk.page.locator(".question.current .message button").first.click()
    walk.state("saved")
    walk.person.sends()
    walk.page.locator(ANSWER).nth(1).click()
    expect(walk.page.locator("#alarm")).to_be_visible()
    yield "sent-elsewhere"


def signed_out_meanwhile(walk: Walk) -> Iterator[str]:
    """The session ended while answering."""
    walk.fill_in("qlq-c30.q29")
    walk.page.context.clear_cookies()
    walk.page.locator(ANSWER).nth(2).click()
    expect(walk.page.locator("#alarm")).to_be_visible()
    yield "signed-out-meanwhile"


def to_the_end(walk: Walk) -> Iterator[str]:
    """The review, sending, and what is left to do after it."""
    walk.fill_in("review")
    yield "review"
    walk.page.click("#send")
    expect(walk.page.locator(".tick")).to_be_visible()
    yield "thanks"
    walk.visit("/my")
    yield "my-questionnaires-nothing-open"
    walk.visit(walk.person.form_of("month_3"))
    yield "not-open-yet"
    walk.visit(walk.person.form_of("before_surgery"))
    yield "no-date-yet"
    walk.visit("/my/calendar")
    yield "calendar"
    walk.press("main form button")
    yield "calendar-made"
    walk.visit("/my/calendar")
    yield "calendar-on"
    walk.visit(walk.person.link)
    yield "used-link"


def nothing_left_open(walk: Walk) -> Iterator[str]:
    """The review of somebody who answered every question."""
    full = {"qlq-c30": 30, "tess-le": 30}
    for instrument, items in full.items():
        answers = {f"q{item}": 2 for item in range(1, items + 1)}
        walk.person.answers(instrument, dict(answers), revision=1 if instrument == "qlq-c30" else 0)
    walk.person.answers("eq-5d-5l", {"MO": 1, "SC": 1, "UA": 2, "PD": 2, "AD": 1, "VAS": 71})
    for instrument, gates in {"imcq": IMCQ, "ipcq": ("work", "unpaid")}.items():
        walk.person.answers(instrument, dict.fromkeys(gates, 0))
    walk.fill_in()
    yield "review-all"


IMCQ = (
    "gp", "nurse", "company_doctor", "social_worker", "physio", "exercise", "occupational", "speech", "dietitian",
    "psychologist", "psychiatry", "home_household", "home_personal", "home_nursing", "ambulance", "emergency",
    "outpatient", "day_treatment", "admission", "rehabilitation", "nursing_home", "psychiatric_stay", "medication",
)  # fmt: skip


def later_on(walk: Walk) -> Iterator[str]:
    """Weeks later: two at once, one that may wait, one that is over, one that is not needed."""
    walk.person.trial.clock.set(datetime(2026, 4, 2, 9, 0, tzinfo=UTC))
    walk.person.happens("radiotherapy_start", date(2026, 1, 26))
    walk.person.happens("radiotherapy_end", date(2026, 2, 12))
    walk.person.happens("surgery", date(2026, 2, 20))
    walk.visit(walk.person.link_to("month_3"))
    walk.press("main form button")
    walk.visit("/my")
    yield "my-questionnaires-two"
    walk.visit(walk.person.form)
    yield "over"
    walk.visit(walk.person.form_of("end_of_radiotherapy"))
    yield "missed"
    walk.person.trial.clock.set(NOW)


def messages(walk: Walk) -> Iterator[str]:
    """Which messages, and when."""
    walk.visit(walk.person.messages)
    yield "messages"
    walk.page.fill("#paused_until", "2020-01-01")
    walk.press("main form button")
    yield "messages-wrong"
    walk.page.fill("#paused_until", "2026-02-01")
    walk.press("main form button")
    yield "messages-saved"
    walk.press("[name=stop]")
    yield "messages-stopped"


def on_our_side(walk: Walk) -> Iterator[str]:
    """Something is broken here: the database has lost a table for a moment."""
    walk.enter()
    engine = walk.person.trial.runtime.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE participant RENAME TO elsewhere")
    walk.visit("/my")
    yield "our-fault"
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO participant")


ROUTES: tuple[Route, ...] = (
    before_signing_in, by_letter, the_link, each_kind_of_question, what_cannot_be_an_answer, own_pace, largest_text,
    a_broken_line, two_devices, signed_out_meanwhile, to_the_end, nothing_left_open, later_on, messages, on_our_side,
)  # fmt: skip


def without_script(walk: Walk) -> Iterator[str]:
    """The long form, its complaints, and the review."""
    for instrument, answers in OPEN_GATES.items():
        walk.person.answers(instrument, dict(answers))
    walk.enter(walk.person.form)
    yield "plain-form"
    walk.page.locator("[id='imcq.home_household_hours']").scroll_into_view_if_needed()
    yield "plain-questions"
    walk.page.locator("[name='imcq.home_household_hours']").fill("1.000")
    walk.press("[name=intent][value=review]:visible")
    yield "plain-wrong"
    walk.page.locator("[id='imcq.home_household_hours']").scroll_into_view_if_needed()
    yield "plain-wrong-field"
    walk.visit(f"{walk.person.form}/review")
    yield "plain-review"


PLAIN_ROUTES: tuple[Route, ...] = (without_script,)
