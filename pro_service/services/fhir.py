"""FHIR, to read: questionnaires, submitted answers and their scores, with a line in the trail for whoever gets data.

Definitions are given as the catalogue has them. The words of a licensed pack are never looked at here, so none leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from pro_service.domain import fhir, fhir_responses, fhir_scores, fhir_search
from pro_service.domain.audit import AuditEvent
from pro_service.domain.datacut import Cut, every_timepoint
from pro_service.domain.errors import InvalidSearch, NotFound, Problem
from pro_service.domain.fhir import Resource
from pro_service.domain.fhir_bundles import Page
from pro_service.domain.fhir_responses import Answered
from pro_service.domain.fhir_search import Search
from pro_service.domain.rescoring import wanted
from pro_service.domain.roles import allows, require
from pro_service.services import studies
from pro_service.services.knowledge import known_scores
from pro_service.services.work import Work
from pro_service.storage import fhir as stored
from pro_service.storage import studies as stored_studies

UUID_LENGTH = 36
FEWEST_SCALES = 4
"""Scores that most questionnaires have at least: so many responses fill a page, and one that is not full is no harm."""


def questionnaires(work: Work, asked: Search) -> Page:
    """The questionnaires of the catalogue, by code."""
    _require(work)
    wanted = {code for code in (asked.id, asked.instrument) if code}
    codes = [code for code in sorted(work.catalogue) if code > asked.after and wanted <= {code}]
    found = [work.catalogue[code] for code in codes[: asked.count]]
    if asked.version:
        found = [one for one in found if one.version == asked.version]
    onward = codes[asked.count - 1] if len(codes) > asked.count else ""
    return Page(tuple(fhir.questionnaire(one) for one in found), onward)


def questionnaire(work: Work, *, code: str, language: str) -> Resource:
    """One questionnaire, in that language where it has it. NotFound where the catalogue has none of that code."""
    _require(work)
    found = work.catalogue.get(code)
    if found is None:
        raise NotFound("there is no such questionnaire")
    return fhir.questionnaire(found, language=language)


def responses(work: Work, asked: Search) -> Page:
    """Submitted questionnaires within reach, by id."""
    _require(work)
    _record(work, "QuestionnaireResponse", asked)
    if asked.id and not fhir_search.is_uuid(asked.id):
        return Page(())
    found = _answered(work, _of(asked, asked.id), scored=False, limit=asked.count + 1)
    shown = found[: asked.count]
    resources = tuple(fhir_responses.questionnaire_response(work.catalogue[one.instrument], one) for one in shown)
    return Page(resources, str(shown[-1].id) if len(found) > len(shown) else "")


def response(work: Work, *, id: str) -> Resource:
    """One submitted questionnaire. NotFound where there is none within reach."""
    return _only(responses(work, Search(id=id)))


def scores(work: Work, asked: Search) -> Page:
    """The scores of submitted questionnaires within reach, by questionnaire and scale."""
    _require(work)
    _record(work, "Observation", asked)
    response_id = asked.id[:UUID_LENGTH]
    if asked.id and not fhir_search.is_uuid(response_id):
        return Page(())
    enough = asked.count if asked.scale else -(-asked.count // FEWEST_SCALES)
    found = _answered(work, _of(asked, response_id), scored=True, limit=enough + 1)
    shown: list[Resource] = []
    before = asked.after
    for one, resources in _observed(work, asked, found):
        skip = asked.skip if str(one.id) == asked.after else 0
        room = asked.count - len(shown)
        if room == 0:
            return Page(tuple(shown), before)
        if len(resources) - skip > room:
            return Page((*shown, *resources[skip : skip + room]), f"{one.id}.{skip + room}")
        shown += resources[skip:]
        before = str(one.id)
    return Page(tuple(shown), before if len(found) > enough else "")


def score(work: Work, *, id: str) -> Resource:
    """One score. NotFound where there is none within reach."""
    return _only(scores(work, Search(id=id)))


def _observed(work: Work, asked: Search, found: tuple[Answered, ...]) -> Iterator[tuple[Answered, list[Resource]]]:
    """The scores of each response that are asked for: those by which it is known everywhere else, or none."""
    held = stored.scores(work.session, [one.id for one in found])
    for one in found:
        definition = work.catalogue[one.instrument]
        protocol = studies.of_version(work, study_version_id=one.study_version_id)
        made = wanted(held.get(one.id, ()), value_set=protocol.value_sets.get(one.instrument, ""))
        if made is None or not asked.updated.holds(made.computed_at):
            yield one, []
            continue
        resources = fhir_scores.observations(definition, one, known_scores(made))
        yield one, [resource for resource in resources if _is_asked_for(asked, resource)]


def _is_asked_for(asked: Search, resource: Resource) -> bool:
    scale = resource["code"]["coding"][0]["code"]
    return asked.id in ("", resource["id"]) and asked.scale in ("", scale)


def _require(work: Work) -> None:
    require(work.actor, "fhir.read")


def _of(asked: Search, response_id: str) -> Search:
    """The search, for one response where it names one; two different ones are nothing at all."""
    if response_id and asked.response and response_id != asked.response:
        raise InvalidSearch("nothing can be both", problems=[Problem("expected the same response", "derived-from")])
    return replace(asked, response=response_id or asked.response)


def _answered(work: Work, asked: Search, *, scored: bool, limit: int) -> tuple[Answered, ...]:
    if asked.after and not fhir_search.is_uuid(asked.after):
        problem = Problem("expected what a next link says", fhir_search.AFTER)
        raise InvalidSearch("this page does not exist", problems=[problem])
    actor = work.actor
    return stored.answered(
        work.session,
        asked,
        study_code=actor.study,
        site=actor.site,
        undated=_undated(work),
        scored=scored,
        limit=limit,
    )


def _only(page: Page) -> Resource:
    if not page.resources:
        raise NotFound("there is no such thing here")
    return page.resources[0]


def _undated(work: Work) -> dict[str, list[str]]:
    """Per study the timepoints whose dates stay inside, by the rule of data cuts, for those who may not see the arm."""
    if allows(work.actor, "arms.read"):
        return {}
    known = [one for one in stored_studies.listing(work.session) if one.activated_at is not None]
    found = {}
    for code, versions in groupby(known, key=lambda one: one.code):
        protocols = [studies.of_version(work, study_version_id=one.id) for one in versions]
        cut = Cut(protocols[0], every_timepoint(protocols), (), at=work.now, masked=True)
        found[code] = [point.code for point in cut.timepoints if cut.hides_dates(point.code)]
    return found


def _record(work: Work, resource: str, asked: Search) -> None:
    """Leave a line that data are about to leave, and of what: it commits with the answer, or nothing leaves."""
    study_code = asked.study or work.actor.study
    study_id = stored_studies.id_of(work.session, study_code) if study_code else None
    plain: dict[str, object] = {
        "count": asked.count,
        **{name: getattr(asked, name) for name in ("after", "id", "instrument", "participant", "response", "scale")},
    }
    changes = {name: (None, value) for name, value in plain.items() if value}
    work.record(AuditEvent("fhir.read", "fhir", resource, changes, study_id=study_id))
