"""One participant for the study team: what happened, what was asked, and scores beside what helps to read them."""

from __future__ import annotations

from uuid import UUID

from babel.dates import format_date
from flask import url_for
from flask.typing import ResponseReturnValue

from pro_service.domain import roles
from pro_service.domain.assessments import Assessment, Status
from pro_service.domain.events import EventRecord
from pro_service.domain.protocol import Study
from pro_service.domain.results import InstrumentResults, Occasion
from pro_service.domain.scoring import DEFAULT_RULE
from pro_service.http.transaction import recorded, work
from pro_service.services import results
from pro_service.services.results import Results
from pro_service.web import i18n, pages
from pro_service.web.i18n import ONE_MOMENT, short_date, words
from pro_service.web.pages import gettext, page
from pro_service.web.workspace import figures
from pro_service.web.workspace.course import HEIGHT, WIDTH
from pro_service.web.workspace.desk import staff
from pro_service.web.workspace.words import reason, status_names

HASH = 12
"""Signs of a hash that are shown: enough to compare by eye."""


@recorded
def show(participant_id: UUID) -> ResponseReturnValue:
    """The page of one participant; the audit trail says who opened it."""
    who = staff()
    found = results.of_participant(work(), participant_id=participant_id)
    spoken = pages.language()
    return page(
        "workspace/participant.html",
        who=who,
        study=found.study.code,
        study_title=words(found.study.title, spoken),
        code=found.participant.code,
        ways_in=roles.allows(who, "links.mint") and url_for("workspace.ways_in", participant_id=participant_id),
        facts=_facts(found, spoken),
        events=[_event(one, found.study, spoken) for one in found.events],
        forms=[_form(one, state, found, spoken) for one, state in found.forms],
        instruments=[_instrument(one, found, spoken) for one in found.instruments],
        baseline=words(found.labels.get(found.baseline, {"en": found.baseline}), spoken),
        width=WIDTH,
        height=HEIGHT,
    )


def _facts(found: Results, spoken: str) -> list[tuple[str, str]]:
    """What the trial knows of the person, as far as this role may."""
    one, study = found.participant, found.study
    sites = {site.code: site.label for site in study.sites}
    facts = [(gettext("Site"), sites.get(one.site, one.site))]
    facts += [
        (gettext("Stratum"), words(stratum.label, spoken)) for stratum in study.strata if stratum.code == one.stratum
    ]
    facts += [(gettext("Treatment arm"), words(arm.label, spoken)) for arm in study.arms if arm.code == one.arm]
    since = one.enrolled_at
    enrolled = short_date(since, spoken, one.timezone) if since else gettext("In screening")
    return [*facts, (gettext("Enrolled"), enrolled), (gettext("Language"), i18n.own_name(one.language))]


def _event(one: EventRecord, study: Study, spoken: str) -> dict[str, str]:
    labels = {kind.code: words(kind.label, spoken) for kind in study.events}
    state = gettext("Taken back") if one.on is None else gettext("Happened") if one.actual else gettext("Planned")
    return {
        "label": labels.get(one.kind, one.kind),
        "on": format_date(one.on, "d MMM y", locale=spoken) if one.on else "",
        "state": state,
        "recorded": short_date(one.recorded_at, spoken, study.timezone),
    }


def _form(one: Assessment, state: Status, found: Results, spoken: str) -> dict[str, object]:
    zone, over = found.participant.timezone, state in (Status.MISSED, Status.PARTIAL)
    why = one.cancel_reason if state is Status.CANCELLED else one.missing_reason if over else None
    return {
        "label": _label(one, found, spoken),
        "state": state.value,
        "status": status_names()[state],
        "why": reason(why, found.study, spoken) if why else "",
        "opens": short_date(one.opens_at, spoken, zone) if one.opens_at else "",
        "due": short_date(one.due_at - ONE_MOMENT, spoken, zone) if one.due_at else "",
        "closes": short_date(one.closes_at - ONE_MOMENT, spoken, zone) if one.closes_at else "",
        "submitted": short_date(one.submitted_at, spoken, zone) if one.submitted_at else "",
    }


def _label(one: Assessment, found: Results, spoken: str) -> str:
    name = words(found.labels.get(one.timepoint, {"en": one.timepoint}), spoken)
    return name if one.occurrence == 1 else f"{name} ({one.occurrence})"


def _instrument(one: InstrumentResults, found: Results, spoken: str) -> dict[str, object]:
    made = [_made(each) for each in one.occasions]
    alike = len({lines for lines in made if lines}) == 1
    rows = figures.rows(one)
    return {
        "code": one.instrument.code,
        "title": words(one.instrument.title, spoken),
        "answered": any(each.answered for each in one.occasions),
        "occasions": [
            _occasion(each, () if alike else lines, found, spoken)
            for each, lines in zip(one.occasions, made, strict=True)
        ],
        "made": next(lines for lines in made if lines) if alike else (),
        "rows": rows,
        "has_courses": any(row.course for row in rows),
        "has_figures": any(row.figures for row in rows),
        "sources": list(figures.used_sources(one).values()),
    }


def _occasion(one: Occasion, made: tuple[str, ...], found: Results, spoken: str) -> dict[str, object]:
    submitted = one.assessment.submitted_at
    return {
        "label": _label(one.assessment, found, spoken),
        "on": short_date(submitted, spoken, found.participant.timezone) if submitted else "",
        "status": status_names()[one.status],
        "answered": one.answered,
        "scored": one.made is not None,
        "made": made,
        "hash": one.made.input_hash[:HASH] if one.made else "",
        "revision": one.revision,
    }


def _made(one: Occasion) -> tuple[str, ...]:
    """What the scores were made with; nothing where there are none."""
    made = one.made
    if made is None:
        return ()
    own = made.missing_rule == DEFAULT_RULE
    lines = (
        gettext("definition %(version)s") % {"version": one.version},
        gettext("scorer %(version)s") % {"version": made.scorer_version},
        gettext("value set %(code)s") % {"code": made.value_set} if made.value_set else "",
        gettext("each scale's own rule for missing answers") if own else made.missing_rule,
    )
    return tuple(line for line in lines if line)
