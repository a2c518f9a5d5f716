"""Each of the 46 traps has a test that names it ("Trap 12: ..." in its docstring)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TRAPS = range(1, 47)


def named() -> Iterator[int]:
    """The number of every trap that a test's docstring names."""
    for path in Path(__file__).parents[1].rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield from map(int, re.findall(r"\bTraps? (\d+):", ast.get_docstring(node) or ""))


def test_every_trap_has_a_test_that_names_it() -> None:
    assert set(named()) == set(TRAPS)
