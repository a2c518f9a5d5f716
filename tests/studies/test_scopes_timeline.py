"""The schedule of SCOPES as a manual: who gets what when, drawn as tables that must come out of the study file.

Instants are in UTC. In Amsterdam a day begins at 23:00Z in winter and at 22:00Z in summer; the clocks change on
29 March and 25 October 2026.
"""

from __future__ import annotations

import pytest

from pro_service.domain.assessments import Assessment
from pro_service.domain.schedule import changes
from tests.domain.assessed import applied, begun
from tests.studies.timeline import drawn, planned, scopes, table

WINTER = {"randomisation": "2026-01-12", "radiotherapy_start": "2026-01-26"}


def test_worked_example_1_randomised_and_radiotherapy_begun() -> None:
    """Known: randomisation and the first day of radiotherapy. Nothing else yet.

    Baseline would close on 2026-02-02 but is capped by the start of radiotherapy. The end of radiotherapy is reckoned
    from its start, 17 days for the short schedule. What hangs on surgery waits. Month 3 opens in winter time and is
    due in summer time.
    """
    assert drawn(planned(WINTER)) == table("""
        timepoint           | state   | target     | opens at          | due at            | closes at
        baseline            | planned | 2026-01-19 | 2026-01-11T23:00Z | 2026-01-19T23:00Z | 2026-01-26T23:00Z
        end_of_radiotherapy | planned | 2026-02-12 | 2026-02-11T23:00Z | 2026-02-12T23:00Z | 2026-02-26T23:00Z
        before_surgery      | waiting | -          | -                 | -                 | -
        postop_30d          | waiting | -          | -                 | -                 | -
        month_3             | planned | 2026-04-12 | 2026-03-28T23:00Z | 2026-04-12T22:00Z | 2026-05-10T22:00Z
        month_6             | planned | 2026-07-12 | 2026-06-27T22:00Z | 2026-07-12T22:00Z | 2026-08-09T22:00Z
        month_12            | planned | 2027-01-12 | 2026-12-14T23:00Z | 2027-01-12T23:00Z | 2027-03-09T23:00Z
        month_24            | planned | 2028-01-12 | 2027-12-14T23:00Z | 2028-01-12T23:00Z | 2028-03-08T23:00Z
    """)


def test_baseline_without_radiotherapy_date_is_not_capped() -> None:
    assert drawn(planned({"randomisation": "2026-01-12"}), "baseline", "end_of_radiotherapy") == table("""
        timepoint           | state   | target     | opens at          | due at            | closes at
        baseline            | planned | 2026-01-19 | 2026-01-11T23:00Z | 2026-01-19T23:00Z | 2026-02-02T23:00Z
        end_of_radiotherapy | waiting | -          | -                 | -                 | -
    """)


EARLY, LATE = {**WINTER, "surgery": "2026-02-20"}, {**WINTER, "surgery": "2026-03-20"}


def test_worked_example_2_surgery_planned() -> None:
    """Surgery on 20 February caps the end of radiotherapy at the midnight before it."""
    assert drawn(planned(EARLY), "end_of_radiotherapy", "before_surgery", "postop_30d") == table("""
        timepoint           | state   | target     | opens at          | due at            | closes at
        end_of_radiotherapy | planned | 2026-02-12 | 2026-02-11T23:00Z | 2026-02-12T23:00Z | 2026-02-19T23:00Z
        before_surgery      | planned | 2026-02-19 | 2026-02-12T23:00Z | 2026-02-19T23:00Z | 2026-02-19T23:00Z
        postop_30d          | planned | 2026-03-22 | 2026-03-14T23:00Z | 2026-03-22T23:00Z | 2026-04-05T22:00Z
    """)


def test_worked_example_2_surgery_corrected() -> None:
    """Moved to 20 March: the end of radiotherapy goes back to where it was, what hangs on surgery moves along."""
    assert drawn(planned(LATE), "end_of_radiotherapy", "before_surgery", "postop_30d") == table("""
        timepoint           | state   | target     | opens at          | due at            | closes at
        end_of_radiotherapy | planned | 2026-02-12 | 2026-02-11T23:00Z | 2026-02-12T23:00Z | 2026-02-26T23:00Z
        before_surgery      | planned | 2026-03-19 | 2026-03-12T23:00Z | 2026-03-19T23:00Z | 2026-03-19T23:00Z
        postop_30d          | planned | 2026-04-19 | 2026-04-11T22:00Z | 2026-04-19T22:00Z | 2026-05-03T22:00Z
    """)


def lines(existing: tuple[Assessment, ...], dates: dict[str, str]) -> list[tuple[str, str]]:
    return [(line.kind, line.planned.timepoint) for line in changes(existing, tuple(planned(dates).values()))]


def test_worked_example_2_as_a_replan() -> None:
    """Failure 17: moving the surgery moves three assessments, and each stays the same one."""
    before = applied((), planned(EARLY).values())
    assert lines(before, LATE) == [("move", "end_of_radiotherapy"), ("move", "before_surgery"), ("move", "postop_30d")]
    after = applied(before, planned(LATE).values())
    assert [one.id for one in after] == [one.id for one in before]


def test_worked_example_2_after_submission() -> None:
    """Failures 10 and 17: an end of radiotherapy that was submitted stays exactly as it is."""
    before = begun(applied((), planned(EARLY).values()), "end_of_radiotherapy", submitted=True)
    assert lines(before, LATE) == [("kept", "end_of_radiotherapy"), ("move", "before_surgery"), ("move", "postop_30d")]
    after = applied(before, planned(LATE).values())
    assert after[1] == before[1]


@pytest.mark.parametrize(
    ("arm", "dates", "target", "why"),
    [
        ("short", {"radiotherapy_start": "2026-01-26"}, "2026-02-12", "reckoned: start + 17 days"),
        ("conventional", {"radiotherapy_start": "2026-01-26"}, "2026-02-27", "reckoned: start + 32 days"),
        ("short", {"radiotherapy_start": "2026-01-26", "radiotherapy_end": "2026-02-17"}, "2026-02-17", "known"),
        ("short", {"radiotherapy_end": "2026-02-17"}, "2026-02-17", "known, though the start is not"),
    ],
)
def test_end_of_radiotherapy_by_arm(arm: str, dates: dict[str, str], target: str, why: str) -> None:
    """The two arms differ by fifteen days; the real last day wins over the reckoned one."""
    one = planned({"randomisation": "2026-01-12", **dates}, arm=arm)["end_of_radiotherapy"]
    assert str(one.target_on) == target, why


@pytest.mark.parametrize(
    ("stratum", "baseline", "end_of_radiotherapy"),
    [
        ("lower_extremity", "qlq-c30 eq-5d-5l tess-le imcq ipcq", "qlq-c30 eq-5d-5l"),
        ("upper_extremity", "qlq-c30 eq-5d-5l tess-ue imcq ipcq", "qlq-c30 eq-5d-5l"),
        ("trunk", "qlq-c30 eq-5d-5l imcq ipcq", "qlq-c30 eq-5d-5l"),
        ("head_neck", "qlq-c30 eq-5d-5l qlq-hn43 imcq ipcq", "qlq-c30 eq-5d-5l qlq-hn43"),
    ],
)
def test_questionnaires_by_stratum(stratum: str, baseline: str, end_of_radiotherapy: str) -> None:
    """Module and function differ by stratum; the order is the one written in the file."""
    plan = planned(WINTER, stratum=stratum)
    assert " ".join(plan["baseline"].instruments) == baseline
    assert " ".join(plan["end_of_radiotherapy"].instruments) == end_of_radiotherapy
    assert plan["before_surgery"].instruments == ("qlq-c30", "eq-5d-5l")
    assert plan["month_3"].instruments == ("qlq-c30", "eq-5d-5l", "imcq", "ipcq")
    assert plan["month_6"].instruments == plan["month_24"].instruments == plan["baseline"].instruments


def test_surgery_before_the_end_of_radiotherapy_leaves_no_window() -> None:
    """The earlier surgery is kept in view: closes_at says which midnight left no time."""
    assert drawn(planned({**WINTER, "surgery": "2026-02-10"}), "baseline", "end_of_radiotherapy")[2] == [
        *("end_of_radiotherapy", "cancelled: no-window", "2026-02-12"),
        *("2026-02-11T23:00Z", "2026-02-12T23:00Z", "2026-02-09T23:00Z"),
    ]


def test_withdrawal_cancels_what_closes_later() -> None:
    """Baseline closes on the very day of withdrawal and stays; what waits will never be asked either."""
    assert drawn(planned({**WINTER, "withdrawal": "2026-01-26"}), "baseline", "postop_30d", "month_3") == table("""
        timepoint  | state                 | target     | opens at          | due at            | closes at
        baseline   | planned               | 2026-01-19 | 2026-01-11T23:00Z | 2026-01-19T23:00Z | 2026-01-26T23:00Z
        postop_30d | cancelled: withdrawal | -          | -                 | -                 | -
        month_3    | cancelled: withdrawal | 2026-04-12 | 2026-03-28T23:00Z | 2026-04-12T22:00Z | 2026-05-10T22:00Z
    """)


def test_what_the_file_says_of_the_study() -> None:
    study = scopes()
    assert (study.code, study.registration, study.timezone) == ("scopes", "NCT04425967", "Europe/Amsterdam")
    assert study.arm_codes == ("conventional", "short")
    assert study.stratum_codes == ("lower_extremity", "upper_extremity", "trunk", "head_neck")
    assert study.site_codes == ("nki", "lumc", "site-3")
    assert [kind.code for kind in study.events if kind.required] == ["randomisation"]
    assert [kind.code for kind in study.events if kind.ends] == ["withdrawal", "death"]
    assert len([one for one in study.criteria if not one.excludes]) == 8
    assert len([one for one in study.criteria if one.excludes]) == 7
    assert (study.value_sets["eq-5d-5l"], study.same_instrument_days) == ("nl-2016", 7)
    assert {(one.occasion, one.language) for one in study.messages} == {
        (occasion, language) for occasion in ("invitation", "reminder") for language in ("en", "nl")
    }


@pytest.mark.parametrize(
    "word", ["scopes", "sarcom", "cancer", "kanker", "tumo", "radiother", "bestral", "surg", "operat", "nki"]
)
def test_messages_name_no_illness_no_treatment_and_no_trial(word: str) -> None:
    for template in scopes().messages:
        assert word not in f"{template.subject} {template.body}".lower()
    assert word not in scopes().contact
