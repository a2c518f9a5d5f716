"""Small protocols for tests of planning: only what a test is about is said, the rest is plain."""

from __future__ import annotations

from datetime import date

from pro_service.domain.protocol import Anchor, Arm, EventKind, Offset, ReminderRule, Site, Stratum, Study, Timepoint


def timepoint(
    code: str = "visit",
    *,
    anchor: str | tuple[Anchor, ...] = "randomisation",
    target: Offset | int = 0,
    opens: int = 0,
    closes: int = 0,
    instruments: tuple[str, ...] = ("qlq-c30",),
    not_after: str | None = None,
    before: str | None = None,
) -> Timepoint:
    """One timepoint; `target` in days, or an offset."""
    return Timepoint(
        code,
        {"en": code},
        (Anchor(anchor),) if isinstance(anchor, str) else anchor,
        Offset(days=target) if isinstance(target, int) else target,
        opens,
        closes,
        instruments,
        not_after=not_after,
        before=before,
    )


def study(*timepoints: Timepoint) -> Study:
    """A study with these timepoints, two arms, two strata, and the choice `function` that only `leg` has."""
    kinds = ("randomisation", "start", "end", "surgery")
    ending = (EventKind("withdrawal", {}, ends=True), EventKind("death", {}, ends=True))
    return Study(
        code="tiny",
        version=1,
        title={"en": "Tiny"},
        registration="TRIAL-0001",
        born_on=date(2000, 1, 1),
        timezone="Europe/Amsterdam",
        languages=("en",),
        contact="team@example.org",
        sites=(Site("north", "Northern hospital", "Europe/Amsterdam"),),
        arms=(Arm("one", {}), Arm("two", {})),
        strata=(Stratum("arm", {}), Stratum("leg", {})),
        events=(*(EventKind(kind, {}) for kind in kinds), *ending),
        criteria=(),
        choices={"function": {"leg": "tess-le", "arm": None}},
        timepoints=timepoints,
        reminders=ReminderRule(),
        messages=(),
        value_sets={},
        same_instrument_days=7,
    )
