"""How to read a scale: differences that matter to people, thresholds of clinical importance, reference values.

Every number names its source by the key the definition gives it, and says whether it was checked against that source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Difference:
    """The smallest difference that matters, as a range of published values, in points or in percent.

    `compare` says of what: a change within one person, a difference between groups, or either. `direction` says which
    way: for the better, for the worse, or either; `setting` in whom or when, where that is not everybody, always.
    """

    scales: tuple[str, ...]
    lowest: float
    highest: float
    compare: Literal["within", "between", "either"]
    direction: Literal["better", "worse", "either"]
    unit: Literal["points", "percent"]
    source: str
    verified: bool
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score is of clinical importance below, above, or from this value on; `setting` says more where needed."""

    scales: tuple[str, ...]
    side: Literal["below", "above", "from"]
    value: float
    source: str
    verified: bool
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a population scores: mean, standard deviation, and of how many people where that is known."""

    scales: tuple[str, ...]
    population: Mapping[str, str]
    mean: float
    sd: float
    people: int | None
    source: str
    verified: bool


Reading = Difference | Threshold | Reference


class _Speaks(Protocol):
    @property
    def scales(self) -> tuple[str, ...]: ...


R = TypeVar("R", bound=_Speaks)


def of_scale(readings: Iterable[R], scale: str) -> tuple[R, ...]:
    """Those of the differences, thresholds or reference values that speak of this scale."""
    return tuple(reading for reading in readings if scale in reading.scales)


def in_words(reading: Reading) -> str:
    """One number that helps to read a scale, as a line of English with its source. MID: the smallest that matters."""
    setting = "" if isinstance(reading, Reference) or not reading.setting else f", {reading.setting}"
    said = f"[{reading.source}{'' if reading.verified else ', unverified'}]"
    if isinstance(reading, Threshold):
        return f"of clinical importance {reading.side} {reading.value:g}{setting} {said}"
    if isinstance(reading, Reference):
        people = f", {reading.people} people" if reading.people else ""
        return f"{reading.population.get('en', '')}: mean {reading.mean:g}, SD {reading.sd:g}{people} {said}"
    size = f"{reading.lowest:g}" if reading.lowest == reading.highest else f"{reading.lowest:g} to {reading.highest:g}"
    where = f"{_COMPARED[reading.compare]}{_WAY[reading.direction]}"
    return f"MID {size} {reading.unit}{where}{setting} {said}"


_COMPARED = {"within": " within a person", "between": " between groups", "either": ""}
_WAY = {"better": ", for the better", "worse": ", for the worse", "either": ""}
