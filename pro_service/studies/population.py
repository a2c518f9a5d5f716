"""The sections of a study file that say who takes part: sites, arms, strata, events and eligibility."""

from __future__ import annotations

from collections.abc import Collection

from pro_service.domain.protocol import Arm, Criterion, EventKind, Site, Stratum
from pro_service.studies import values
from pro_service.studies.document import Value


def sites(value: Value, zone: str) -> tuple[Site, ...]:
    """`sites:` code -> label and, where it differs from the study's, time zone."""
    return tuple(_site(code, entry, zone) for code, entry in _named(value, "site").items())


def _site(code: str, entry: Value, zone: str) -> Site:
    fields = entry.fields("label", optional=["timezone"])
    return Site(code, values.text(fields["label"]), values.zone(fields["timezone"]) if "timezone" in fields else zone)


def arms(value: Value, languages: Collection[str]) -> tuple[Arm, ...]:
    """`arms:` code -> words in each language."""
    return tuple(Arm(code, values.labels(entry, languages)) for code, entry in _named(value, "arm").items())


def strata(value: Value, languages: Collection[str]) -> tuple[Stratum, ...]:
    """`strata:` code -> words in each language."""
    return tuple(Stratum(code, values.labels(entry, languages)) for code, entry in _named(value, "stratum").items())


def events(value: Value, languages: Collection[str]) -> tuple[EventKind, ...]:
    """`events:` code -> label; `required` at enrolment; `ends` participation."""
    return tuple(_event(code, entry, languages) for code, entry in _named(value, "event").items())


def _event(code: str, entry: Value, languages: Collection[str]) -> EventKind:
    fields = entry.fields("label", optional=["required", "ends"])
    return EventKind(
        code,
        values.labels(fields["label"], languages),
        required=values.flag(fields["required"]) if "required" in fields else False,
        ends=values.flag(fields["ends"]) if "ends" in fields else False,
    )


def criteria(value: Value, languages: Collection[str]) -> tuple[Criterion, ...]:
    """`eligibility:` inclusion and exclusion, each code -> words in each language."""
    fields = value.fields("inclusion", "exclusion")
    inclusion = _named(fields["inclusion"], "criterion")
    exclusion = _named(fields["exclusion"], "criterion")
    for code in inclusion.keys() & exclusion.keys():
        exclusion[code].note(f"'{code}' is an inclusion criterion too, on line {inclusion[code].line}")
    return tuple(
        Criterion(code, values.labels(entry, languages), excludes=excludes)
        for excludes, entries in ((False, inclusion), (True, exclusion))
        for code, entry in entries.items()
    )


def _named(value: Value, what: str) -> dict[str, Value]:
    """The entries of a section, of which there is at least one, named by codes."""
    entries = value.entries()
    values.codes(entries)
    if not entries and value.kind == "a mapping":
        value.note(f"expected at least one {what}")
    return entries
