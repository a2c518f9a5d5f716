"""What may be chosen about messages, each refusal named by its field and silent about what was given."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.preferences import CHOICES, merged, paused_until, problems, wants

TODAY = date(2026, 1, 12)
CHANNELS = {"email": True, "sms": False}

CLOCK = "expected a time of day as HH:MM"
CASES: list[tuple[dict[str, str | None], dict[str, str]]] = [
    ({"channel": "email"}, {}),
    ({"channel": "none"}, {}),
    ({"channel": "sms"}, {"channel": "there is no address for this channel yet; give one first"}),
    ({"channel": "pigeon"}, {"channel": "expected one of email, sms, none"}),
    ({"channel": None}, {}),
    ({"invitation": "no", "reminder": "yes"}, {}),
    ({"invitation": "never"}, {"invitation": "expected yes or no"}),
    ({"paused_until": "2026-01-12"}, {}),
    ({"paused_until": "2026-07-14"}, {}),
    ({"paused_until": "2026-01-11"}, {"paused_until": "expected a day that is not over yet"}),
    ({"paused_until": "2026-07-15"}, {"paused_until": "expected a day at most 183 days ahead"}),
    ({"paused_until": "2026-02-30"}, {"paused_until": "expected the last day of the pause as YYYY-MM-DD"}),
    ({"paused_until": "20260112"}, {"paused_until": "expected the last day of the pause as YYYY-MM-DD"}),
    ({"paused_until": None}, {}),
    ({"quiet_from": "20:00", "quiet_until": "09:30"}, {}),
    ({"quiet_from": "25:00", "quiet_until": "09:30"}, {"quiet_from": "expected a time of day as HH:MM"}),
    ({"quiet_from": "8:00", "quiet_until": "٠٩:٣٠"}, dict.fromkeys(("quiet_from", "quiet_until"), CLOCK)),
    ({"quiet_from": "20:00"}, {"quiet_until": "expected together with quiet_from"}),
    ({"quiet_until": "09:00"}, {"quiet_from": "expected together with quiet_until"}),
    ({"moving_on": "shake"}, {"moving_on": "expected button or tap"}),
    ({"text_size": "huge"}, {"text_size": "expected one of normal, large, largest"}),
    ({"shoe_size": "41"}, {"shoe_size": "no such preference"}),
]  # fmt: skip


@pytest.mark.parametrize(("choices", "expected"), CASES, ids=str)
def test_a_choice_that_cannot_be_kept_is_named(choices: dict[str, str | None], expected: dict[str, str]) -> None:
    found = problems({}, choices, today=TODAY, channels=CHANNELS)
    assert {problem.field: problem.message for problem in found} == expected


def test_one_half_of_the_quiet_hours_may_follow_the_other() -> None:
    kept = {"quiet_from": "20:00", "quiet_until": "09:00"}
    assert not list(problems(kept, {"quiet_from": "21:30"}, today=TODAY, channels=CHANNELS))
    assert not list(problems(kept, {"quiet_from": None, "quiet_until": None}, today=TODAY, channels=CHANNELS))
    (half,) = problems(kept, {"quiet_from": None}, today=TODAY, channels=CHANNELS)
    assert half.field == "quiet_from"


@given(st.dictionaries(st.sampled_from(CHOICES), st.text(min_size=3)))
def test_a_refusal_never_repeats_what_was_given(choices: dict[str, str | None]) -> None:
    marked = {name: f"\N{SNOWMAN}{value}" for name, value in choices.items()}
    for problem in problems({}, marked, today=TODAY, channels=CHANNELS):
        assert "\N{SNOWMAN}" not in str(problem)


def test_nothing_chosen_means_every_message_and_no_pause() -> None:
    assert wants({}, "invitation")
    assert wants({"reminder": "no"}, "invitation")
    assert not wants({"reminder": "no"}, "reminder")
    assert paused_until({}, TODAY) is None


@pytest.mark.parametrize(("day", "paused"), [("2026-01-11", True), ("2026-01-12", True), ("2026-01-13", False)])
def test_the_last_day_of_a_pause_belongs_to_it(day: str, paused: bool) -> None:
    found = paused_until({"paused_until": "2026-01-12"}, date.fromisoformat(day))
    assert (found is not None) == paused


def test_taking_a_choice_back_forgets_it() -> None:
    assert merged({"channel": "none", "reminder": "no"}, {"channel": None, "text_size": "large"}) == {
        "reminder": "no",
        "text_size": "large",
    }
