"""Synthetic people: balanced, repeatable, plausible, and always within the rules of protocol and questionnaire."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain import cohort, cohort_answers
from pro_service.domain.cohort import Dice, Person
from pro_service.domain.instruments import check_answers, visible
from pro_service.domain.protocol import Study
from pro_service.domain.schedule import check_event
from pro_service.instruments.reader import load_catalogue
from pro_service.studies.reader import read, shipped

FIRST, LAST = date(2025, 1, 6), date(2026, 6, 30)
CATALOGUE = load_catalogue()


@pytest.fixture(scope="module")
def study() -> Study:
    text, path = shipped("scopes")
    return read(text, file=path, catalogue_codes=None)


def dice(seed: int) -> Dice:
    return lambda *words: Random(f"{seed}:{words}")


def people(study: Study, seed: int, participants: int = 60) -> list[Person]:
    return list(cohort.people(study, participants=participants, first_on=FIRST, last_on=LAST, dice=dice(seed)))


def test_everything_that_happens_in_a_trial_happens_to_somebody(study: Study) -> None:
    everybody = people(study, 1)
    for count, codes in (
        (Counter(one.arm for one in everybody), study.arm_codes),
        (Counter(one.stratum for one in everybody), study.stratum_codes),
        (Counter(one.site for one in everybody), study.site_codes),
        (Counter(one.language for one in everybody), study.languages),
    ):
        assert set(count) == set(codes)
        assert max(count.values()) - min(count.values()) <= len(codes)
    assert len({one.timezone for one in everybody}) >= 3
    happened = Counter((one.kind, one.actual, one.date is None) for person in everybody for one in person.happenings)
    assert {kind for kind, actual, _ in happened if actual} == set(study.event_codes) - {"randomisation"}
    assert happened["surgery", False, True] > 0, "somebody's operation never happens"
    assert any(one.reason == "moved" for person in everybody for one in person.happenings)


def test_the_same_seed_makes_the_same_people(study: Study) -> None:
    assert people(study, 7) == people(study, 7)
    assert people(study, 7) != people(study, 8)


@given(seed=st.integers(0, 10_000))
def test_lives_are_in_order_and_within_the_protocol(study: Study, seed: int) -> None:
    for person in people(study, seed, 20):
        recorded = [one.on for one in person.happenings]
        assert recorded == sorted(recorded)
        ends = [one.on for one in person.happenings if one.kind in {"withdrawal", "death"}]
        assert all(on <= ends[0] for on in recorded) if ends else True
        for one in person.happenings:
            assert one.on > person.randomised_on
            if one.date is not None:
                check_event(study, one.kind, one.date)
                assert one.date <= one.on or not one.actual, "what lies ahead cannot have happened"


@given(seed=st.integers(0, 10_000), goodness=st.floats(0, 1), code=st.sampled_from(sorted(CATALOGUE)))
def test_answers_are_allowed_and_hidden_questions_have_none(
    study: Study, seed: int, goodness: float, code: str
) -> None:
    instrument, person = CATALOGUE[code], people(study, seed, 1)[0]
    senses = cohort_answers.directions(instrument)
    given_ = cohort_answers.answers(
        instrument, senses, person=person, goodness=goodness, on=date(2026, 1, 5), dice=dice(seed)
    )
    assert check_answers(instrument, given_) == ()
    assert given_.keys() <= {item.code for item in visible(instrument, given_)}


@pytest.mark.parametrize(
    ("code", "better_when_higher"),
    [
        ("qlq-c30", {"q29", "q30"}),
        ("eq-5d-5l", {"VAS"}),
        ("tess-le", {f"q{n}" for n in range(1, 31)}),
        ("qlq-hn43", set()),
    ],
)
def test_the_sense_of_an_answer_follows_from_its_scoring(code: str, better_when_higher: set[str]) -> None:
    senses = cohort_answers.directions(CATALOGUE[code])
    assert {item for item, sense in senses.items() if sense > 0} == better_when_higher


def test_treatment_is_felt_and_wears_off(study: Study) -> None:
    person = people(study, 1, 1)[0]
    surgery = person.randomised_on + timedelta(days=70)
    happened = {"surgery": surgery}
    before, after, later = (
        cohort.goodness(study, person, surgery + timedelta(days=days), happened if days >= 0 else {})
        for days in (-1, 1, 300)
    )
    assert after < before < later


@given(seed=st.integers(0, 10_000), days=st.integers(1, 90))
def test_replies_fall_into_their_window(study: Study, seed: int, days: int) -> None:
    opens = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    closes = opens + timedelta(days=days)
    reply = cohort_answers.reply(people(study, seed, 1)[0], opens_at=opens, closes_at=closes, die=Random(seed))
    assert opens < reply.at < closes
