"""One transaction per request: opened at first use, finished before the answer is written.

A request that never asks for `work()` (a style sheet, /healthz) never touches the database. GET, HEAD and OPTIONS read
only, but for views that are `recorded`. Whatever goes wrong inside the view, or while committing, rolls everything back
and becomes one clean problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

from flask import current_app, g, request

from pro_service.domain.audit import Actor
from pro_service.runtime import Runtime
from pro_service.services.work import Work

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
ANYBODY = Actor(kind="system", id="web", role="")
"""Who asks until we know better; may do nothing that needs a permission."""

View = TypeVar("View", bound=Callable[..., Any])


def recorded(view: View) -> View:
    """Mark a view of which the audit trail says who read it: it writes that line, and nothing else, with GET."""
    view.is_recorded = True  # type: ignore[attr-defined]  # a mark on the function itself, read below
    return view


def runtime() -> Runtime:
    """What this process shares."""
    return cast(Runtime, current_app.extensions["runtime"])


@contextmanager
def begin() -> Iterator[None]:
    """The span of one request's transaction; commits at its end when `work()` was used, rolls back on any error."""
    with ExitStack() as finish:
        g.finish = finish
        yield


def work() -> Work:
    """This request's unit of work, by whoever is known to ask."""
    found: Work | None = g.get("work")
    if found is None:
        opened = runtime().work(ANYBODY, writes=request.method not in SAFE or _is_recorded())
        found = g.work = g.finish.enter_context(opened)
    return found


def act_as(actor: Actor) -> None:
    """From here on this request is that actor's."""
    g.work = replace(work(), actor=actor)


def _is_recorded() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "is_recorded", False))
