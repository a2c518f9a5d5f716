"""`pro participant letter` and `revoke`: a PDF whose square signs in, until it is revoked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from pro_service.domain.errors import LinkUnknown
from pro_service.domain.participants import Contact, Participant
from pro_service.runtime import Runtime
from pro_service.services import access
from tests.cli.conftest import Pro
from tests.cli.test_participants import pro
from tests.support import people

__all__ = ["pro"]


@pytest.fixture
def database_url(migrated_sqlite: Path, sqlite_with_scopes: Path, tmp_path: Path) -> str:
    """The command is the same on both databases; what differs is tested below it."""
    del migrated_sqlite
    path = tmp_path / "pro.sqlite"
    path.write_bytes(sqlite_with_scopes.read_bytes())
    return f"sqlite:///{path}"


def test_a_letter_signs_in_until_it_is_revoked(
    pro: Pro, enrolled: Callable[..., Participant], runtime: Runtime, tmp_path: Path
) -> None:
    jan, piet = enrolled(contact=Contact(birth_year=1961)), enrolled()
    file = tmp_path / "letters.pdf"
    assert pro("letter", "scopes", "--output", str(file), "--dry-run")[1] == "2 letters would be written; nothing was\n"
    assert not file.exists()
    status, out, err = pro("letter", "scopes", "--output", str(file), "--actor", "ann")
    told = f"2 letters in {file}, 1 with a code to type (a year of birth is known)\n"
    assert (status, out, err) == (0, told, "")
    with pypdfium2.PdfDocument(file) as pdf:
        links = [zxingcpp.read_barcodes(page.render(scale=2).to_pil())[0].text for page in pdf]
    token = links[0].rpartition("/")[2]
    with runtime.work(people.system) as w:
        assert access.sign_in_with_link(w, token=token).participant_id == jan.id
    assert file.stat().st_mode & 0o077 == 0
    assert pro("revoke", jan.code, "--reason", "lost")[0] == 0
    with pytest.raises(LinkUnknown), runtime.work(people.system) as w:
        access.sign_in_with_link(w, token=token)
    with runtime.work(people.system) as w:
        other = links[1].rpartition("/")[2]
        assert access.sign_in_with_link(w, token=other).participant_id == piet.id


def test_somebody_unknown_leaves_no_file(pro: Pro, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    status, out, err = pro("letter", "scopes", "--participant", "NKI-404", "--output", str(file))
    assert (status, out) == (1, "")
    assert err == "not-found: nobody enrolled has the code NKI-404\n"


def test_a_place_that_cannot_be_written_is_told_by_its_name_and_no_letter_was_made(
    pro: Pro, enrolled: Callable[..., Participant], runtime: Runtime, tmp_path: Path
) -> None:
    enrolled()
    target = tmp_path / "nowhere" / "letters.pdf"
    assert pro("letter", "scopes", "--output", str(target)) == (
        1,
        "",
        f"file-error: No such file or directory: {target}\n",
    )
    assert list(tmp_path.glob("*.p*")) == []
