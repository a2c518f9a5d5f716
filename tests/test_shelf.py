"""Shelves: a new file is a new leaf, and a broken leaf stops the start with its own error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pro_service import shelf


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "a_shelf"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text("def send():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("a_shelf")]:
        del sys.modules[name]


def test_every_module_lies_on_the_shelf_by_its_name(package: Path) -> None:
    (package / "two.py").write_text("def send():\n    return 2\n")
    assert {name: send() for name, send in shelf.load("a_shelf", "send").items()} == {"one": 1, "two": 2}


@pytest.mark.parametrize(
    ("source", "error"), [("import no_such_thing\n", ImportError), ("1 / 0\n", ZeroDivisionError), ("", AttributeError)]
)
def test_a_broken_module_is_never_left_out(package: Path, source: str, error: type[Exception]) -> None:
    (package / "broken.py").write_text(source)
    with pytest.raises(error):
        shelf.load("a_shelf", "send")
