"""The section of a study file that says what is asked when: choices, timepoints, value sets and reminders."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pro_service.domain.protocol import Anchor, ReminderRule, Timepoint
from pro_service.studies import values
from pro_service.studies.document import Value

OTHERWISE = "otherwise"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Known:
    """The codes that a timepoint may refer to. `instruments` is None where the catalogue is not to be consulted."""

    languages: Collection[str]
    arms: Collection[str]
    strata: Collection[str]
    events: Collection[str]
    instruments: Collection[str] | None


def choices(value: Value, known: Known) -> dict[str, dict[str, str | None]]:
    """`choices:` name -> instrument per stratum, `otherwise` for the strata not named, `none` for no instrument."""
    entries = value.entries()
    values.codes(entries)
    for name, entry in entries.items():
        if known.instruments and name in known.instruments:
            entry.note(f"'{name}' is the code of an instrument; a choice needs a name of its own")
    return {name: _choice(entry, known) for name, entry in entries.items()}


def _choice(value: Value, known: Known) -> dict[str, str | None]:
    entries = value.entries()
    chosen = {name: _instrument_or_none(entry, known) for name, entry in entries.items()}
    for name, entry in entries.items():
        if known.strata and name != OTHERWISE and name not in known.strata:
            entry.note(f"no stratum '{name}'; expected {', '.join(known.strata)} or {OTHERWISE}")
    uncovered = [stratum for stratum in known.strata if stratum not in entries]
    if uncovered and entries and OTHERWISE not in entries:
        value.note(f"says nothing for {', '.join(uncovered)}; name them, or add '{OTHERWISE}: {NONE}'")
    return {stratum: chosen.get(stratum, chosen.get(OTHERWISE)) for stratum in known.strata}


def _instrument_or_none(value: Value, known: Known) -> str | None:
    return None if value.scalar == NONE else _instrument(value, known.instruments)


def _instrument(value: Value, known: Collection[str] | None) -> str:
    return values.reference(value, known if known is not None else (), "an instrument")


def timepoints(value: Value, known: Known, chosen: Collection[str]) -> tuple[Timepoint, ...]:
    """`timepoints:` code -> label, anchor, target, opens, closes, caps, instruments; in protocol order."""
    entries = value.entries()
    values.codes(entries)
    if not entries and value.kind == "a mapping":
        value.note("expected at least one timepoint")
    return tuple(_timepoint(code, entry, known, chosen) for code, entry in entries.items())


def _timepoint(code: str, value: Value, known: Known, chosen: Collection[str]) -> Timepoint:
    caps = [cap for cap in ("not_after", "before") if cap in value.entries()]
    fields = value.fields(
        "label", "anchor", "target", "opens", "closes", "instruments", optional=["not_after", "before"]
    )
    capped = {cap: values.reference(fields[cap], known.events, "an event") for cap in caps}
    noted = len(value.notes.problems)
    opens, closes = values.days(fields["opens"]), values.days(fields["closes"])
    if len(value.notes.problems) == noted:
        _check_window(fields, opens, closes)
    return Timepoint(
        code,
        values.labels(fields["label"], known.languages),
        _anchors(fields["anchor"], known),
        values.offset(fields["target"]),
        opens,
        closes,
        _instruments(fields["instruments"], known, chosen),
        not_after=capped.get("not_after"),
        before=capped.get("before"),
    )


def _check_window(fields: Mapping[str, Value], opens: int, closes: int) -> None:
    """The window is counted from the target and must contain its whole day."""
    if closes < opens:
        fields["closes"].note("the window closes before it opens")
    elif opens > 0:
        fields["opens"].note("the window opens after its target; move the target, or open at 0d or before")
    elif closes < 0:
        fields["closes"].note("the window closes before its target; move the target, or close at 0d or after")


def _anchors(value: Value, known: Known) -> tuple[Anchor, ...]:
    """One event, or a list of which the first with a date wins; a fallback may add days per arm."""
    if value.kind == "text":
        return (Anchor(values.reference(value, known.events, "an event")),)
    items = value.items()
    if not items and value.kind == "a list":
        value.note("expected at least one event")
    anchors = tuple(_anchor(item, known) for item in items)
    for number, item in enumerate(items):
        if anchors[number].event in [anchor.event for anchor in anchors[:number]]:
            item.note(f"'{anchors[number].event}' stands in this list already")
    return anchors


def _anchor(value: Value, known: Known) -> Anchor:
    if value.kind == "text":
        return Anchor(values.reference(value, known.events, "an event"))
    fields = value.fields("event", "days_by_arm")
    by_arm = fields["days_by_arm"].entries()
    for name, entry in by_arm.items():
        if known.arms and name not in known.arms:
            entry.note(f"no arm '{name}'; the arms are {', '.join(known.arms)}")
    missing = [arm for arm in known.arms if arm not in by_arm]
    if missing and by_arm:
        fields["days_by_arm"].note(f"says nothing for the arm {', '.join(missing)}")
    return Anchor(
        values.reference(fields["event"], known.events, "an event"),
        {name: values.days(entry) for name, entry in by_arm.items()},
    )


def _instruments(value: Value, known: Known, chosen: Collection[str]) -> tuple[str, ...]:
    """Codes of the catalogue or names of choices, asked in the order written."""
    items = value.items()
    if not items and value.kind == "a list":
        value.note("expected at least one instrument")
    allowed = [*chosen, *known.instruments] if known.instruments is not None else None
    codes = tuple(_instrument(item, allowed) for item in items)
    for number, item in enumerate(items):
        if codes[number] and codes[number] in codes[:number]:
            item.note(f"'{codes[number]}' is asked here already")
    return codes


def value_sets(value: Value, offered: Mapping[str, Collection[str]] | None) -> dict[str, str]:
    """`value_sets:` instrument -> the value set its index is computed with."""
    entries = value.entries()
    for code, entry in entries.items():
        name = values.text(entry)
        if offered is not None and name and name not in offered.get(code, ()):
            entry.note(
                f"no value set '{name}' for {code}; expected one of {', '.join(offered.get(code, ())) or 'none'}"
            )
    return {code: entry.scalar or "" for code, entry in entries.items()}


def reminders(value: Value) -> ReminderRule:
    """`reminders:` when messages are due and when nobody may be disturbed, in local time."""
    fields = value.fields("at", "after_open", "before_close", "quiet", "most_per_day", "overdue_after")
    quiet = fields["quiet"].fields("from", "until")
    return ReminderRule(
        at=values.clock(fields["at"]),
        after_open=_increasing(fields["after_open"]),
        before_close=_increasing(fields["before_close"]),
        quiet_from=values.clock(quiet["from"]),
        quiet_until=values.clock(quiet["until"]),
        most_per_day=values.integer(fields["most_per_day"], least=1),
        overdue_after=values.days(fields["overdue_after"]),
    )


def _increasing(value: Value) -> tuple[int, ...]:
    """Days, each at least one, none twice, so that no two messages fall on the same instant."""
    items = value.items()
    days = tuple(values.days(item) for item in items)
    for number, item in enumerate(items):
        if days[number] < 1:
            item.note("expected at least 1d")
        elif days[number] in days[:number]:
            item.note(f"{days[number]}d stands in this list already")
    return tuple(sorted(days))
