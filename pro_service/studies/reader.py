"""Study files become protocols: `read` turns the text of a file into a `Study`, or says everything that is wrong.

Each problem names file, line, place and what was expected, and all problems of a file come at once. The sections of
the file are read by one module each: population, timepoints, messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from importlib import resources

from pro_service.domain.errors import UnknownStudy
from pro_service.domain.protocol import Study
from pro_service.studies import amendments, messages, population, timepoints, values, windows
from pro_service.studies.amendments import Past
from pro_service.studies.document import Notes, Value, parse

SECTIONS = (
    *("study", "version", "title", "registration", "born_on", "timezone", "languages", "contact"),
    *("sites", "arms", "strata", "events", "eligibility", "choices", "value_sets", "same_instrument_days"),
    *("timepoints", "reminders", "messages"),
)
"""The keys of a study file, all required, in the order in which they are best written. `amendment` joins them where
the version differs from one that is active."""


def read(
    text: str,
    *,
    file: str,
    catalogue_codes: Collection[str] | None,
    value_sets: Mapping[str, Collection[str]] | None = None,
    past: Past | None = None,
) -> Study:
    """The protocol written in `text`. `file` is the name that errors carry.

    `catalogue_codes` are the instruments that exist and `value_sets` those each instrument has; with None they are
    not checked, as when a protocol is read back that was checked before. With `past` it is checked as an amendment of
    what is active. Raises InvalidStudy with every problem.
    """
    notes = Notes(file)
    root = parse(text, notes)
    sections = root.fields(*SECTIONS, optional=[amendments.SECTION])
    study = _study(sections, catalogue_codes, value_sets, hashlib.sha256(text.encode()).hexdigest())
    windows.check(study, sections, value_sets)
    if past is not None:
        amendments.check(study, sections, past)
    notes.raise_if_any()
    return study


def _study(
    sections: Mapping[str, Value],
    catalogue_codes: Collection[str] | None,
    offered: Mapping[str, Collection[str]] | None,
    sha256: str,
) -> Study:
    code, registration = values.code(sections["study"]), values.text(sections["registration"])
    languages = _languages(sections["languages"])
    zone = values.zone(sections["timezone"])
    arms = population.arms(sections["arms"], languages)
    strata = population.strata(sections["strata"], languages)
    events = population.events(sections["events"], languages)
    codes = [[one.code for one in group] for group in (arms, strata, events)]
    known = timepoints.Known(languages, codes[0], codes[1], codes[2], catalogue_codes)
    choices = timepoints.choices(sections["choices"], known)
    return Study(
        code=code,
        version=values.integer(sections["version"], least=1),
        title=values.labels(sections["title"], languages),
        registration=registration,
        born_on=values.day(sections["born_on"]),
        timezone=zone,
        languages=languages,
        contact=values.text(sections["contact"]),
        sites=population.sites(sections["sites"], zone),
        arms=arms,
        strata=strata,
        events=events,
        criteria=population.criteria(sections["eligibility"], languages),
        choices=choices,
        timepoints=timepoints.timepoints(sections["timepoints"], known, choices),
        reminders=timepoints.reminders(sections["reminders"]),
        messages=messages.messages(sections["messages"], languages, [code, registration], catalogue_codes or ()),
        value_sets=timepoints.value_sets(sections["value_sets"], offered),
        same_instrument_days=values.days(sections["same_instrument_days"]),
        sha256=sha256,
        amendment=amendments.amendment(sections["amendment"]) if "amendment" in sections else None,
    )


def _languages(value: Value) -> tuple[str, ...]:
    """The languages in which participants are asked; the first is the fallback."""
    items = value.items()
    if not items and value.kind == "a list":
        value.note("expected at least one language")
    found: list[str] = []
    for item in items:
        language = values.language(item)
        if language in found:
            item.note(f"'{language}' stands in this list already")
        elif language:
            found.append(language)
    return tuple(found)


def shipped(name: str) -> tuple[str, str]:
    """The text and the path of a study that ships with the service, such as `scopes`."""
    folder = resources.files("pro_service.studies")
    for entry in folder.iterdir():
        if entry.name == f"{name}.yaml":
            return entry.read_text(encoding="utf-8"), str(entry)
    names = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    raise UnknownStudy(f"no study '{name}' ships with the service; there is {', '.join(names)}")
