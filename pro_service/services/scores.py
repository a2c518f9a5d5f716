"""Scores: take what waits, score it in one go per instrument, keep the scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from pro_service.domain.audit import AuditEvent
from pro_service.domain.roles import require
from pro_service.domain.scores import PendingForm, ScoreSet, score_sets
from pro_service.domain.scoring import SCORER_VERSION
from pro_service.domain.value_sets import Tariff
from pro_service.instruments.value_sets import value_set
from pro_service.services import studies
from pro_service.services.work import Work
from pro_service.storage import scores

Group = tuple[UUID, str, str]
"""Study, instrument, and value set ("" for none)."""


def score_pending(work: Work, *, limit: int = 2000, lease: timedelta = timedelta(hours=1)) -> int:
    """Score up to `limit` forms that wait for it; answers how many were scored.

    The claim is the row lock of this transaction: any number of workers share the work, and one that is killed lets
    go of everything, half-scored forms included. A form of an instrument, or of a version of it, that this
    catalogue does not have is set aside for `lease`, so that it holds up nobody; it goes on waiting.
    """
    require(work.actor, "scores.compute")
    pending = scores.claim_pending(work.session, now=work.now, limit=limit)
    known = [form for form in pending if is_known(work, form)]
    unknown = [form.response_id for form in pending if not is_known(work, form)]
    scores.set_aside(work.session, unknown, until=work.now + lease)
    done: list[ScoreSet] = []
    groups = grouped(work, known)
    for (_, code, set_id), waiting in groups.items():
        done += score_sets(work.catalogue[code], waiting, tariff(set_id))
    scores.add(work.session, done, at=work.now)
    work.record(*(_event(group, len(waiting)) for group, waiting in groups.items()))
    return len(done)


def is_known(work: Work, form: PendingForm) -> bool:
    """Does the catalogue have the very version that was answered?"""
    return form.instrument in work.catalogue and work.catalogue[form.instrument].version == form.version


def grouped(work: Work, pending: Sequence[PendingForm]) -> Mapping[Group, list[PendingForm]]:
    """Forms by study, instrument and the value set that the protocol they were given under names for it."""
    versions = {form.study_version_id for form in pending}
    value_sets = {version: studies.of_version(work, study_version_id=version).value_sets for version in versions}
    groups: dict[Group, list[PendingForm]] = defaultdict(list)
    for form in pending:
        set_id = value_sets[form.study_version_id].get(form.instrument, "")
        groups[form.study_id, form.instrument, set_id].append(form)
    return groups


def tariff(set_id: str) -> Tariff | None:
    """The value set of that id; None where there is no id."""
    return value_set(set_id) if set_id else None


def _event(group: Group, forms: int) -> AuditEvent:
    """One line per batch: the score sets it stands for bear the same instant."""
    study_id, code, set_id = group
    changes: dict[str, tuple[object, object]] = {
        "forms": (None, forms),
        "scorer_version": (None, SCORER_VERSION),
        "value_set": (None, set_id),
    }
    return AuditEvent("scores.compute", "instrument", code, changes, study_id=study_id)
