"""Messages in tests: sweeps and sends on the test's clock, a provider that answers from a script, and the outbox."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select

from pro_service.domain.deliveries import Explanation
from pro_service.domain.messages import Channel, Handing, Message, Receipt, freely
from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import assessments, deliveries, events, explanations, reminders, responses
from pro_service.storage.deliveries import delivery
from tests.support import people
from tests.support.clock import Clock

Enrol = Callable[..., Participant]
TODAY = date(2026, 1, 12)
MONDAY = date(2026, 2, 16)


@dataclass
class Provider:
    """A channel that answers from a script: an error is raised, anything else is a yes."""

    answers: list[Exception | str] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)

    def send(self, message: Message, handing: Handing = freely) -> Receipt:
        handing()
        answer = self.answers.pop(0) if self.answers else "250"
        if isinstance(answer, Exception):
            raise answer
        self.taken.append(message)
        return Receipt(answer)

    def channels(self, *, deduplicates: bool = False) -> dict[str, Channel]:
        return {"email": Channel("email", self.send, deduplicates)}


class Killed(BaseException):
    """The process dies here: nothing may catch it."""


@dataclass
class Post:
    """Sweeps and sends on the test's clock, and reads the outbox."""

    runtime: Runtime
    clock: Clock

    def __post_init__(self) -> None:
        self.open_work = partial(self.runtime.work, people.system)

    def sweep(self) -> int:
        return reminders.sweep(self.open_work)

    def send(self, channels: dict[str, Channel] | None = None) -> int:
        return deliveries.send_due(
            self.open_work, channels=channels or self.runtime.channels, base_url="https://pro.test"
        )

    def tick(self) -> int:
        self.sweep()
        return self.send()

    def until(self, day: str, hour: int = 9) -> None:
        """Tick four times a day until that day, the first time at the hour it is now."""
        end = datetime.fromisoformat(f"{day}T{hour:02}:00+00:00")
        while self.clock.now < end:
            self.clock.advance(hours=6)
            self.tick()

    @property
    def outbox(self) -> list[str]:
        """When each message arrived, in the order of their dates: `01-12 10:00`."""
        return sorted(f"{sent:%m-%d %H:%M}" for sent in self.sent_at())

    def sent_at(self) -> list[datetime]:
        with self.runtime.work(people.everything) as w:
            rows = w.session.execute(select(delivery.c.sent_at).where(delivery.c.outcome == "sent"))
            return [row.sent_at for row in rows]

    def mails(self) -> list[str]:
        """The text of every message in the outbox."""
        paths = sorted(Path(self.runtime.settings.data_dir / "outbox").glob("*.eml"))
        parsed = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]
        return [str(body.get_content()) for one in parsed if (body := one.get_body(("plain",))) is not None]

    def why(self, participant: Participant, day: date = TODAY) -> list[str]:
        """What was decided of a day, and the outcome where there is one."""
        with self.runtime.work(people.everything) as w:
            found: Sequence[Explanation] = explanations.explain(w, participant_id=participant.id, day=day)
        return [" ".join(filter(None, (str(one.delivery.decision), one.delivery.outcome))) for one in found]


def submit(post: Post, participant: Participant, timepoint: str) -> None:
    with post.runtime.work(people.patient(participant.id)) as w:
        views = assessments.listing(w, participant_id=participant.id)
        (one,) = [view.assessment for view in views if view.assessment.timepoint == timepoint]
        responses.submit(w, assessment_id=one.id)


def happened(post: Post, participant: Participant, kind: str, on: date, *, actual: bool = True) -> None:
    with post.runtime.work(people.everything) as w:
        events.record(w, participant_id=participant.id, kind=kind, on=on, actual=actual)


planned = partial(happened, actual=False)


def after_radiotherapy(post: Post, enrolled: Enrol, clock: Clock) -> Participant:
    """Somebody whose radiotherapy ended on Friday 13 February, on the Monday after, with baseline submitted."""
    person = enrolled()
    submit(post, person, "baseline")
    clock.set(datetime(2026, 2, 16, 9, 0, tzinfo=UTC))
    happened(post, person, "radiotherapy_start", date(2026, 1, 26))
    happened(post, person, "radiotherapy_end", date(2026, 2, 13))
    return person
