"""`pro instrument`: what the catalogue tells, and how a definition is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pro_service.cli import run
from pro_service.instruments.reader import CATALOGUE, load_catalogue
from tests.instruments.test_reader import GOOD


def pro(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of one command."""
    status = run(["instrument", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_list_shows_what_is_not_verified(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = pro(capsys, "list")
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert status == 0
    catalogue = load_catalogue()
    assert list(lines) == list(catalogue)
    assert {code: line.split()[-2] for code, line in lines.items()} == {
        code: "yes" if instrument.verified else "no" for code, instrument in catalogue.items()
    }
    assert all(line.endswith(" placeholder") and len(line) <= 100 for line in lines.values())


def test_the_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = pro(capsys, "list", "--format", "json")
    (c30,) = [row for row in json.loads(out) if row["code"] == "qlq-c30"]
    assert c30 == {
        "code": "qlq-c30", "version": "3.0", "title": "Quality of life with cancer (QLQ-C30)",
        "items": 30, "scales": 16, "permission": "agreement", "verified": True, "placeholder_wording": True,
    }  # fmt: skip


def test_one_instrument_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = pro(capsys, "show", "eq-5d-5l")
    assert status == 0
    for part in ("PROFILE", "one of 1, 2, 3, 4, 5", "a whole number from 0 to 100", "Value sets, needed for INDEX",
                 "nl-2016", "recall: today", "EuroQol"):  # fmt: skip
        assert part in out


def test_gates_and_not_applicable_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert "only if absent is 1" in pro(capsys, "show", "ipcq")[1]
    assert "one of 1, 2, 3, 4, 5, or na" in pro(capsys, "show", "tess-le")[1]


def test_one_instrument_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = pro(capsys, "show", "imcq", "--format", "json")
    items = {item["code"]: item for item in json.loads(out)["items"]}
    assert items["gp_visits"]["shown_if"] == {"item": "gp", "codes": [1]}


def test_an_unknown_code_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = pro(capsys, "show", "sf-36")
    assert status == 2
    assert f"sf-36: there are {', '.join(load_catalogue())}" in err


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_ships_has_no_problems(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    status, out, err = pro(capsys, "check", path)
    assert (status, err) == (0, "")
    assert out.endswith("no problems\n")


def test_each_problem_is_a_line_on_stderr(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    text = (CATALOGUE / "eq-5d-5l.yaml").read_text()
    line_of = {line.split(":")[0].strip(): number for number, line in enumerate(text.splitlines(), start=1)}
    path.write_text(text.replace("method: index", "method: indx").replace("MO..AD", "MO..AA"))
    status, out, err = pro(capsys, "check", path)
    assert (status, out) == (1, "")
    assert err.startswith(f"invalid-instrument: {path} cannot be used\n")
    assert f"{path}:{line_of['PROFILE']}: items: no item AA\n" in err
    assert f"{path}:{line_of['INDEX']}: method: expected one of linear" in err


def test_a_value_set_that_does_not_fit_is_a_problem(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    text = (CATALOGUE / "eq-5d-5l.yaml").read_text()
    path.write_text(text.replace("code: eq-5d-5l", "code: eq-5d-y").replace("[nl-2016,", "[nl-prices-2022, nl-2016,"))
    status, _, err = pro(capsys, "check", path)
    assert status == 1
    assert "nl-2016: a value set of eq-5d-5l" in err
    assert "nl-prices-2022: not a price list of eq-5d-y" in err


@pytest.mark.parametrize(("content", "message"), [(b"\xff\xfe", "is not UTF-8 text"), (b"", "is empty")])
def test_what_is_no_definition_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    status, _, err = pro(capsys, "check", path)
    assert status == 1
    assert message in err


def test_a_file_that_is_not_there_is_wrong_use(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert pro(capsys, "check", tmp_path / "absent.yaml")[0] == 2


def test_a_scale_whose_ends_say_nothing_is_warned_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mute, told = tmp_path / "mute.yaml", tmp_path / "told.yaml"
    mute.write_text(GOOD.replace("kind: text", "kind: vas, minimum: 0, maximum: 10"))
    told.write_text(mute.read_text().replace("maximum: 10", "maximum: 10, low_end: {en: None}, high_end: {en: All}"))
    warning = "warning: no words at the ends of q5: say low_end and high_end\n"
    assert [(status, err) for status, _, err in (pro(capsys, "check", mute), pro(capsys, "check", told))] == [
        (0, warning),
        (0, ""),
    ]
    assert "a whole number from 0 to 10 (None to All)" in " ".join(pro(capsys, "show", told)[1].split())
