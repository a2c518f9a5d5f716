"""A bar for long work, on a terminal, on standard error; nothing where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress(words: str, unit: str = "day", *, hidden: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, on standard error; nothing where nobody looks. Yields what is told units done and in all."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{unit} {{task.completed}} of {{task.total}}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty() or (hidden and sys.stdout.isatty()),
        transient=True,
    )
    with bar:
        task = bar.add_task(words, total=1)
        yield lambda done, total: bar.update(task, completed=done, total=total)
