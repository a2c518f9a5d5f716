"""The utilities of a study: by the days on which forms were filled in, as known at any instant."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest

from pro_service.domain.audit import Actor
from pro_service.domain.discounting import Discounting
from pro_service.domain.economics import utilities as columns
from pro_service.domain.errors import Forbidden, Invalid, UnknownStudy
from pro_service.domain.qalys import qalys
from pro_service.domain.scoring import forms, score
from pro_service.instruments import load_catalogue, value_set
from pro_service.runtime import Runtime
from pro_service.services import economics
from pro_service.services.work import Work
from tests.services.tiny import HEALTHY, Tiny, at
from tests.support import people
from tests.support.clock import Clock

Begin = Callable[..., AbstractContextManager[Work]]
EQ = load_catalogue()["eq-5d-5l"]


def index(**changed: int) -> float:
    """What the answers of the story are worth, scored by themselves."""
    columns = forms(EQ, [{**HEALTHY, **changed}])
    return float(score(EQ, columns.values, na=columns.na, value_set=value_set("nl-2016")).values["INDEX"][0])


def test_utilities_of_the_tiny_study(runtime: Runtime, clock: Clock, work: Begin) -> None:
    """T-001 answered twice; T-002 half a form, then died; T-003 never; T-004 waits in screening and is not in it."""
    Tiny(runtime, clock).live()
    with work(people.everything, now=at("02-28"), writes=False) as w:
        known = economics.utilities(w, study="tiny")
        earlier = economics.utilities(w, study="tiny", as_of=at("02-08"))
    assert (known.instrument, known.scale, known.value_sets) == ("eq-5d-5l", "INDEX", ("nl-2016",))
    assert [(one.participant, one.arm) for one in known.courses] == [
        ("T-001", "short"),
        ("T-002", "long"),
        ("T-003", "long"),
    ]
    # randomised on 12 January; filled in on 13 January and 10 February
    first, second = known.courses[0].observations
    assert (first.timepoint, first.utility) == ("baseline", index())
    assert (second.timepoint, second.utility) == ("after_surgery", index(PD=2))
    assert [first.time * 365.25, second.time * 365.25] == pytest.approx([1, 29])
    assert known.courses[1].observations == ()
    assert known.courses[1].death_time == pytest.approx(23 / 365.25)
    found = qalys(columns(known.courses), discounting=Discounting(0.015))
    assert found.qaly[0] == pytest.approx((index() + index(PD=2)) / 2 * 28 / 365.25)
    assert np.isnan(found.qaly[1:]).all()
    assert found.censored.tolist() == [True, False, True]
    # on 8 February nobody knew of the death of the 4th, and the second form was not there
    assert [len(one.observations) for one in earlier.courses] == [1, 0, 0]
    assert earlier.courses[1].death_time is None
    with work(people.everything, now=at("02-28"), writes=False) as w, pytest.raises(Invalid, match="eq-5d-5l"):
        economics.utilities(w, study="tiny", instrument="ipcq")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_may_not_see_arms_or_take_data_away_gets_no_report(work: Begin) -> None:
    for role in ("data_manager", "coordinator", "investigator", "participant"):
        actor = Actor("staff", role, role)
        with work(actor) as w, pytest.raises(Forbidden, match=r"may not (arms\.read|exports\.write)"):
            economics.record(w, study="tiny", as_of=None, instrument=None)
        with work(actor, writes=False) as w, pytest.raises(Forbidden):
            economics.utilities(w, study="tiny")
    with work(Actor("staff", "s", "statistician"), writes=False) as w, pytest.raises(UnknownStudy):
        economics.utilities(w, study="tinny")
