"""The cast and the stage of a journey: a trial office, a mail server, two patients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pro_service.settings import Settings, from_environment
from tests.support import postbox as post
from tests.support.postbox import Postbox


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """Where every e-mail of the journey arrives."""
    with post.running() as box:
        yield box


@pytest.fixture
def settings(database_url: str, tmp_path: Path, postbox: Postbox) -> Settings:
    """A service that sends real e-mail."""
    return from_environment(
        {
            "PRO_ENV": "test",
            "PRO_DATA_DIR": str(tmp_path),
            "PRO_DATABASE_URL": database_url,
            "PRO_SMTP_URL": postbox.url,
            "PRO_MAIL_FROM": "Study team <study-team@example.org>",
            "PRO_BASE_URL": "http://localhost",
        }
    )
