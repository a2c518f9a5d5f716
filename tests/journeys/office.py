"""What the trial office and a patient do, each as one plain verb over HTTP, the workers and the clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient

from pro_service.domain.protocol import Study
from pro_service.runtime import Runtime
from tests.support.clock import Clock
from tests.support.postbox import Postbox
from workers import reminders, scores

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass
class Office:
    """The trial office with its API key, and the machinery that works by itself."""

    client: FlaskClient
    key: str
    study: Study
    runtime: Runtime
    clock: Clock
    postbox: Postbox

    def call(self, method: str, path: str, body: object = None, *, token: str = "", expect: int = 200) -> Any:
        """One request with the office's key, or with a patient's token; fails unless answered as expected."""
        headers = {"Authorization": f"Bearer {token or self.key}"}
        answer = self.client.open(f"/api/v1{path}", method=method, json=body, headers=headers)
        assert answer.status_code == expect, answer.get_data(as_text=True)
        return answer.get_json()

    def it_becomes(self, local: str) -> None:
        """Time passes until this local moment in Amsterdam; the workers wake up and do what is due."""
        self.clock.set(datetime.fromisoformat(local).replace(tzinfo=AMSTERDAM).astimezone(UTC))
        reminders.sweep(self.runtime)
        reminders.send(self.runtime)
        scores.close(self.runtime)
        scores.score(self.runtime)

    def signs_in(self, link: str) -> str:
        """A patient presses the button behind a link; the token of the session."""
        return str(self.call("POST", "/sessions/link", {"token": link.rsplit("/", 1)[1]})["access_token"])

    def enrols(self, code: str, *, arm: str, stratum: str, randomised: str, email: str, language: str = "en") -> str:
        """A new participant; the id."""
        made = self.call(
            "POST",
            f"/studies/{self.study.code}/participants",
            {
                "code": code, "site": "nki", "arm": arm, "stratum": stratum, "language": language,
                "contact": {"name": "Somebody", "email": email}, "consented_on": randomised,
                "eligibility": {c.code: "no" if c.excludes else "yes" for c in self.study.criteria},
                "events": [{"kind": "randomisation", "on": randomised}],
            },
            expect=201,
        )  # fmt: skip
        return str(made["id"])

    def records(self, person: str, kind: str, on: str, *, actual: bool = True, reason: str = "") -> list[Any]:
        """An event; the changes to the schedule that follow from it."""
        body = {"kind": kind, "on": on, "actual": actual, "reason": reason}
        return list(self.call("POST", f"/participants/{person}/events", body, expect=201)["changes"])

    def previews(self, person: str, kind: str, on: str, *, actual: bool = True) -> list[Any]:
        """What an event would change; nothing is written."""
        body = {"kind": kind, "on": on, "actual": actual}
        return list(self.call("POST", f"/participants/{person}/events?preview=true", body)["changes"])

    def schedule(self, person: str) -> dict[str, Any]:
        """A participant's assessments by timepoint."""
        found = self.call("GET", f"/participants/{person}/assessments")
        return {one["timepoint"]: one for one in found["items"]}


def link_in(message: Any) -> str:
    """The sign-in link of a message, as a patient would see it."""
    found = re.search(r"http://localhost(/l/\S+)", message.get_body(("plain",)).get_content())
    assert found
    return found[1]
