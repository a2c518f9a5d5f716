"""Studies: load a protocol file as a version, activate it, and read the protocol a participant is under.

Reading the protocol (`active`, `of_version`) asks no permission: every use case stands on it, a patient's too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pro_service.domain import amendments
from pro_service.domain.audit import AuditEvent
from pro_service.domain.errors import AlreadyActive, Conflict, PlaceholderWording, UnknownStudy
from pro_service.domain.participants import Participant
from pro_service.domain.protocol import Study, StudyVersion, Text
from pro_service.domain.roles import require
from pro_service.services import wording
from pro_service.services.work import Work
from pro_service.storage import amendments as stored_amendments
from pro_service.storage import studies
from pro_service.studies import reader
from pro_service.studies.amendments import Past

_parsed: dict[str, Study] = {}
"""Protocols by the SHA-256 of their text: parsed once per process. A text never changes under its own hash."""


_active: dict[UUID, Study] = {}
"""Protocols by the id of their version, once that can change no more: asked for on nearly every request."""


_governing: dict[tuple[UUID, tuple[tuple[str, int], ...]], Study] = {}
"""Protocols as they govern somebody who follows earlier versions in part: by version and exceptions."""

MOST_GOVERNING = 500
"""Combinations kept. A study has a handful; it takes an amendment carried out on several days to make one more."""


@dataclass(frozen=True, slots=True)
class ActiveVersion:
    """The version of a study that new participants are enrolled under."""

    study_id: UUID
    version_id: UUID
    study: Study


def load(work: Work, *, document: str, file: str) -> Study:
    """Keep a study file as a version, not active yet; the same bytes again change nothing.

    Raises InvalidStudy with every problem of the file, AlreadyActive where the version is active with other words,
    Conflict where a later version is active already. Where an earlier version is active the file is its amendment,
    and a problem of the file is also what it leaves open for participants who are enrolled.
    """
    study = _read(work, document, file)
    require(work.actor, "studies.load", study=study.code)
    known = studies.versions(work.session, study.code)
    same = next((version for version in known if version.version == study.version), None)
    if same is not None and same.sha256 == study.sha256:
        return study
    _refuse_change_of_the_past(study, known, same)
    _read(work, document, file, past=past(work, known))
    if same is not None:
        studies.replace_document(work.session, same.id, document=document, sha256=study.sha256)
        _record(work, "study.replace", same, sha256=(same.sha256, study.sha256))
    else:
        _add(work, study, document)
    return study


def _read(work: Work, document: str, file: str, *, past: Past | None = None) -> Study:
    offered = {code: instrument.value_sets for code, instrument in work.catalogue.items()}
    return reader.read(document, file=file, catalogue_codes=work.catalogue.keys(), value_sets=offered, past=past)


def past(work: Work, known: Sequence[StudyVersion]) -> Past | None:
    """What an amendment of these versions must be checked against; None where none of them was ever active."""
    active = [version for version in known if version.activated_at is not None]
    if not active:
        return None
    protocols = {version.version: of_version(work, study_version_id=version.id) for version in active}
    study_id = active[0].study_id
    return Past(
        active=protocols[max(protocols)],
        versions=protocols,
        in_use=stored_amendments.in_use(work.session, study_id),
        followed=stored_amendments.followed(work.session, study_id),
    )


def read_amendment(work: Work, *, document: str, file: str) -> Study:
    """A study file, checked against what is active as `load` does, without keeping it. Raises what `load` raises."""
    study = _read(work, document, file)
    require(work.actor, "studies.load", study=study.code)
    known = studies.versions(work.session, study.code)
    same = next((version for version in known if version.version == study.version), None)
    if same is not None and same.activated_at is not None and same.sha256 == study.sha256:
        return study
    _refuse_change_of_the_past(study, known, same)
    return _read(work, document, file, past=past(work, known))


def _refuse_change_of_the_past(study: Study, known: tuple[StudyVersion, ...], same: StudyVersion | None) -> None:
    if same is not None and same.activated_at is not None:
        raise AlreadyActive(
            f"version {study.version} of {study.code} is active and cannot change; give the file a higher version"
        )
    newest = max((version.version for version in known if version.activated_at is not None), default=0)
    if study.version < newest:
        raise Conflict(f"version {newest} of {study.code} is active; an amendment needs a higher version than that")


def _add(work: Work, study: Study, document: str) -> None:
    study_id = studies.id_of(work.session, study.code)
    if study_id is None:
        study_id = studies.add_study(work.session, code=study.code, at=work.now)
    studies.add_version(
        work.session,
        study_id=study_id,
        version=study.version,
        document=document,
        sha256=study.sha256,
        at=work.now,
    )
    changes: dict[str, tuple[object, object]] = {"version": (None, study.version), "sha256": (None, study.sha256)}
    work.record(AuditEvent("study.load", "study", study_id, changes, study_id=study_id))


def candidate(work: Work, *, code: str, real_participants: bool = False) -> StudyVersion:
    """The version that `activate` would make active: the newest. Raises UnknownStudy.

    With `real_participants` it raises PlaceholderWording while some questionnaire has only our topic labels in one of
    the study's languages, or its licence there is over. An amendment is checked once more, against the participants
    there are by now: InvalidStudy where it would leave somebody without an answer.
    """
    require(work.actor, "studies.activate", study=code)
    known = studies.versions(work.session, code)
    if not known:
        raise UnknownStudy(f"no study '{code}'; load its file first")
    study = _protocol(work, known[0])
    if known[0].activated_at is None:
        text, file = studies.document(work.session, known[0].id), f"{code} version {known[0].version}"
        _read(work, text, file, past=past(work, known))
    lacking = wording.lacking(work, study, incomplete=True) if real_participants else ()
    if lacking:
        raise PlaceholderWording(
            f"{code} cannot be activated for real participants: wording is lacking in {', '.join(lacking)}"
        )
    return known[0]


def activate(work: Work, *, code: str, real_participants: bool = False) -> Study:
    """Make the newest version of a study the one participants are enrolled under; again changes nothing.

    Waits for enrolments under way; an amendment has then to be carried out for everybody (services.amendments).
    Raises what `candidate` raises.
    """
    require(work.actor, "studies.activate", study=code)
    studies.hold(work.session, code, exclusively=True)
    newest = candidate(work, code=code, real_participants=real_participants)
    if newest.activated_at is None:
        studies.mark_active(work.session, newest.id, at=work.now)
        _record(work, "study.activate", newest, activated_at=(None, work.now))
    return _protocol(work, newest)


def active(work: Work, *, code: str) -> Study:
    """The protocol new participants are enrolled under. Raises UnknownStudy, StudyNotActive."""
    return active_version(work, code=code).study


def active_version(work: Work, *, code: str, hold: bool = False) -> ActiveVersion:
    """The active protocol with its ids. Raises UnknownStudy, StudyNotActive.

    `hold` keeps it active until the transaction ends: nobody enrols under a version that is being left behind.
    """
    if hold:
        studies.hold(work.session, code, exclusively=False)
    version = studies.active_version(work.session, code)
    return ActiveVersion(version.study_id, version.id, _protocol(work, version))


def of_version(work: Work, *, study_version_id: UUID) -> Study:
    """The protocol of one version: that of a participant, of a score, of a cut."""
    found = _active.get(study_version_id)
    if found is None:
        version = studies.version_by_id(work.session, study_version_id)
        found = _protocol(work, version)
        if version.activated_at is not None:
            _active[study_version_id] = found
    return found


def of_participant(work: Work, participant: Participant) -> Study:
    """The protocol as it governs one person: their version, with the timepoints of earlier ones that they follow."""
    own = of_version(work, study_version_id=participant.study_version_id)
    if not participant.follows:
        return own
    key = (participant.study_version_id, tuple(sorted(participant.follows.items())))
    found = _governing.get(key)
    if found is None:
        known = studies.versions(work.session, own.code)
        followed = set(participant.follows.values())
        versions = {one.version: _protocol(work, one) for one in known if one.version in followed}
        if len(_governing) >= MOST_GOVERNING:
            _governing.clear()
        found = _governing[key] = amendments.governing(own, participant.follows, versions)
    return found


def activated(work: Work, *, code: str) -> tuple[StudyVersion, ...]:
    """The versions of a study that were activated, in the order in which they followed each other."""
    known = studies.versions(work.session, code)
    if not known:
        raise UnknownStudy(f"no study '{code}'; load its file first")
    return tuple(one for one in reversed(known) if one.activated_at is not None)


def labels(work: Work, *, code: str) -> dict[str, Text]:
    """What each timepoint is called, also those that only an earlier version has; the newest words win."""
    protocols = (of_version(work, study_version_id=one.id) for one in activated(work, code=code))
    return {timepoint.code: timepoint.label for study in protocols for timepoint in study.timepoints}


def listing(work: Work) -> tuple[StudyVersion, ...]:
    """Every version of every study the actor may see, by code, newest first."""
    require(work.actor, "studies.read", study=work.actor.study)
    found = studies.listing(work.session)
    return tuple(version for version in found if work.actor.study in ("", version.code))


def _protocol(work: Work, version: StudyVersion) -> Study:
    """The protocol of a version; its text is fetched and parsed only the first time this process meets it."""
    found = _parsed.get(version.sha256)
    if found is None:
        text = studies.document(work.session, version.id)
        found = reader.read(text, file=f"{version.code} version {version.version}", catalogue_codes=None)
        _parsed[version.sha256] = found
    return found


def _record(work: Work, action: str, version: StudyVersion, **changes: tuple[object, object]) -> None:
    work.record(AuditEvent(action, "study_version", version.id, changes, study_id=version.study_id))
