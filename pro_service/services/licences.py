"""Licences: what the studies of this installation may show, in which languages, and until when."""

from __future__ import annotations

from datetime import date

from pro_service.domain.protocol import Study
from pro_service.domain.roles import require
from pro_service.services import studies, wording
from pro_service.services.wording import Standing
from pro_service.services.work import Work
from pro_service.storage import studies as stored_studies


def status(work: Work, *, study: str = "") -> dict[str, tuple[Standing, ...]]:
    """How it stands with every wording that the newest version of each study asks, by study; or of one alone.

    Raises UnknownStudy.
    """
    require(work.actor, "studies.read", study=study)
    newest = {one.code: one for one in reversed(studies.listing(work)) if study in ("", one.code)}
    if study and study not in newest:
        studies.active(work, code=study)  # says that there is none
    return {
        code: wording.standings(work, studies.of_version(work, study_version_id=version.id))
        for code, version in sorted(newest.items())
    }


def lacking_in_active_studies(work: Work) -> tuple[str, ...]:
    """What participants of studies that are under way may not be shown, such as "scopes: qlq-c30 (en, nl)"."""
    return tuple(f"{study.code}: {one}" for study in _active(work) for one in wording.lacking(work, study))


def ending_in_active_studies(work: Work, *, by: date) -> tuple[str, ...]:
    """Wordings of studies under way whose licence is over by then, such as "scopes: qlq-c30 nl until 2026-01-31"."""
    return tuple(
        f"{study.code}: {one.instrument} {one.language} until {one.pack.expires_on}"
        for study in _active(work)
        for one in wording.standings(work, study)
        if one.pack is not None and not one.pack.valid(by)
    )


def _active(work: Work) -> tuple[Study, ...]:
    """The protocols that new participants are enrolled under."""
    active: dict[str, Study] = {}
    for version in stored_studies.listing(work.session):
        if version.activated_at is not None and version.code not in active:  # the newest comes first
            active[version.code] = studies.of_version(work, study_version_id=version.id)
    return tuple(active.values())
