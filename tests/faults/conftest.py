"""One installation for all rounds and clocks of a test run: it is struck, mended, struck again, and never made anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.books import Books
from tests.faults.installation import Installation, installed
from tests.faults.people import open_study


@pytest.fixture(scope="package")  # gone before the tests that come after: it works as long as it lives
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """What is to be audited: everybody who is ever enrolled in the installation, where SCOPES is active."""
    with installed(tmp_path_factory.mktemp("installation")) as built:
        open_study(built)
        yield Books(built)


@pytest.fixture
def installation(books: Books) -> Installation:
    """It serves, whatever the test before did to it."""
    books.installation.mend()
    return books.installation
