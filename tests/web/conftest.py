"""What tests of pages start from: a participant with an open questionnaire, signed in through a real link."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from pro_service.domain.participants import Participant
from pro_service.runtime import Runtime
from pro_service.services import access, assessments
from tests.support import people


@dataclass(frozen=True, slots=True)
class Visitor:
    """A participant with a link to their baseline, which is open."""

    participant: Participant
    link: str
    baseline: UUID

    @property
    def form(self) -> str:
        """The path of the questionnaire page."""
        return f"/my/assessments/{self.baseline}"


@pytest.fixture
def database_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """Pages are tested over SQLite alone: what the databases do differently is tested below the pages."""
    path = tmp_path / "pro.sqlite"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture
def visitor(runtime: Runtime, enrolled: Callable[..., Participant]) -> Callable[..., Visitor]:
    """Enrols somebody and mints the link their invitation would carry."""

    def invite(**more: str) -> Visitor:
        participant = enrolled(**more)
        with runtime.work(people.everything) as w:
            views = assessments.listing(w, participant_id=participant.id)
            baseline = next(view.assessment.id for view in views if view.assessment.timepoint == "baseline")
            token = access.mint_link(w, participant_id=participant.id, assessment_ids=[baseline])
        return Visitor(participant, f"/l/{token}", baseline)

    return invite


@pytest.fixture
def signed_in(client: FlaskClient, visitor: Callable[..., Visitor]) -> Callable[..., Visitor]:
    """The same, with the client signed in."""

    def enter(**more: str) -> Visitor:
        person = visitor(**more)
        assert client.post(person.link).status_code == 303
        return person

    return enter
