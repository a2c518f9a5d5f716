"""What synthetic people answer, and when: plausible, correlated over items and over time, within every item's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

import numpy as np

from pro_service.domain.assessments import Assessment
from pro_service.domain.cohort import Dice, Person
from pro_service.domain.instruments import DECLINED, NA, Answer, Instrument, Item, allowed_codes, visible
from pro_service.domain.scoring import score, scored_items

SKIPPED, REFUSED, NOT_APPLICABLE = 0.012, 0.004, 0.03
"""How often a question is left open, declined, or (where it may be) said not to apply."""

EXPLAINED = 0.6
"""How often the study team learns why a form was missed."""

SENSE = {"better": 1, "worse": -1}
WORDS = {"nl": "voorbeeldantwoord"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody does with a form, and when; `explained`: of a missed one, staff hear why."""

    at: datetime
    how: Literal["submits", "stops_halfway", "misses"]
    explained: bool = False


@dataclass(slots=True)
class Mind:
    """What somebody means to do with each form; it is made up again only where the window has changed."""

    person: Person
    dice: Dice
    intends: dict[UUID, Reply] = field(default_factory=dict)
    seen: dict[UUID, tuple[datetime | None, datetime | None, bool]] = field(default_factory=dict)

    def news(self, one: Assessment, now: datetime) -> Reply | None:
        """What the person will do with this assessment, where that is new at `now`; None where nothing has changed.

        The same window means the same intention, but nobody answers in the past. What was begun is left as it is.
        """
        window = (one.opens_at, one.closes_at, one.cancelled_at is None and not one.begun)
        if self.seen.get(one.id) == window:
            return None
        self.seen[one.id] = window
        self.intends.pop(one.id, None)
        if not window[-1] or one.opens_at is None or one.closes_at is None:
            return None
        die = self.dice(self.person.code, one.timepoint, one.occurrence)
        meant = reply(self.person, opens_at=one.opens_at, closes_at=one.closes_at, die=die)
        meant = replace(meant, at=max(meant.at, now + timedelta(hours=1)), explained=die.random() < EXPLAINED)
        if meant.at >= one.closes_at:
            return None
        self.intends[one.id] = meant
        return meant

    def does(self, assessment_id: UUID, now: datetime) -> Reply | None:
        """What was meant for this instant, and is now done; None where the mind has changed since."""
        meant = self.intends.get(assessment_id)
        if meant is None or meant.at != now:
            return None
        return self.intends.pop(assessment_id)


def reply(person: Person, *, opens_at: datetime, closes_at: datetime, die: Random) -> Reply:
    """What the person does with a form of that window; most answer within days, in the daytime of their zone."""
    chance = die.random()
    days = min(int(die.expovariate(1 / 3.5)), max(0, (closes_at - opens_at).days - 1))
    at = opens_at + timedelta(days=days, seconds=die.randint(37_800, 73_800))
    if chance < person.submits:
        return Reply(at, "submits")
    return Reply(at, "stops_halfway" if chance < person.submits + person.stops_halfway else "misses")


def directions(instrument: Instrument) -> dict[str, int]:
    """Per item 1 where a higher answer means better health, -1 where it means worse, as the scoring rules have it.

    Each item in turn is set to its lowest and its highest answer, the others held in the middle.
    """
    items = scored_items(instrument)
    bounds = {item.code: _bounds(item) for item in items}
    forms = {item.code: np.full(2 * len(items), sum(bounds[item.code]) / 2) for item in items}
    for item in items:
        if item.kind in {"choice", "yes_no"}:
            codes = allowed_codes(item)
            forms[item.code][:] = codes[len(codes) // 2]
    for place, item in enumerate(items):
        forms[item.code][2 * place : 2 * place + 2] = bounds[item.code]
    senses = dict.fromkeys((item.code for item in items), 0)
    found = score(instrument, forms).values
    for scale in instrument.scales:
        column = found[scale.code]
        if scale.higher_is in SENSE and column.dtype.kind == "f":
            for place, item in enumerate(items):
                if item.code in scale.items:
                    change = np.nan_to_num(column[2 * place + 1] - column[2 * place])
                    senses[item.code] += int(np.sign(change)) * SENSE[scale.higher_is]
    return {code: 1 if sense > 0 else -1 for code, sense in senses.items()}


def answers(
    instrument: Instrument, senses: Mapping[str, int], *, person: Person, goodness: float, on: date, dice: Dice
) -> dict[str, Answer]:
    """One filled-in questionnaire of somebody who is that well (0 to 1) on that day; follow-ups only where asked."""
    die = dice(person.code, instrument.code, on)
    given: dict[str, Answer] = {}
    for item in instrument.items:
        if item not in visible(instrument, given):
            continue
        level = min(1.0, max(0.0, goodness + dice(person.code, item.code).gauss(0, 0.1) + die.gauss(0, 0.13)))
        answer = _answer(item, level if senses.get(item.code, -1) > 0 else 1 - level, person, on, die)
        if answer is not None:
            given[item.code] = answer
    return given


def _answer(item: Item, level: float, person: Person, on: date, die: Random) -> Answer | None:
    """`level` runs from 0, the lowest answer, to 1, the highest."""
    chance = die.random()
    if item.skippable and chance < SKIPPED:
        return None
    if item.skippable and item.kind != "text" and chance < SKIPPED + REFUSED:
        return DECLINED
    if item.allows_na and chance < SKIPPED + REFUSED + NOT_APPLICABLE:
        return NA
    if item.kind == "date":
        return (on - timedelta(days=die.randint(30, 80))).isoformat()
    if item.kind == "text":
        return WORDS.get(person.language, "example answer")
    return _number(item, level, die)


def _number(item: Item, level: float, die: Random) -> Answer:
    low, high = _bounds(item)
    if item.kind == "yes_no":
        no, yes = min(allowed_codes(item)), max(allowed_codes(item))
        return yes if die.random() < 0.03 + 0.5 * level else no
    if item.kind == "choice":
        codes = allowed_codes(item)
        return codes[round(level * (len(codes) - 1))]
    if item.kind == "vas":
        return round(low + level * (high - low))
    if item.kind == "count":
        return round(min(high, low + die.expovariate(1 / (0.5 + 4 * level))))
    return min(high, max(low, round(2 * die.uniform(low, min(high, 36))) / 2))


def _bounds(item: Item) -> tuple[float, float]:
    """The lowest and the highest answer; an open end is closed at something plausible."""
    if item.kind in {"choice", "yes_no"}:
        codes = allowed_codes(item)
        return min(codes), max(codes)
    low = item.minimum or 0.0
    return low, low + 12 if item.maximum is None else item.maximum
