"""The section of a study file that says what a new version means for those enrolled already, and its checks.

What stands in the section is read without knowing any other version. Whether it is complete, and whether people could
be left without an arm or asked twice at once, can only be said against the versions that were active: see `check`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from pro_service.domain.amendments import ALLOWED, Step, schedule_of, step
from pro_service.domain.protocol import Amendment, Policy, Study, Timepoint
from pro_service.studies import values
from pro_service.studies.document import Value, meant
from pro_service.studies.windows import shadows

SECTION = "amendment"
WHAT = {"added": "is new", "removed": "is gone", "changed": "has changed"}


@dataclass(frozen=True, slots=True)
class Past:
    """What an amendment is checked against: the versions that were activated, and what people hang on.

    `in_use`: section of the file -> code -> how many participants are in it. `followed` are timepoints that a version
    before the active one still governs for somebody, with that version's number.
    """

    active: Study
    versions: Mapping[int, Study]
    in_use: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    followed: Collection[tuple[str, int]] = ()


def amendment(value: Value) -> Amendment:
    """`amendment:` of which version, why, and `enrolled:` timepoint -> policy."""
    fields = value.fields("of", "reason", "enrolled")
    policies = fields["enrolled"].entries()
    values.codes(policies)
    return Amendment(
        of=values.integer(fields["of"], least=1),
        reason=values.text(fields["reason"]),
        enrolled={code: _policy(entry) for code, entry in policies.items()},
    )


def _policy(value: Value) -> Policy:
    try:
        return Policy(value.scalar or "")
    except ValueError:
        value.expected(f"one of {_listed(Policy)}")
        return Policy.FINISH_ON_OLD


def check(study: Study, sections: Mapping[str, Value], past: Past) -> None:
    """Note whatever would leave somebody who is enrolled without an answer; only asked of a sound file."""
    if sections["study"].notes.problems:
        return
    if study.amendment is not None and study.amendment.of != past.active.version:
        entries = sections[SECTION].entries()
        entries["of"].expected(f"{past.active.version}, the version that is active")
        return
    one = step(past.active, study)
    _check_policies(one, sections)
    _check_codes(one, sections)
    _check_overlaps(one, sections["timepoints"].entries(), past)
    _check_facts(past.active, study, sections)
    _check_people(study, sections, past.in_use)


def _check_policies(step: Step, sections: Mapping[str, Value]) -> None:
    """Every timepoint that differs says what happens, in words that make sense for it; no other does."""
    entries, number = sections["timepoints"].entries(), step.old.version
    said = sections[SECTION].entries()["enrolled"].entries() if SECTION in sections else {}
    for code, what in step.differs.items():
        allowed = ALLOWED[what]
        if code not in said:
            entries.get(code, sections["timepoints"]).note(
                f"'{code}' {WHAT[what]} since version {number}; say under {SECTION}.enrolled what happens to those "
                f"who are enrolled: {_listed(allowed)}"
            )
        elif step.policies[code] not in allowed:
            said[code].note(f"'{code}' {WHAT[what]} since version {number}; expected {_listed(allowed)}")
    known = {one.code for one in (*step.old.timepoints, *step.new.timepoints)}
    for code in said.keys() - step.differs.keys():
        if code in known:
            said[code].note(f"'{code}' is as it was in version {number}; leave it out")
        else:
            said[code].note(f"no timepoint '{code}'{meant(code, known)}")


def _check_codes(step: Step, sections: Mapping[str, Value]) -> None:
    """A timepoint that only has another code is the same one: its answers would lose their place."""
    entries = sections["timepoints"].entries()
    for one in step.new.timepoints:
        for before in step.old.timepoints:
            if _renamed(step, before, one):
                entries[one.code].note(
                    f"is '{before.code}' of version {step.old.version} under another code; codes are for good: "
                    "keep the code and change the label"
                )


def _renamed(step: Step, before: Timepoint, one: Timepoint) -> bool:
    gone, new = step.differs.get(before.code) == "removed", step.differs.get(one.code) == "added"
    return gone and new and schedule_of(before) == schedule_of(one)


def _check_overlaps(step: Step, entries: Mapping[str, Value], past: Past) -> None:
    """No timepoint that those enrolled will follow may come at once with another one that some of them keep."""
    moving = [one for one in step.new.timepoints if step.policies.get(one.code) is Policy.MOVE_UNOPENED]
    for one, (version, other) in product(moving, list(_kept(step, past))):
        if other.code != one.code and not _renamed(step, other, one) and shadows(step.new, one, version, other):
            entries[one.code].note(
                f"its window overlaps that of '{other.code}' as version {version.version} has it, which some of "
                "those who are enrolled keep; they would be asked the same twice"
            )


def _kept(step: Step, past: Past) -> Iterator[tuple[Study, Timepoint]]:
    """Timepoints that some of those enrolled keep as an earlier version has them."""
    old = [(step.old, code) for code in step.differs]
    earlier = [(past.versions[number], code) for code, number in sorted(past.followed) if number in past.versions]
    for version, code in (*old, *earlier):
        yield from ((version, one) for one in version.timepoints if one.code == code)


def _check_facts(active: Study, study: Study, sections: Mapping[str, Value]) -> None:
    """What was recorded under the active version must still mean something, and mean the same."""
    events = sections["events"].entries()
    kinds = {kind.code: kind for kind in study.events}
    for kind in active.events:
        if kind.code not in kinds:
            sections["events"].note(f"'{kind.code}' of version {active.version} is missing; codes are for good")
        elif kinds[kind.code].ends != kind.ends:
            events[kind.code].note(
                f"whether it ends participation cannot change; it stands in version {active.version}"
            )
    for code in active.value_sets.keys() - study.value_sets.keys():
        sections["value_sets"].note(f"'{code}' of version {active.version} is missing; its forms are still scored")
    if study.born_on > active.born_on:
        sections["born_on"].note(f"lies later than in version {active.version}, {active.born_on}")


def _check_people(study: Study, sections: Mapping[str, Value], in_use: Mapping[str, Mapping[str, int]]) -> None:
    """No code that somebody's facts name may go."""
    codes: dict[str, Iterable[str]] = {
        "arms": study.arm_codes,
        "strata": study.stratum_codes,
        "sites": study.site_codes,
        "languages": study.languages,
    }
    for section, known in codes.items():
        for code, number in sorted(in_use.get(section, {}).items()):
            if code not in known:
                people = "1 participant has" if number == 1 else f"{number} participants have"
                sections[section].note(f"'{code}' is missing, and {people} it; codes are for good")


def _listed(policies: Iterable[Policy]) -> str:
    *others, last = policies
    return f"{', '.join(others)} or {last}"
