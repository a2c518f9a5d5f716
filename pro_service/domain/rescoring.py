"""What scoring a study again has changed: the scores before beside the scores now, scale by scale.

Nothing but counts, a sum and an extreme is kept per scale, however many forms are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from pro_service.domain.scores import ScaleScore, ScoreSet

Scales = Mapping[str, ScaleScore]

SAME = 1e-9
"""Numbers no further apart are one score: the order in which a program adds things up makes no difference to people."""


@dataclass(frozen=True, slots=True)
class HeldScores:
    """The scores a form has already, and when they were computed."""

    scorer_version: str
    value_set: str
    computed_at: datetime
    scales: Scales


class Made(Protocol):
    """What tells one score set of a form from another: by which scorer, with which value set, and when."""

    @property
    def scorer_version(self) -> str: ...
    @property
    def value_set(self) -> str: ...
    @property
    def computed_at(self) -> datetime: ...


M = TypeVar("M", bound=Made)


@dataclass(slots=True)
class ScaleDifference:
    """One scale, over all forms that had scores before. A difference is the number now less the number before."""

    instrument: str
    scale: str
    compared: int = 0
    changed: int = 0
    newly_scorable: int = 0
    no_longer_scorable: int = 0
    largest: float = 0.0
    numbers: int = 0
    total: float = 0.0

    @property
    def mean(self) -> float:
        """The mean difference of all forms with a number both times, unchanged ones too; 0 where there are none."""
        return self.total / self.numbers if self.numbers else 0.0

    @property
    def is_a_change(self) -> bool:
        """Whether any form reads otherwise now."""
        return bool(self.changed or self.newly_scorable or self.no_longer_scorable)

    def add(self, before: float | str | None, now: float | str | None) -> None:
        """Count one form; None is not scorable, and a text (a profile) has no size of difference."""
        self.compared += 1
        if before is None or now is None:
            self.newly_scorable += before is None and now is not None
            self.no_longer_scorable += before is not None and now is None
        elif isinstance(before, str) or isinstance(now, str):
            self.changed += before != now
        else:
            self._size(now - before)

    def _size(self, difference: float) -> None:
        self.numbers += 1
        if abs(difference) > SAME:
            self.changed += 1
            self.total += difference
            self.largest = max(self.largest, difference, key=abs)


class Differences:
    """A tally per instrument and scale."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], ScaleDifference] = {}

    def __iter__(self) -> Iterator[ScaleDifference]:
        """By instrument and scale, in alphabetical order."""
        return (self._found[key] for key in sorted(self._found))

    def add(self, instrument: str, before: Scales, now: Scales) -> None:
        """Compare the scores of one form; a scale that is new, or gone, was or is not scorable."""
        for scale in now.keys() | before.keys():
            key = (instrument, scale)
            if key not in self._found:
                self._found[key] = ScaleDifference(*key)
            self._found[key].add(_value(before, scale), _value(now, scale))


def rank(scorer_version: str) -> tuple[int, ...]:
    """A place for each version of the scorer, later ones higher: 10 comes after 9."""
    return tuple(int(part) for part in scorer_version.split("."))


def current(held: Sequence[HeldScores], *, scorer_version: str, value_set: str) -> HeldScores | None:
    """Those made by this scorer with this value set, if there are any."""
    return next((one for one in held if (one.scorer_version, one.value_set) == (scorer_version, value_set)), None)


def earlier(held: Sequence[HeldScores], than: HeldScores | None) -> HeldScores | None:
    """What a form was known by besides the current scores: the newest of the newest scorer among the others.

    They may be younger than the current ones: a protocol that went back to an earlier value set has those already.
    """
    others = [one for one in held if one is not than and (than is None or _rank(one) <= _rank(than))]
    return max(others, key=_age, default=None)


def wanted(held: Iterable[M], *, value_set: str) -> M | None:
    """THE scores of a form, among all that were made of the same answers: in exports, on pages, over the API.

    Those with the value set that its protocol names come first, then those of the newest scorer (one of an older
    version that still runs somewhere does not undo a newer one's work), then the latest. So what was made under a
    value set the study has left behind shows only until the form is scored under the one it has now.
    """
    return max(held, key=lambda one: (one.value_set == value_set, *_age(one)), default=None)


def as_held(made: ScoreSet, at: datetime) -> HeldScores:
    """Scores just made, as they will be held."""
    return HeldScores(made.scorer_version, made.value_set, at, made.scales)


def _rank(one: Made) -> tuple[int, ...]:
    return rank(one.scorer_version)


def _age(one: Made) -> tuple[tuple[int, ...], datetime]:
    """The scorer counts first, then the instant."""
    return _rank(one), one.computed_at


def _value(scales: Scales, scale: str) -> float | str | None:
    held = scales.get(scale)
    return None if held is None or held["value"] == "" else held["value"]
