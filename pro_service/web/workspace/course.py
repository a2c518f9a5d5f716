"""The course of one scale as a small line: where each point of the drawing lies. The table beside it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pro_service.domain.yardsticks import Yardstick

WIDTH, HEIGHT, EDGE = 112, 48, 6
"""The size of the drawing, and how far its points stay from the edge."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Course:
    """A line from left (the first form) to right (the last), high values on top.

    `threshold` is the height of the threshold, and `beyond` the band on its far side (top and height); both None
    where the scale has none.
    """

    points: tuple[Point, ...]
    threshold: float | None
    beyond: tuple[float, float] | None

    @property
    def line(self) -> str:
        """The points as an SVG polyline has them."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)


def course(stick: Yardstick, scores: Sequence[tuple[datetime, float]]) -> Course | None:
    """The course of a scale through these instants, in order; None for fewer than two, which make no course."""
    if len(scores) < 2:
        return None
    limit = stick.thresholds[0] if stick.thresholds else None
    values = [value for _, value in scores] + ([limit.value] if limit else [])
    scale = stick.scale
    low = min(values) if scale.minimum is None else scale.minimum
    high = max(values) if scale.maximum is None else scale.maximum
    times = [at.timestamp() for at, _ in scores]

    def x(at: float) -> float:
        return _between(at, times[0], times[-1], EDGE, WIDTH - EDGE)

    def y(value: float) -> float:
        return _between(value, low, high, HEIGHT - EDGE, EDGE)

    points = tuple((x(at), y(value)) for at, (_, value) in zip(times, scores, strict=True))
    if limit is None:
        return Course(points, None, None)
    at = y(limit.value)
    return Course(points, at, (at, HEIGHT - at) if limit.side == "below" else (0.0, at))


def _between(value: float, low: float, high: float, start: float, end: float) -> float:
    share = 0.5 if high == low else (value - low) / (high - low)
    return round(start + share * (end - start), 1)
