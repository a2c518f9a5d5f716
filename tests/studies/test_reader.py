"""Study files that cannot work: each kind of mistake has a file in `bad/`, with what must be said of it on top.

A line `# expect: 7: timezone: message` asks for a problem on line 7; all lines of a file are all its problems. A file
that says `# amends: good.yaml` is read as an amendment of it; `# in use: arms two 3` says that three people are in that
arm.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pro_service.domain.errors import InvalidStudy, Problem, UnknownStudy
from pro_service.domain.protocol import Anchor, Offset, Study
from pro_service.studies.amendments import Past
from pro_service.studies.document import LARGEST_FILE
from pro_service.studies.reader import SECTIONS, read, shipped
from tests.studies.timeline import CODES, scopes

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
GOOD = (Path(__file__).parent / "good.yaml").read_text()
VALUE_SETS = {"eq-5d-5l": ("nl-2016", "england-2018")}


def parsed(text: str, file: str = "study.yaml") -> Study:
    past = amended(text) if re.search(r"^# amends: good.yaml$", text, re.MULTILINE) else None
    return read(text, file=file, catalogue_codes=CODES, value_sets=VALUE_SETS, past=past)


def amended(text: str) -> Past:
    """The good file as the version that is active, and the people that the text says are there."""
    active = read(GOOD, file="good.yaml", catalogue_codes=CODES, value_sets=VALUE_SETS)
    in_use: dict[str, dict[str, int]] = {}
    for section, code, number in re.findall(r"^# in use: (\w+) (\w+) (\d+)$", text, re.MULTILINE):
        in_use.setdefault(section, {})[code] = int(number)
    return Past(active, {active.version: active}, in_use)


def problems(text: str, file: str = "study.yaml") -> list[str]:
    with pytest.raises(InvalidStudy) as caught:
        parsed(text, file)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_mistake_has_its_message(path: Path) -> None:
    """File, line, place and what was expected; nothing else is complained about."""
    text = path.read_text()
    expected = re.findall(r"^# expect: (.+)$", text, re.MULTILINE)
    assert expected, "say on top what must be said of this file"
    assert problems(text, path.name) == [f"{path.name}:{line}" for line in expected]


def test_the_file_beside_the_bad_ones_is_good() -> None:
    """Each bad file is this one with one thing changed."""
    study = parsed(GOOD)
    assert (study.code, study.version, study.sha256) == ("tiny", 1, hashlib.sha256(GOOD.encode()).hexdigest())
    after_surgery = study.timepoint("after_surgery")
    assert after_surgery.anchors == (Anchor("surgery"), Anchor("randomisation", {"one": 28, "two": 14}))
    assert (after_surgery.target, after_surgery.opens, after_surgery.closes) == (Offset(months=1), -7, 14)
    assert study.choices == {"function": {"leg": "tess-le", "arm": None}}


def test_all_problems_come_at_once_and_in_order() -> None:
    text = GOOD.replace("version: 1", "version: zero").replace("anchor: randomisation", "anchor: randomisatie")
    with pytest.raises(InvalidStudy) as caught:
        parsed(text)
    assert str(caught.value).splitlines() == [
        "study.yaml: 2 problems",
        "study.yaml:2: version: expected a whole number, 1 or more, found 'zero'",
        "study.yaml:41: timepoints.baseline.anchor: no event 'randomisatie'; did you mean 'randomisation'?",
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_required(section: str) -> None:
    without = re.sub(rf"^{section}:.*\n((  .*)?\n)*", "", GOOD, flags=re.MULTILINE)
    assert problems(without)[0] == f"study.yaml:1: missing '{section}'"


def test_every_section_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/write-a-study-file.md").read_text()
    assert [section for section in SECTIONS if f"`{section}`" not in page] == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("7d", Offset(days=7)),
        ("+14d", Offset(days=14)),
        ("-14d", Offset(days=-14)),
        ("0d", Offset()),
        ("1 day", Offset(days=1)),
        ("2w", Offset(days=14)),
        ("-1 week", Offset(days=-7)),
        ("3 months", Offset(months=3)),
        ("1 month", Offset(months=1)),
        ("-6 months", Offset(months=-6)),
    ],
)
def test_offsets(written: str, expected: Offset) -> None:
    assert parsed(GOOD.replace("target: 1 month", f"target: {written}")).timepoint("after_surgery").target == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("[3d, 7d]", (3, 7)), ("[2w, 3d]", (3, 14)), ("[]", ()), ("[7d, 1w]", None), ("[0d]", None), ("[-3d]", None)],
)
def test_reminders_fall_on_distinct_days(written: str, expected: tuple[int, ...] | None) -> None:
    """Failure 11: no two reminders at the same instant, none with the invitation, in whatever unit they are written."""
    text = GOOD.replace("after_open: [3d, 7d]", f"after_open: {written}")
    if expected is None:
        assert all("reminders.after_open" in problem for problem in problems(text))
    else:
        assert parsed(text).reminders.after_open == expected


@pytest.mark.parametrize(
    "written", ["", "7", "d", "7 d 2w", "1m", "1y", "7.5d", "--7d", "1e3d", "99999d", "[7d]", "٧d"]
)
def test_what_is_no_offset(written: str) -> None:
    (problem,) = problems(GOOD.replace("target: 1 month", f"target: {written}"))
    assert problem.startswith("study.yaml:52: timepoints.after_surgery.target: expected an offset such as 7d")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("study: a\x00b", "study.yaml:1: not YAML: unacceptable character #x0000: special characters are not allowed"),
        ("[" * 5000, "study.yaml:1: nested too deeply for a study file"),
        ("- " * 5000, "study.yaml:1: nested too deeply for a study file"),
        ("x" * (LARGEST_FILE + 1), f"study.yaml:1: larger than {LARGEST_FILE} characters; this is not a study file"),
        ("# nothing but a comment\n", "study.yaml:1: the file is empty"),
        ("just words", "study.yaml:1: expected a mapping of names to values, found 'just words'"),
        ("study: &a [*a]\nversion: *b", "study.yaml:2: not YAML: found undefined alias 'b'"),
    ],
    ids=["control character", "brackets", "dashes", "huge", "comment", "words", "alias"],
)
def test_what_is_no_study_file_at_all(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_an_object_of_a_programming_language_is_just_wrong() -> None:
    (problem,) = problems(GOOD.replace("team@example.org", "!!python/object/apply:os.system ['true']"))
    assert problem.startswith("study.yaml:8: contact: expected text")


def mistakes(text: str) -> tuple[Problem, ...]:
    try:
        parsed(text)
    except InvalidStudy as error:
        return error.problems or (Problem("an error without a problem"),)
    return ()


@given(st.text(max_size=200), st.integers(0, len(GOOD)))
def test_no_text_is_answered_with_anything_but_its_problems(noise: str, at: int) -> None:
    """Garbage anywhere in a file makes a study or an InvalidStudy, never another error."""
    for problem in mistakes(GOOD[:at] + noise + GOOD[at:]):
        assert problem.line >= 1
        assert problem.file == "study.yaml"


@given(st.integers(0, len(GOOD)), st.integers(0, len(GOOD)))
def test_no_hole_in_a_file_is_answered_with_anything_but_its_problems(start: int, end: int) -> None:
    assert all(problem.line >= 1 for problem in mistakes(GOOD[:start] + GOOD[end:]))


HANGING = "\n    anchor:\n      - surgery\n      - {event: randomisation, days_by_arm: {one: 28d, two: 2w}}\n"


@pytest.mark.parametrize(
    ("target", "shadows", "why"),
    [
        ("14d", True, "opens on day 7, the last day of baseline"),
        ("15d", False, "opens on day 8"),
        ("-21d", True, "closes on day -7, the first day of baseline"),
        ("-22d", False, "closes on day -8"),
        ("1 month", False, "a month is 28 days at least"),
        ("-1 month", False, "opens at most 38 days before, closes at least 14"),
    ],
)
def test_windows_on_one_anchor_may_touch_but_not_overlap(target: str, shadows: bool, why: str) -> None:
    """Failure 18: baseline is open from day -7 to day 7; the other one from 7 days before its target to 14 after."""
    text = GOOD.replace(HANGING, "\n    anchor: randomisation\n").replace("target: 1 month", f"target: {target}")
    found = [str(problem) for problem in mistakes(text)]
    assert bool(found) is shadows, why
    assert all("its window overlaps that of 'baseline'" in problem for problem in found)


def test_without_a_catalogue_instruments_are_taken_on_trust() -> None:
    """A protocol read back from the database was checked when it was loaded."""
    text = GOOD.replace("tess-le", "withdrawn-questionnaire")
    assert read(text, file="study.yaml", catalogue_codes=None).choices["function"]["leg"] == "withdrawn-questionnaire"


def test_shipped() -> None:
    text, path = shipped("scopes")
    assert path.endswith("scopes.yaml")
    assert scopes().sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("name", ["scope", "../scopes", "", "reader", "scopes.yaml"])
def test_what_does_not_ship(name: str) -> None:
    with pytest.raises(UnknownStudy, match="there is scopes"):
        shipped(name)
